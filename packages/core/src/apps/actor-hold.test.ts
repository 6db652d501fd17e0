/** Pauses and acknowledgements: owner, reason and end, and that they end by themselves. */
import { describe, expect, test } from "bun:test";
import { installed } from "./actor-kit.test.ts";
import { effectiveIntent } from "./effective-intent.ts";

type App = ReturnType<typeof installed>;
const pause = { until: 60_000, reason: "we look at it" };
const followed = (app: App) => {
  if (!app.row) throw new Error("there is no row");
  const { desiredStatus, generation, intentId, version } = effectiveIntent(app.row, "web-1");
  return { desiredStatus, generation, intentId, version };
};
const byItself = { principal: undefined };

describe("a pause", () => {
  test("has an owner, a reason and an end, and leaves intent as it is", () => {
    const app = installed();
    const before = app.row;
    const { events, reply, timers } = app.run("pause", { ...pause, owner: "rosa" });
    expect(reply).toMatchObject({ changed: true, app: { generation: 1, intentId: "turn-1" } });
    expect(app.row).toEqual({
      ...before,
      revision: 2,
      paused: {
        owner: "rosa",
        by: "ops",
        reason: "we look at it",
        at: 2_000,
        until: 60_000,
        held: null,
      },
    } as never);
    expect(timers).toEqual([
      { name: "pause", at: 60_000, command: "pauseEnded", input: { until: 60_000 } },
    ]);
    expect(events).toMatchObject([
      { type: "app.paused", reason: "we look at it", data: { by: "ops", next: { owner: "rosa" } } },
    ]);
    expect(app.state.history.entries.at(-1)).toMatchObject({ change: "paused", generation: 1 });
  });

  test("keeps nodes at what stood when it began, however often intent changes", () => {
    const app = installed();
    app.run("pause", pause);
    const before = followed(app);
    app.run("disable", { reason: "night" });
    app.run("update", { version: "2.0.0", reason: "new" });
    expect(followed(app)).toEqual(before);
    expect(app.row).toMatchObject({ desiredStatus: "disabled", version: "2.0.0", generation: 3 });
  });

  test("ends by itself, and what was missed is followed then", () => {
    const app = installed();
    app.run("pause", pause);
    app.run("disable", { reason: "night" });
    const { events } = app.run("pauseEnded", { until: 60_000 }, { ...byItself, now: 60_000 });
    expect(app.row?.paused).toBeNull();
    expect(followed(app)).toMatchObject({ desiredStatus: "disabled", generation: 2 });
    expect(events).toMatchObject([{ type: "app.resumed", data: { by: "muster" } }]);
    expect(app.state.history.entries.at(-1)).toMatchObject({ change: "pause_ended", by: "muster" });
  });

  test("that got another end does not end at the old one", () => {
    const app = installed();
    app.run("pause", pause);
    app.run("disable", { reason: "night" });
    const before = followed(app);
    app.run("pause", { until: 90_000, reason: "longer" });
    expect(app.run("pauseEnded", { until: 60_000 }, byItself).next).toBeUndefined();
    expect(followed(app)).toEqual(before);
    app.run("pauseEnded", { until: 90_000 }, byItself);
    expect(app.row?.paused).toBeNull();
  });

  test("is ended by whoever resumes", () => {
    const app = installed();
    expect(app.run("resume", { reason: "x" }).reply).toMatchObject({ changed: false });
    app.run("pause", pause);
    app.run("disable", { reason: "night" });
    const { timers } = app.run("resume", { reason: "found it" });
    expect(timers).toEqual([{ name: "pause", cancel: true }]);
    expect(followed(app)).toMatchObject({ desiredStatus: "disabled" });
    expect(app.run("pauseEnded", { until: 60_000 }, byItself).next).toBeUndefined();
  });

  test("holds back an update that some nodes make first, and gives it its time afterwards", () => {
    const app = installed();
    app.run("pause", pause);
    const { effects } = app.run("update", { version: "2.0.0", canary: 1, reason: "new" });
    expect(effects).toEqual([]);
    const ended = app.run("pauseEnded", { until: 60_000 }, { ...byItself, now: 60_000 });
    expect(ended.effects).toMatchObject([{ effect: "survey", input: { purpose: "canary" } }]);
    expect(app.row?.rollout?.since).toBe(60_000);
  });

  test.each([["an end in the past", { until: 1_000, reason: "x" }, "until-past"]])(
    "with %s is refused",
    (_, input, refusal) => {
      const app = installed();
      expect(app.run("pause", input).refusal).toBe(refusal);
      expect(app.run("ackDrift", { ...input, causes: ["x"] }).refusal).toBe(refusal);
    },
  );

  test.each([
    ["no end", { reason: "x" }],
    ["no reason", { until: 60_000 }],
    ["an owner without a name", { ...pause, owner: " " }],
  ])("with %s is invalid", (_, input) => {
    expect(() => installed().run("pause", input)).toThrow();
  });
});

describe("an acknowledgement of drift", () => {
  test("names who answers for which reasons, and ends by itself", () => {
    const app = installed();
    const { events, timers } = app.run("ackDrift", {
      ...{ until: 60_000, reason: "known bug", owner: "rosa" },
      causes: ["hook_failed"],
    });
    expect(app.row?.ack).toMatchObject({ owner: "rosa", by: "ops", causes: ["hook_failed"] });
    expect(timers).toMatchObject([{ name: "ack", at: 60_000, command: "ackEnded" }]);
    expect(events).toMatchObject([{ type: "app.drift.acknowledged" }]);
    expect(app.run("ackEnded", { until: 1 }, byItself).next).toBeUndefined();
    const ended = app.run("ackEnded", { until: 60_000 }, byItself);
    expect(app.row?.ack).toBeNull();
    expect(ended.events).toMatchObject([
      { type: "app.drift.acknowledgement-ended", data: { by: "muster" } },
    ]);
    expect(app.row?.generation).toBe(1);
  });
});
