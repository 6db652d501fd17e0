/** Updates, with and without nodes that move first, and the way back. */
import { describe, expect, test } from "bun:test";
import { installed } from "./actor-kit.test.ts";
import type { NodeStanding } from "./commands.ts";
import { canaryMs } from "./decide-version.ts";
import { effectiveIntent } from "./effective-intent.ts";
import type { AppIntentRow } from "./intent.ts";

const why = { reason: "new build" };
const standing = (nodeId: string, how: NodeStanding["standing"], code?: string): NodeStanding => ({
  nodeId,
  standing: how,
  reason: code === undefined ? null : { code, message: `it is ${code}` },
});

type App = ReturnType<typeof installed>;
const rowOf = (app: App): AppIntentRow => {
  if (!app.row) throw new Error("there is no row");
  return app.row;
};
const versionOn = (app: App, node: string) => effectiveIntent(rowOf(app), node).version;
/** The answer to the survey that is under way. */
const surveyed = (app: App, nodes: readonly NodeStanding[], { complete = true, now = 0 } = {}) => {
  const { intentId, rollout } = rowOf(app);
  const input = {
    appId: "crm-sync",
    intentId,
    revision: 1,
    purpose: "canary",
    nodes: rollout?.nodes ?? [],
  };
  const facts = { principal: undefined, ...(now > 0 && { now }) };
  return app.run("surveyed", { id: "s", input, output: { complete, nodes } }, facts);
};
const canary = (count = 1) => {
  const app = installed();
  app.run("update", { version: "2.0.0", canary: count, ...why });
  surveyed(
    app,
    ["web-3", "web-1", "web-2"].map((id) => standing(id, "pending")),
  );
  return app;
};

describe("an update", () => {
  test("is one change of intent that leaves desired status, settings and licence", () => {
    const app = installed();
    app.run("disable", { reason: "night" });
    const before = rowOf(app);
    const { reply, effects } = app.run("update", { version: "2.0.0", ref: "builds/9", ...why });
    expect(reply).toMatchObject({ changed: true });
    expect(rowOf(app)).toEqual({
      ...before,
      version: "2.0.0",
      ref: "builds/9",
      previous: { version: "1.0.0", ref: null },
      generation: 3,
      intentId: "turn-3",
      revision: 3,
      reason: "new build",
      at: 3_000,
    });
    expect(effects).toEqual([]);
  });

  test("to what is there changes nothing", () => {
    const app = installed();
    for (const more of [{}, { canary: 2 }]) {
      expect(app.run("update", { version: "1.0.0", ...more, ...why }).reply).toMatchObject({
        changed: false,
      });
    }
    expect(rowOf(app).generation).toBe(1);
  });

  test("of an app that is not there is refused", () => {
    const app = installed();
    app.run("uninstall", { reason: "x" });
    expect(app.run("update", { version: "2.0.0", ...why }).refusal).toBe("not-found");
    expect(app.run("rollback", why).refusal).toBe("not-found");
  });

  test.each([
    { version: "not a version" },
    { version: "2.0.0", canary: 0 },
    { version: "2.0.0", canary: 1.5 },
    { version: "2.0.0", ref: "" },
  ])("refuses %p", (input) => {
    const app = installed();
    expect(() => app.run("update", { ...input, ...why })).toThrow();
  });
});

describe("a rollback", () => {
  test("restores the version before the last update, and once more the other", () => {
    const app = installed();
    app.run("update", { version: "2.0.0", ref: "r2", ...why });
    app.run("rollback", { reason: "it leaks" });
    expect(rowOf(app)).toMatchObject({
      version: "1.0.0",
      ref: null,
      previous: { version: "2.0.0", ref: "r2" },
      generation: 3,
    });
    app.run("rollback", { reason: "it does not" });
    expect(rowOf(app)).toMatchObject({ version: "2.0.0", ref: "r2", generation: 4 });
  });

  test("after an update that was taken back by another goes to what was on its way", () => {
    const app = installed();
    app.run("update", { version: "2.0.0", canary: 1, ...why });
    app.run("update", { version: "1.0.0", ...why });
    expect(app.row?.previous).toEqual({ version: "2.0.0", ref: null });
  });

  test("without an update has nothing to go back to", () => {
    expect(installed().run("rollback", why).refusal).toBe("no-previous");
  });
});

