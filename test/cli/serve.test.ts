/** `muster serve` and the commands that ask it, as processes on a private Redis. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { guardChild } from "../kit/guard.ts";
import { type RedisServer, startRedisServer } from "../kit/redis-server.ts";
import { waitUntil } from "../kit/wait-until.ts";
import { type RunningMuster, runMuster, runtimes, startMuster } from "./program.ts";

const appsDir = fileURLToPath(new URL("../../examples/apps", import.meta.url));
let redis: RedisServer;
let folder: string;
let count = 0;
const running: RunningMuster[] = [];

beforeAll(async () => {
  redis = await startRedisServer({ aof: true });
  folder = mkdtempSync(join(tmpdir(), "muster-serve-"));
});
afterEach(async () => {
  for (const one of running.splice(0)) {
    one.signal("SIGKILL");
    await one.ended;
  }
});
afterAll(async () => {
  await redis.stop();
  rmSync(folder, { recursive: true, force: true });
});

const write = (name: string, value: unknown): string => {
  const file = join(folder, name);
  writeFileSync(file, typeof value === "string" ? value : JSON.stringify(value));
  return file;
};
const clusterName = (): string => `serve-${process.pid}-${++count}`;
const serve = (
  args: readonly string[],
  options: Parameters<typeof startMuster>[1] = {},
): RunningMuster => {
  const one = startMuster(["serve", ...args], { cwd: folder, ...options });
  running.push(one);
  return one;
};
const flagsOf = (cluster: string, more: readonly string[] = []): readonly string[] => [
  ...["--cluster", cluster, "--redis", redis.url, "--port", "0", "--json"],
  ...(more.includes("--tokens-file") ? [] : ["--auth", "none"]),
  ...more,
];

describe.each([...runtimes])("a node of muster serve under %s", (runtime) => {
  test("is made from a settings file, answers commands, and stops in order on SIGTERM", async () => {
    const cluster = clusterName();
    const config = write(`${cluster}.json`, {
      cluster,
      node: { id: "solo" },
      redis: redis.url,
      apps: { dir: appsDir },
      http: { port: 0, auth: "none" },
      settings: { shardCount: 4 },
    });
    const node = serve(["--config", config, "--json"], { runtime });
    const ready = await node.ready;
    expect(ready).toEqual({
      ready: true,
      nodes: [
        { id: "solo", url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/), pid: node.pid },
      ],
      redis: { url: redis.url, pid: null },
      token: null,
    });
    const env = { MUSTER_URL: ready.nodes[0]?.url ?? "" };
    const ask = (...args: string[]) => runMuster(args, { runtime, env });
    await waitUntil(
      "it is healthy",
      () => ask("status"),
      ({ code }) => code === 0,
    );
    expect((await ask("nodes", "-o", "name")).out).toBe("solo\n");

    const install = ["apps", "install", "crm-sync", "--version", "1.0.0", "--reason", "first"];
    expect((await ask(...install)).code).toBe(0);
    expect((await ask(...install, "--disabled")).code).toBe(6);
    await waitUntil(
      "the app runs",
      () => ask("apps", "status", "crm-sync", "--json"),
      ({ out }) => JSON.parse(out).items[0].initStatus === "auto_enabled",
    );
    expect((await ask("apps", "disable", "crm-sync", "--reason", "off")).err).toContain(
      "generation 2",
    );
    await waitUntil("the app is off", async () =>
      (await ask("apps", "status", "crm-sync")).out.includes("manually_disabled"),
    );
    expect((await ask("apps", "get", "nothing")).code).toBe(5);
    expect(
      (await ask("apps", "install", "Not An Id", "--version", "1", "--reason", "r")).code,
    ).toBe(2);
    expect((await ask("nodes", "drain", "solo", "--reason", "r")).out).toContain("up, drained");
    expect((await ask("nodes", "undrain", "solo", "--reason", "r")).code).toBe(0);

    node.signal("SIGTERM");
    expect((await node.ended).code).toBe(0);
    expect((await ask("status")).code).toBe(7);
  });
});

test("callers are known by their tokens, and may do what their role allows", async () => {
  const tokenOf = async (name: string, role: string) => {
    const { out } = await runMuster(["token", "new", "--name", name, "--role", role, "--json"]);
    return JSON.parse(out) as { token: string; entry: object };
  };
  const [viewer, operator] = [await tokenOf("eve", "viewer"), await tokenOf("otto", "operator")];
  const file = write("tokens.json", [viewer.entry, operator.entry]);
  const node = serve(flagsOf(clusterName(), ["--tokens-file", file]));
  const url = (await node.ready).nodes[0]?.url ?? "";
  const ask = (token: string | undefined, ...args: string[]) =>
    runMuster(args, {
      env: { MUSTER_URL: url, ...(token !== undefined && { MUSTER_TOKEN: token }) },
    });
  const install = ["apps", "install", "x", "--version", "1", "--reason", "r"];

  expect((await ask(undefined, "nodes")).code).toBe(4);
  expect((await ask("mst_nobody-has-this", "nodes")).code).toBe(4);
  expect((await ask(viewer.token, "nodes")).code).toBe(0);
  expect((await ask(viewer.token, ...install)).code).toBe(4);
  expect((await ask(operator.token, ...install)).code).toBe(0);
  expect((await ask(viewer.token, "apps", "-o", "wide")).out).toContain("otto");
  const drained = await ask(operator.token, "nodes", "drain", "x", "--reason", "r", "--json");
  expect(drained.code).toBe(4);
  expect(JSON.parse(drained.err)).toMatchObject({ error: { code: "FORBIDDEN" } });
  for (const { token } of [viewer, operator]) {
    expect(node.out() + node.err()).not.toContain(token);
  }
});

test("an id that runs already, and a port that is taken, end it with 6", async () => {
  const cluster = clusterName();
  const first = serve(flagsOf(cluster, ["--node-id", "one"]));
  const port = new URL((await first.ready).nodes[0]?.url ?? "").port;
  const taken = await runMuster(["serve", ...flagsOf(clusterName()), "--port", port]);
  expect(taken.code).toBe(6);
  expect(JSON.parse(taken.err.trim().split("\n").at(-1) ?? "")).toMatchObject({
    error: { code: "PORT_TAKEN", message: `port ${port} on 127.0.0.1 is taken by another process` },
  });
  const twin = await runMuster(["serve", ...flagsOf(cluster, ["--node-id", "one"])]);
  expect(twin.code).toBe(6);
  expect(twin.err).toContain('"code":"NODE_ID_TAKEN"');
});

test("without Redis it answers as not ready, and joins by itself when Redis is there", async () => {
  const probes = [createServer(), createServer()];
  const free: number[] = [];
  for (const probe of probes) {
    await new Promise<void>((done) => probe.listen(0, "127.0.0.1", done));
    free.push((probe.address() as AddressInfo).port);
  }
  for (const probe of probes) await new Promise((done) => probe.close(done));
  const [redisPort = 0, httpPort = 0] = free;
  const late = ["--redis", `redis://:planted-secret@127.0.0.1:${redisPort}`];
  const node = serve([...flagsOf(clusterName()), ...late, "--port", String(httpPort)]);
  const probeAt = async (path: string) =>
    (await fetch(`http://127.0.0.1:${httpPort}${path}`)).status;
  await waitUntil(
    "the API answers",
    () => probeAt("/healthz"),
    (status) => status === 200,
  );
  expect(await probeAt("/readyz")).toBe(503);

  const args = ["--port", String(redisPort), "--bind", "127.0.0.1", "--save", ""];
  const server = spawn(
    process.env["MUSTER_REDIS_SERVER"] ?? "redis-server",
    [...args, "--requirepass", "planted-secret", "--dir", folder],
    { stdio: "ignore" },
  );
  guardChild(server);
  try {
    const { redis: shown } = await node.ready;
    expect(shown?.url).toBe(`redis://:***@127.0.0.1:${redisPort}`);
    expect(await probeAt("/readyz")).toBe(200);
    expect(node.out() + node.err()).not.toContain("planted-secret");
  } finally {
    node.signal("SIGKILL");
    await node.ended;
    server.kill("SIGKILL");
  }
});

test("SIGINT stops it in order with 130", async () => {
  const node = serve(flagsOf(clusterName()));
  await node.ready;
  node.signal("SIGINT");
  const { code, err } = await node.ended;
  expect(code).toBe(130);
  expect(err).toContain("has stopped");
});

test.each([...runtimes])(
  "under %s it runs on, and stops in order, when the readers of its output have gone",
  async (runtime) => {
    const node = serve(flagsOf(clusterName(), ["--node-id", "lonely"]), { runtime });
    const url = (await node.ready).nodes[0]?.url ?? "";
    node.child.stdout?.destroy();
    node.child.stderr?.destroy();
    expect((await runMuster(["nodes", "-o", "name", "--url", url])).out).toBe("lonely\n");
    node.signal("SIGTERM");
    expect((await node.ended).code).toBe(0);
  },
);
