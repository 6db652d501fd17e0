/** The reconciler on whole nodes over the memory backend, in virtual time. */
import { describe, expect, test } from "bun:test";
import { reconcilerId, reconcilerProtocol } from "./reconciler-actor.ts";
import { startNodes } from "./reconciler-kit.test.ts";

test("one node leads, and the next takes over with a higher fence when it stops", async () => {
  const { clock, finish, nodes, at, leaders } = await startNodes(3);
  await clock.runFor(12_000);
  const [leader] = [...leaders()];
  expect(leaders().size).toBe(1);
  expect(leader).toMatch(/^web-/);
  const { fence } = at(0).reconciler.status();
  const index = nodes.findIndex(({ nodeId }) => nodeId === leader);
  await finish(at(index).stop());
  await clock.runFor(20_000);
  const next = at((index + 1) % 3).reconciler.status();
  expect(next.leader).not.toBe(leader ?? null);
  expect(next.fence).toBeGreaterThan(fence);
});

test("drift that lasts opens one alert, which closes with recovery; each is told once", async () => {
  const { clock, finish, hosts, at, ops, told } = await startNodes(2);
  let broken = true;
  for (const { hooks } of hosts) {
    hooks.enable = () => {
      if (broken) throw new Error("no database");
    };
  }
  await finish(ops.apps.install({ id: "crm-sync", version: "1.0.0", reason: "x" }));
  await clock.runFor(40_000);
  expect(at(1).alerts.list().items).toEqual([]);
  await clock.runFor(60_000);
  const open = at(1).alerts.list({ open: true }).items;
  expect(open.map(({ id, count }) => [id, count])).toEqual([["app-drift:crm-sync:hook_failed", 1]]);
  expect(open[0]?.message).toContain("web-1, web-2");
  await clock.runFor(120_000);
  expect(told).toEqual(["alert.opened app-drift:crm-sync:hook_failed"]);
  broken = false;
  await finish(ops.apps.reconcile("crm-sync", { reason: "mended" }));
  await clock.runFor(12_000);
  expect(at(0).alerts.list({ open: true }).items).toEqual([]);
  expect(told.slice(1)).toEqual(["alert.closed app-drift:crm-sync:hook_failed"]);
});

test("an alert is acknowledged once it is open, and by somebody with a name and a reason", async () => {
  const { clock, finish, hosts, at, ops } = await startNodes(1);
  for (const { hooks } of hosts) hooks.enable = () => Promise.reject(new Error("no"));
  await finish(ops.apps.install({ id: "crm-sync", version: "1.0.0", reason: "x" }));
  await clock.runFor(100_000);
  const id = "app-drift:crm-sync:hook_failed";
  const acked = await finish(ops.alerts.ack(id, { reason: "known" }));
  expect(acked).toMatchObject({ ackedBy: "ops", ackReason: "known", closedAt: null });
  const codeOf = (work: Promise<unknown>) => finish(work.catch((error) => error.code));
  expect(await codeOf(ops.alerts.ack("app-drift:x:y", { reason: "x" }))).toBe("ALERT_NOT_FOUND");
  expect(await codeOf(ops.alerts.ack(id, { reason: "" }))).toBe("VALIDATION");
  const viewer = at(0).as({ name: "vera", role: "viewer" });
  expect(await codeOf(viewer.alerts.ack(id, { reason: "x" }))).toBe("FORBIDDEN");
});

describe("its mode", () => {
  test("is set for a while, told to everybody, and ends by itself", async () => {
    const { clock, finish, at, ops } = await startNodes(2);
    await clock.runFor(12_000);
    const until = new Date(clock.wall() + 60_000).toISOString();
    const set = await finish(ops.reconciler.pause({ until, reason: "maintenance" }));
    expect(set).toMatchObject({ mode: "paused", set: { by: "ops", owner: "ops", until } });
    await clock.runFor(1_000);
    expect(at(1).reconciler.status()).toMatchObject({ mode: "paused" });
    const paused = await finish(ops.reconciler.run({ reason: "look" }));
    expect(paused.because).toBe("paused");
    await clock.runFor(60_000);
    expect(at(1).reconciler.status()).toMatchObject({ mode: "enforce" });
    expect((await finish(ops.reconciler.run({ reason: "look" }))).because).toBeNull();
  });

  test("is refused without an end for a pause, with one in the past, and without a reason", async () => {
    const { clock, finish, ops } = await startNodes(1);
    await clock.runFor(12_000);
    const fields = (work: Promise<unknown>) =>
      finish(work.catch((error) => Object.keys(error.fieldErrors ?? { [error.code]: 1 })));
    const { reconciler } = ops;
    expect(await fields(reconciler.mode({ mode: "paused", reason: "x" }))).toEqual(["until"]);
    const past = "2001-01-01T00:00:00Z";
    expect(await fields(reconciler.pause({ until: past, reason: "x" }))).toEqual(["until"]);
    expect(await fields(reconciler.pause({ until: "soon", reason: "x" }))).toEqual(["until"]);
    expect(await fields(reconciler.resume({ reason: " " }))).toEqual(["reason"]);
  });
});

test("a pass is run by whoever leads, from any node, and tells what it came to", async () => {
  const { clock, finish, at, ops } = await startNodes(3);
  await finish(ops.apps.install({ id: "crm-sync", version: "1.0.0", reason: "x" }));
  await clock.runFor(12_000);
  const { leader } = at(0).reconciler.status();
  for (const i of [0, 1, 2]) {
    const as = at(i).as({ name: "ops", role: "operator" });
    const pass = await finish(as.reconciler.run({ reason: "now" }));
    expect(pass).toMatchObject({ node: leader, checked: 3, drifted: 0, skipped: 0 });
  }
});

test("a leader that was frozen past its term writes nothing when it comes back", async () => {
  const { clock, clocks, finish, nodes, at, leaders } = await startNodes(3);
  await clock.runFor(12_000);
  const [leader] = [...leaders()];
  const index = nodes.findIndex(({ nodeId }) => nodeId === leader);
  const fence = at(index).reconciler.status().fence;
  clocks[index]?.freeze();
  await clock.runFor(30_000);
  const other = at((index + 1) % 3);
  expect(other.reconciler.status().leader).not.toBe(leader ?? null);
  clocks[index]?.thaw();
  const late = other.actor(reconcilerProtocol, reconcilerId);
  const pass = {
    ...{ at: 0, node: leader ?? "", fence, checked: 0, drifted: 0, repaired: 0, failed: 0 },
    ...{ skipped: 0, because: null, opened: 1, closed: 0, durationMs: 0 },
  };
  const about = { kind: "app-drift", subject: "late", cause: "x", message: "", remedy: "" };
  const input = { fence, pass, open: [about], close: [], forget: [] };
  expect(await finish(late.ask.record(input))).toEqual({ ok: false, refusal: "fenced" });
  await clock.runFor(30_000);
  expect(leaders().size).toBe(1);
  expect(other.alerts.list().items.filter(({ subject }) => subject === "late")).toEqual([]);
});
