import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { cleanUpAfterEach, folderWith, muster } from "../cli-kit.test.ts";
import { serveEnvironment } from "../environment.ts";
import { type NodeSettings, readNodeSettings, type ServeFlags } from "./node-settings.ts";

cleanUpAfterEach();

const hash = "a".repeat(64);
const caller = { name: "ops", role: "operator", sha256: [hash] };
const read = (flags: ServeFlags, cwd = "/", env = {}): Promise<NodeSettings> =>
  readNodeSettings({ flags, cwd, env: serveEnvironment(env) });
const least = { cluster: "shop", redis: "redis://h:1", auth: "none" };

describe("the settings of a node", () => {
  test("have defaults for all that may be left out", async () => {
    expect(await read(least)).toEqual({
      cluster: "shop",
      node: {},
      redisUrl: "redis://h:1",
      apps: undefined,
      host: "127.0.0.1",
      port: 7300,
      auth: { kind: "none" },
      settings: {},
    });
  });

  test("come from flags, environment and file, in this order; paths of the file are relative to it", async () => {
    const cwd = folderWith({
      "muster.config.json": {
        url: "http://elsewhere:1",
        cluster: "from-file",
        node: { id: "file-1", weight: 2 },
        redis: "redis://file:1",
        apps: { dir: "apps", host: "worker", maxMemoryMb: 64, hookTimeoutMs: 5 },
        http: { host: "0.0.0.0", port: 81, tokens: [caller] },
        settings: { leaseMs: 3_000 },
      },
    });
    expect(await read({}, cwd)).toEqual({
      cluster: "from-file",
      node: { id: "file-1", weight: 2 },
      redisUrl: "redis://file:1",
      apps: { dir: join(cwd, "apps"), host: "worker", maxMemoryMb: 64, hookTimeoutMs: 5 },
      host: "0.0.0.0",
      port: 81,
      auth: { kind: "tokens", entries: [caller] as never },
      settings: { leaseMs: 3_000 },
    });
    const env = {
      MUSTER_CLUSTER: "from-env",
      MUSTER_NODE_ID: "env-1",
      MUSTER_REDIS_URL: "rediss://env:1",
      MUSTER_APPS_DIR: "/env",
      MUSTER_APPS_HOST: "module",
      MUSTER_HTTP_HOST: "::1",
      MUSTER_HTTP_PORT: "82",
      MUSTER_HTTP_AUTH: "none",
    };
    expect(await read({}, cwd, env)).toMatchObject({
      cluster: "from-env",
      node: { id: "env-1", weight: 2 },
      redisUrl: "rediss://env:1",
      apps: { dir: "/env", host: "module" },
      host: "::1",
      port: 82,
      auth: { kind: "none" },
    });
    const flags = {
      ...{ cluster: "from-flag", nodeId: "flag-1", port: "0", apps: "here" },
      appsHost: "worker",
    };
    expect(await read(flags, cwd, env)).toMatchObject({
      cluster: "from-flag",
      node: { id: "flag-1" },
      port: 0,
      apps: { dir: join(cwd, "here"), host: "worker" },
    });
  });

  test("take callers from a file that lists them, bare or as `tokens`", async () => {
    const cwd = folderWith({
      "a.json": [caller],
      "b.json": `{"tokens":${JSON.stringify([caller])}}`,
    });
    for (const tokensFile of ["a.json", "b.json"]) {
      const { auth } = await read({ cluster: "shop", redis: "redis://h", tokensFile }, cwd);
      expect(auth).toEqual({ kind: "tokens", entries: [caller] as never });
    }
  });

  test.each([
    [{ redis: "redis://h", auth: "none" }, "the name of the cluster is missing"],
    [{ cluster: "c", auth: "none" }, "the address of Redis is missing"],
    [{ ...least, redis: "h:6379" }, "must begin with redis://"],
    [{ ...least, redis: "nothing" }, "the address of Redis is no URL"],
    [{ ...least, port: "http" }, '"http" is no port'],
    [{ ...least, auth: "yes" }, '--auth "yes" is not known'],
    [{ ...least, tokensFile: "t" }, "--auth and --tokens-file contradict each other"],
    [{ cluster: "c", redis: "redis://h" }, "who may use the HTTP API is not decided"],
    [{ cluster: "c", redis: "redis://h", tokensFile: "gone" }, "there is no file /gone"],
    [{ ...least, config: "gone.json" }, "--config: there is no file gone.json"],
  ])("%p are refused", async (flags, message) => {
    await expect(read(flags)).rejects.toThrow(message);
  });

  test.each([
    [{ clutser: "x" }, '"clutser" is not known'],
    [{ node: { idd: "x" } }, '"node.idd" is not known'],
    [{ node: "x" }, '"node" must be an object'],
    [{ http: { port: "80" } }, '"http.port" must be a number'],
    [{ http: { port: 80.5 } }, "is no port"],
    [{ http: { tokens: [] } }, "does not list any caller"],
    [
      { http: { tokens: [{ ...caller, role: "root" }] } },
      '"role" must be one of viewer, operator, admin',
    ],
    [{ http: { tokens: [{ ...caller, sha256: ["x"] }] } }, '"sha256" must list one or two hashes'],
    [{ http: { tokens: [{ ...caller, token: "plain" }] } }, '"token" is not known'],
    [{ http: { tokens: [caller], auth: "none" } }, "contradict each other"],
  ])("of a file %p are refused, and the file is named", async (file, message) => {
    const cwd = folderWith({ "muster.config.json": { cluster: "c", redis: "redis://h", ...file } });
    await expect(read({}, cwd)).rejects.toThrow(message);
    await expect(read({}, cwd)).rejects.toThrow(join(cwd, "muster.config.json"));
  });
});

test("muster serve --dry-run checks everything, the library's rules too, and starts nothing", async () => {
  const args = ["serve", "--dry-run", "--redis", "redis://h:1", "--auth", "none"];
  expect((await muster([...args, "--cluster", "shop"])).code).toBe(0);
  const { code, err } = await muster([...args, "--cluster", "Not A Name"]);
  expect(code).toBe(2);
  expect(err).toContain("cluster must match");
});