describe("an update that some nodes make first", () => {
  test("moves nobody until it is known who, then the first by id", () => {
    const app = installed();
    const { effects } = app.run("update", { version: "2.0.0", canary: 2, ...why });
    expect(effects).toMatchObject([{ effect: "survey", input: { purpose: "canary", nodes: [] } }]);
    expect(["web-1", "web-9"].map((id) => versionOn(app, id))).toEqual(["1.0.0", "1.0.0"]);
    const nodes = ["web-3", "web-1", "web-2"].map((id) => standing(id, "pending"));
    const chosen = surveyed(app, nodes);
    expect(chosen.effects).toMatchObject([{ input: { nodes: ["web-1", "web-2"] } }]);
    const versions = ["web-1", "web-2", "web-3", "late"].map((id) => versionOn(app, id));
    expect(versions).toEqual(["2.0.0", "2.0.0", "1.0.0", "1.0.0"]);
    expect(chosen.events).toBeUndefined();
  });

  test("lets each node see when it has to act", () => {
    const app = canary();
    const { intentId } = rowOf(app);
    expect(effectiveIntent(rowOf(app), "web-1").intentId).toBe(intentId);
    const kept = effectiveIntent(rowOf(app), "web-2").intentId;
    expect(kept).not.toBe(intentId);
    surveyed(app, [standing("web-1", "confirmed")]);
    expect(effectiveIntent(rowOf(app), "web-2").intentId).toBe(intentId);
  });

  test("goes on by itself when these run it, under the same intent", () => {
    const app = canary(2);
    const { generation, intentId } = rowOf(app);
    const waits = surveyed(app, [standing("web-1", "confirmed"), standing("web-2", "pending")]);
    expect(waits.effects).toHaveLength(1);
    expect(waits.events).toBeUndefined();
    const { effects, events } = surveyed(app, [
      standing("web-1", "confirmed"),
      standing("web-2", "confirmed"),
    ]);
    expect(effects).toEqual([]);
    expect(events).toMatchObject([
      { type: "app.rollout.promoted", data: { by: "muster" }, reason: expect.any(String) },
    ]);
    expect(rowOf(app)).toMatchObject({ rollout: null, version: "2.0.0", generation, intentId });
    expect(app.state.history.entries.at(-1)).toMatchObject({ change: "promoted", by: "muster" });
  });

  test("does not go on by what may be out of date", () => {
    const app = canary();
    const { effects } = surveyed(app, [standing("web-1", "confirmed")], { complete: false });
    expect(effects).toHaveLength(1);
    expect(rowOf(app).rollout?.phase).toBe("canary");
  });

  test("halts at the first that fails, names it, and moves nobody else", () => {
    const app = canary(2);
    const { effects, events } = surveyed(app, [
      standing("web-1", "pending"),
      standing("web-2", "failed", "compile_error"),
    ]);
    expect(effects).toEqual([]);
    expect(rowOf(app).rollout).toMatchObject({
      phase: "halted",
      haltedBy: { nodeId: "web-2", reason: { code: "compile_error" } },
    });
    expect(events).toMatchObject([
      { type: "app.rollout.halted", reason: "web-2: it is compile_error" },
    ]);
    expect(versionOn(app, "web-3")).toBe("1.0.0");
    expect(surveyed(app, [standing("web-1", "confirmed")]).next).toBeUndefined();
  });

  test("halts when these are not there in time", () => {
    const app = canary();
    const since = rowOf(app).rollout?.since ?? 0;
    const nodes = [standing("web-1", "pending", "node_gone")];
    surveyed(app, nodes, { now: since + canaryMs - 1 });
    expect(rowOf(app).rollout?.phase).toBe("canary");
    surveyed(app, nodes, { now: since + canaryMs });
    expect(rowOf(app).rollout).toMatchObject({ phase: "halted", haltedBy: { nodeId: "web-1" } });
  });

  test("halts when no node is there at all", () => {
    const app = installed();
    app.run("update", { version: "2.0.0", canary: 1, ...why });
    surveyed(app, [], { now: 2_000 + canaryMs });
    expect(rowOf(app).rollout?.phase).toBe("halted");
  });

  test("that is asked for again without canary moves all that are left", () => {
    for (const how of ["pending", "failed"] as const) {
      const app = canary();
      surveyed(app, [standing("web-1", how, "hook_failed")]);
      expect(app.run("update", { version: "2.0.0", canary: 3, ...why }).reply).toMatchObject({
        changed: false,
      });
      expect(app.run("update", { version: "2.0.0", ...why }).reply).toMatchObject({
        changed: true,
      });
      expect(rowOf(app)).toMatchObject({
        rollout: null,
        version: "2.0.0",
        previous: { version: "1.0.0" },
      });
    }
  });

  test("that gives way to another goes on from what the others run", () => {
    const app = canary();
    const old = rowOf(app).intentId;
    app.run("update", { version: "2.0.1", canary: 1, ...why });
    expect(rowOf(app)).toMatchObject({
      previous: { version: "1.0.0" },
      rollout: { from: { version: "1.0.0" }, nodes: [] },
    });
    const input = {
      appId: "crm-sync",
      intentId: old,
      revision: 1,
      purpose: "canary",
      nodes: ["web-1"],
    };
    const output = { complete: true, nodes: [standing("web-1", "confirmed")] };
    expect(app.run("surveyed", { id: "s", input, output }).next).toBeUndefined();
  });

  test("is rolled back on those that have moved", () => {
    const app = canary();
    app.run("rollback", { reason: "no" });
    expect(rowOf(app)).toMatchObject({ rollout: null, version: "1.0.0" });
    expect(["web-1", "web-2"].map((id) => versionOn(app, id))).toEqual(["1.0.0", "1.0.0"]);
  });

  test("goes on under the intent of another change that is made meanwhile", () => {
    const app = canary();
    const before = rowOf(app).intentId;
    const { effects } = app.run("settings", { settings: { region: "eu" }, ...why });
    const { intentId, rollout } = rowOf(app);
    expect([intentId === before, rollout?.phase]).toEqual([false, "canary"]);
    const input = { intentId, purpose: "canary", nodes: ["web-1"] };
    expect(effects).toMatchObject([{ effect: "survey", input }]);
  });

  test("is looked at again when a look has failed", () => {
    const app = canary();
    const { intentId } = rowOf(app);
    const input = { appId: "crm-sync", intentId, revision: 1, purpose: "canary", nodes: ["web-1"] };
    const failed = app.run("surveyFailed", { id: "s", input, error: "away", attempts: 5 });
    expect(failed.timers).toMatchObject([{ command: "surveyAgain", input }]);
    expect(app.run("surveyAgain", input).effects).toHaveLength(1);
    app.run("rollback", { reason: "no" });
    expect(app.run("surveyAgain", input).next).toBeUndefined();
  });
});
