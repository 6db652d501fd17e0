/** `muster demo` as a process: plays its scenario to the end, and leaves nothing behind. */
import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { waitUntil } from "../kit/wait-until.ts";
import { stillRunning } from "./alive.ts";
import { type Ready, runMuster, runtimes, startMuster } from "./program.ts";

const pidsOf = ({ nodes, redis }: Ready): readonly number[] => [
  ...nodes.map(({ pid }) => pid),
  redis?.pid ?? 0,
];
const folderOf = (err: string): string => /logs in (\S+)/.exec(err)?.[1] ?? "";

describe.each([...runtimes])("muster demo under %s", (runtime) => {
  test("sees every step of its scenario, and ends with all that it has started", async () => {
    const demo = startMuster(["demo", "--once", "--json", "--port", "0"], { runtime });
    const ready = await demo.ready;
    const { code, out, err } = await demo.ended;
    const [, ...steps] = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const done = steps.pop();
    expect(steps.filter(({ seen }) => !seen)).toEqual([]);
    expect(done).toMatchObject({ done: true, steps: steps.length, failed: 0 });
    expect(steps.length).toBeGreaterThanOrEqual(15);
    expect({ code, left: stillRunning(pidsOf(ready)) }).toEqual({ code: 0, left: [] });
    expect(existsSync(folderOf(err))).toBe(false);
  });

  test.each(["SIGINT", "SIGTERM", "SIGKILL"] as const)(
    "leaves nothing behind after %s, frozen nodes included",
    async (signal) => {
      const demo = startMuster(["demo", "--json", "--port", "0"], { runtime });
      const pids = pidsOf(await demo.ready);
      expect(stillRunning(pids)).toEqual(pids);
      process.kill(pids[1] ?? 0, "SIGSTOP");
      demo.signal(signal);
      const { code, err } = await demo.ended;
      expect(code).toBe({ SIGINT: 130, SIGTERM: 0, SIGKILL: null }[signal]);
      await waitUntil("all have ended", () => stillRunning(pids).length === 0);
      await waitUntil("the folder is gone", () => !existsSync(folderOf(err)));
    },
  );
});

test("an interruption while nodes are starting leaves nothing behind", async () => {
  const demo = startMuster(["demo", "--port", "0"]);
  await waitUntil("Redis is there", () => demo.err().includes("logs in"));
  const folder = folderOf(demo.err());
  demo.signal("SIGINT");
  const { code, out } = await demo.ended;
  expect({ code, out }).toEqual({ code: 130, out: "" });
  await waitUntil("the folder is gone", () => !existsSync(folder));
});

test("a node that was killed comes back", async () => {
  const demo = startMuster(["demo", "--nodes", "1", "--port", "0", "--json"]);
  const ready = await demo.ready;
  process.kill(ready.nodes[0]?.pid ?? 0, "SIGKILL");
  await waitUntil("it is back", () => demo.err().includes("web-1 is back"), Boolean, {
    deadlineMs: 40_000,
  });
  demo.signal("SIGTERM");
  expect((await demo.ended).code).toBe(0);
});

test("without a fit Redis it says what to install, and what needs none", async () => {
  const env = { MUSTER_REDIS_SERVER: "/nonexistent/redis-server" };
  const { code, out, err } = await runMuster(["demo", "--json"], { env });
  expect({ code, out }).toEqual({ code: 1, out: "" });
  expect(JSON.parse(err)).toMatchObject({
    error: { code: "REDIS_NOT_FOUND", hint: expect.stringContaining("muster dev") },
  });
});
