/** `muster dev` as a process: one node in memory that starts again when its module changes. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { waitUntil } from "../kit/wait-until.ts";
import { stillRunning } from "./alive.ts";
import { type RunningMuster, runMuster, runtimes, startMuster } from "./program.ts";

const appsDir = fileURLToPath(new URL("../../examples/apps", import.meta.url));
let folder: string;
let running: RunningMuster | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "muster-dev-"));
});
afterEach(async () => {
  running?.signal("SIGKILL");
  await running?.ended;
  rmSync(folder, { recursive: true, force: true });
});
const start = (args: readonly string[], runtime: "bun" | "node" = "bun"): RunningMuster => {
  running = startMuster(["dev", "--port", "0", "--json", ...args], { runtime, cwd: folder });
  return running;
};

describe.each([...runtimes])("muster dev under %s", (runtime) => {
  test("runs one node that needs nothing, and takes it along when interrupted", async () => {
    const dev = start([], runtime);
    const ready = await dev.ready;
    const [node] = ready.nodes;
    expect(ready).toMatchObject({ redis: null, token: null, nodes: [{ id: "dev-1" }] });
    const url = node?.url ?? "";
    await waitUntil(
      "it is healthy",
      () => runMuster(["status", "--json", "--url", url], { runtime }),
      ({ code, out }) => code === 0 && JSON.parse(out).redis.mode === "memory",
    );
    dev.signal("SIGINT");
    expect((await dev.ended).code).toBe(130);
    expect(stillRunning([node?.pid ?? 0])).toEqual([]);
  });

  test("starts again at the same address when its module changes, after a broken one too", async () => {
    const file = join(folder, "node.mjs");
    const settings = (shardCount: number) =>
      `export const settings = { shardCount: ${shardCount} };\n`;
    writeFileSync(file, settings(3));
    const dev = start(["node.mjs"], runtime);
    const { nodes } = await dev.ready;
    const url = nodes[0]?.url ?? "";
    const shards = async () => {
      const { out } = await runMuster(["status", "--json", "--url", url], { runtime });
      return JSON.parse(out).shards.total as number;
    };
    expect(await shards()).toBe(3);
    writeFileSync(file, settings(5));
    await waitUntil("the change is there", shards, (total) => total === 5);
    writeFileSync(file, "this is no module");
    await waitUntil("the fault is told", () => dev.err().includes("does not load"));
    writeFileSync(file, settings(7));
    await waitUntil("the mended module runs", shards, (total) => total === 7);
    expect(dev.out().trim().split("\n")).toHaveLength(1);
  });

  test("leaves no node behind when it is killed", async () => {
    const dev = start([], runtime);
    const pid = (await dev.ready).nodes[0]?.pid ?? 0;
    expect(stillRunning([pid])).toEqual([pid]);
    dev.signal("SIGKILL");
    await waitUntil("the node has ended", () => stillRunning([pid]).length === 0);
  });
});

test("runs the apps of a folder", async () => {
  const dev = start(["--apps", appsDir]);
  const env = { MUSTER_URL: (await dev.ready).nodes[0]?.url ?? "" };
  await runMuster(["apps", "install", "crm-sync", "--version", "1.0.0", "--reason", "r"], { env });
  await waitUntil(
    "the app runs",
    () => runMuster(["apps", "status", "crm-sync"], { env }),
    ({ out }) => out.includes("auto_enabled"),
  );
});

test("ends with the fault where no change of a file could mend it", async () => {
  const first = start([]);
  const port = new URL((await first.ready).nodes[0]?.url ?? "").port;
  const { code, err } = await runMuster(["dev", "--port", port, "--json"], { cwd: folder });
  expect(code).toBe(6);
  expect(JSON.parse(err)).toMatchObject({ error: { code: "PORT_TAKEN" } });
});
