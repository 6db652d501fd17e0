import { describe, expect, test } from "bun:test";
import { memoryBackend } from "../memory/index.ts";
import { createMuster } from "../muster.ts";
import { seededRandom } from "../testing/seeded-random.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { scriptedHost } from "./app-kit.test.ts";
import { failed, row } from "./app-row-kit.test.ts";
import { decideNudge } from "./reconcile.ts";

describe("who is nudged", () => {
  const terminal = failed("a", { initStatus: "compiler_error_disabled" });
  test.each([
    ["a row that agrees", row("a"), "converged", undefined],
    ["one that drifted", failed("a"), undefined, undefined],
    ["one that no retry mends", terminal, "terminal", undefined],
    [
      "one that has not acted on this intent",
      { ...terminal, observedIntentId: "old" },
      undefined,
      undefined,
    ],
    ["a lost node", failed("a", { nodeState: "lost" }), "node_gone", "node_gone"],
  ] as const)("%s", (_, seen, plain, forced) => {
    expect([decideNudge(seen, false)?.code, decideNudge(seen, true)?.code]).toEqual([
      plain,
      forced,
    ]);
  });
});

const two = async () => {
  const clock = new VirtualClock();
  const random = seededRandom(3);
  const backend = memoryBackend();
  const settled = async <T>(work: Promise<T>): Promise<T> => {
    let over = false;
    void work
      .finally(() => {
        over = true;
      })
      .catch(() => {});
    await clock.runUntil(() => over, 30_000);
    return work;
  };
  const hosts = [scriptedHost(), scriptedHost()] as const;
  const nodes = hosts.map(({ host }, i) =>
    createMuster({
      cluster: "shop",
      node: { id: `web-${i + 1}` },
      backend,
      clock,
      random: random.fork(),
      apps: { host },
      settings: { shardCount: 4 },
    }),
  );
  for (const node of nodes) await settled(node.start());
  const [one] = nodes;
  if (!one) throw new Error("no node");
  const ops = one.as({ name: "ops", role: "operator" });
  const statuses = () => one.apps.rows("crm-sync").items.map(({ initStatus }) => initStatus);
  return { clock, settled, hosts, one, ops, statuses };
};

test("a nudged node tries at once; what became of it is told for each node", async () => {
  const { clock, settled, hosts, ops, statuses } = await two();
  let broken = true;
  hosts[1].hooks.enable = () => {
    if (broken) throw new Error("no database");
  };
  await settled(ops.apps.install({ id: "crm-sync", version: "1.0.0", reason: "x" }));
  await clock.runFor(120_000);
  expect(statuses()).toEqual(["auto_enabled", "error_disabled"]);
  const still = await settled(ops.apps.reconcile("crm-sync", { reason: "try" }));
  expect(still).toEqual([
    expect.objectContaining({ nodeId: "web-1", result: "skipped", code: "converged" }),
    { appId: "crm-sync", nodeId: "web-2", result: "nudged" },
  ]);
  broken = false;
  const before = clock.monotonic();
  const repaired = await settled(
    ops.apps.reconcileAll({ reason: "the database is back", force: true }),
  );
  expect(repaired.map(({ nodeId, result }) => [nodeId, result])).toEqual([
    ["web-1", expect.stringMatching(/repaired|nudged/)],
    ["web-2", "repaired"],
  ]);
  expect(clock.monotonic() - before).toBeLessThan(10_000);
  expect(statuses()).toEqual(["auto_enabled", "auto_enabled"]);
});

test("what does not exist, nobody may or nobody explains is refused", async () => {
  const { settled, one, ops } = await two();
  await settled(ops.apps.install({ id: "crm-sync", version: "1.0.0", reason: "x" }));
  const codeOf = (work: Promise<unknown>) => settled(work.catch((error) => error.code));
  const viewer = one.as({ name: "vera", role: "viewer" });
  expect(await codeOf(ops.apps.reconcile("nope", { reason: "x" }))).toBe("APP_NOT_FOUND");
  expect(await codeOf(ops.apps.reconcile("crm-sync", { reason: "x", nodes: ["web-9"] }))).toBe(
    "NODE_NOT_FOUND",
  );
  expect(await codeOf(ops.apps.reconcileAll({ reason: "x", apps: ["nope"] }))).toBe(
    "APP_NOT_FOUND",
  );
  expect(await codeOf(ops.apps.reconcile("crm-sync", { reason: "" }))).toBe("VALIDATION");
  expect(await codeOf(viewer.apps.reconcileAll({ reason: "x" }))).toBe("FORBIDDEN");
});
