/** Nodes that are gone for long, on whole nodes over the memory backend, in virtual time. */
import { expect, test } from "bun:test";
import { startNodes } from "./reconciler-kit.test.ts";

const reconciler = { reapAfterMs: 120_000, reapEphemeralAfterMs: 60_000 };
const idsOf = (items: readonly { readonly id: string }[]) => items.map(({ id }) => id);

/** Three nodes with one app, one of which is frozen and no leader. */
const withOneFrozen = async () => {
  const nodes = await startNodes(3, reconciler);
  const { clock, finish, ops, at, leaders, clocks } = nodes;
  await finish(ops.apps.install({ id: "crm", version: "1.0.0", reason: "x" }));
  await clock.runFor(12_000);
  const [leader] = [...leaders()];
  const gone = leader === "web-3" ? 1 : 2;
  clocks[gone]?.freeze();
  const goneId = at(gone).nodeId;
  return { ...nodes, gone, goneId };
};

test("a node that is lost for long vanishes from nodes, reports and comparisons, and its alert closes", async () => {
  const { clock, at, goneId } = await withOneFrozen();
  await clock.runFor(100_000);
  expect(at(0).nodes.get(goneId).state).toBe("lost");
  expect(
    at(0)
      .apps.rows("crm")
      .items.find(({ nodeId }) => nodeId === goneId)?.stale,
  ).toBe(true);
  const lostAlert = () => at(0).alerts.get(`node-lost:${goneId}:lost`);
  expect(lostAlert().closedAt).toBeNull();
  await clock.runFor(40_000);
  expect(idsOf(at(0).nodes.list().items)).not.toContain(goneId);
  expect(
    at(0)
      .apps.report()
      ["crm"]?.map(({ instanceId }) => instanceId),
  ).toHaveLength(2);
  expect(at(0).apps.rows("crm").items).toHaveLength(2);
  expect(() => at(0).apps.compare("web-1", goneId)).toThrow("There is no node");
  expect(lostAlert().closedAt).not.toBeNull();
  const passes = at(0).reconciler.status().passes;
  expect(passes.reduce((sum, { reaped }) => sum + reaped, 0)).toBe(1);
});

test("what a node made of an app is still told when the node is forgotten", async () => {
  const { clock, at, goneId, finish } = await withOneFrozen();
  const outcomes = async () =>
    (await finish(at(0).apps.history("crm"))).items
      .flatMap((item) => (item.kind === "outcome" ? [`${item.nodeId} ${item.initStatus}`] : []))
      .sort();
  const before = await outcomes();
  expect(before).toContain(`${goneId} auto_enabled`);
  await clock.runFor(150_000);
  expect(idsOf(at(0).nodes.list().items)).not.toContain(goneId);
  expect(await outcomes()).toEqual(before);
});

test("a process that goes on after its node was reaped joins anew and reports all it has", async () => {
  const { clock, clocks, at, gone, goneId } = await withOneFrozen();
  await clock.runFor(150_000);
  expect(idsOf(at(0).nodes.list().items)).not.toContain(goneId);
  clocks[gone]?.thaw();
  await clock.runFor(30_000);
  expect(at(0).nodes.get(goneId)).toMatchObject({ state: "up", cordoned: false });
  const row = at(0)
    .apps.rows("crm")
    .items.find(({ nodeId }) => nodeId === goneId);
  expect(row).toMatchObject({ initStatus: "auto_enabled", converged: true, stale: false });
});

test("nobody is reaped while the reconciler is paused", async () => {
  const { clock, at, goneId, finish, ops } = await withOneFrozen();
  const until = new Date(clock.wall() + 300_000).toISOString();
  await finish(ops.reconciler.pause({ until, reason: "maintenance" }));
  await clock.runFor(200_000);
  expect(at(0).nodes.get(goneId).state).toBe("lost");
  await clock.runFor(120_000);
  expect(idsOf(at(0).nodes.list().items)).not.toContain(goneId);
});
