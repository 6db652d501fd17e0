/** An uninstall, from the tear-down on every node to the tombstone that keeps the generation. */
import { describe, expect, test } from "bun:test";
import { installed, newApp } from "./actor-kit.test.ts";
import type { NodeStanding } from "./commands.ts";
import { purgeAgainMs, tearDownMs, tombstoneMs } from "./decide-uninstall.ts";

type App = ReturnType<typeof installed>;
const why = { reason: "not needed" };
const standing = (nodeId: string, how: NodeStanding["standing"]): NodeStanding => ({
  nodeId,
  standing: how,
  reason: how === "confirmed" ? null : { code: "disable_failed", message: "port in use" },
});
const surveyed = (
  app: App,
  nodes: readonly NodeStanding[],
  { complete = true, now = 9_000 } = {},
) => {
  const input = {
    appId: "crm-sync",
    intentId: app.state.intent?.intentId ?? "",
    revision: 1,
    purpose: "uninstall",
    nodes: [],
  };
  return app.run("surveyed", { id: "s", input, output: { complete, nodes } }, { now });
};
const purge = { appId: "crm-sync", installId: "turn-1", version: "1.0.0", ref: null };
const purged = (app: App, input = purge) =>
  app.run("purged", { id: "purge turn-1", input, output: null }, { now: 20_000 });
const uninstalling = () => {
  const app = installed();
  app.run("uninstall", why);
  return app;
};
const gone = () => {
  const app = uninstalling();
  surveyed(app, [standing("web-1", "confirmed")]);
  purged(app);
  return app;
};

describe("an uninstall", () => {
  test("is a change of intent, and asks every node", () => {
    const app = installed();
    app.run("licence", { licence: "L-1", reason: "bought" });
    const { effects, events, reply } = app.run("uninstall", why);
    expect(reply).toMatchObject({ changed: true });
    expect(app.row).toMatchObject({
      desiredStatus: "uninstalled",
      generation: 3,
      uninstall: { phase: "tearing-down", boundAt: 3_000 + tearDownMs },
    });
    expect(effects).toMatchObject([
      { effect: "survey", input: { purpose: "uninstall", nodes: [] } },
    ]);
    expect(events).toMatchObject([
      {
        type: "app.intent.changed",
        data: { change: "uninstalled", next: { desiredStatus: "uninstalled" } },
      },
    ]);
  });

  test("again is a success that changes nothing, also when all is gone", () => {
    for (const app of [uninstalling(), gone()]) {
      const before = app.state;
      expect(app.run("uninstall", why).reply).toMatchObject({ changed: false });
      expect(app.state).toBe(before);
    }
  });

  test("of what was never there is refused", () => {
    expect(newApp().run("uninstall", why).refusal).toBe("not-found");
    expect(installed().run("uninstall", why, { principal: undefined }).refusal).toBe(
      "no-principal",
    );
  });

  test("of a paused app is refused unless forced, and then ends the pause", () => {
    const app = installed();
    app.run("pause", { until: 50_000, reason: "hands off" });
    expect(app.run("uninstall", why).refusal).toBe("paused");
    const { timers } = app.run("uninstall", { ...why, force: true });
    expect(app.row).toMatchObject({ paused: null, desiredStatus: "uninstalled" });
    expect(timers).toContainEqual({ name: "pause", cancel: true });
  });
});

describe("the purge", () => {
  test("waits for every live node, and names those it waits for", () => {
    const app = uninstalling();
    const nodes = [standing("web-1", "confirmed"), standing("web-2", "pending")];
    const { effects, next } = surveyed(app, nodes);
    expect(effects).toMatchObject([{ effect: "survey" }]);
    expect(next).toBeDefined();
    expect(app.row?.uninstall).toMatchObject({
      phase: "tearing-down",
      waitingFor: [{ nodeId: "web-2", reason: { code: "disable_failed" } }],
    });
    const { revision } = app.row ?? {};
    surveyed(app, nodes);
    expect(app.row?.revision).toBe(revision as number);
  });

  test("does not trust what may be out of date", () => {
    const app = uninstalling();
    surveyed(app, [standing("web-1", "confirmed")], { complete: false });
    expect(app.row?.uninstall?.phase).toBe("tearing-down");
  });

  test("begins when all have confirmed, as one effect for the installation", () => {
    const app = uninstalling();
    const { effects } = surveyed(app, [standing("web-1", "confirmed")]);
    expect(effects).toEqual([{ effect: "purge", id: "purge turn-1", input: purge }]);
    expect(app.row?.uninstall?.phase).toBe("purging");
    expect(surveyed(app, [standing("web-1", "confirmed")]).next).toBeUndefined();
  });

  test("begins after ten minutes whoever is missing, and not before", () => {
    const app = uninstalling();
    const nodes = [standing("web-2", "pending")];
    surveyed(app, nodes, { now: 2_000 + tearDownMs - 1 });
    expect(app.row?.uninstall?.phase).toBe("tearing-down");
    const { effects } = surveyed(app, nodes, { now: 2_000 + tearDownMs });
    expect(effects).toMatchObject([{ effect: "purge" }]);
    purged(app);
    expect(app.state.history.entries.at(-1)).toMatchObject({
      change: "purged",
      by: "muster",
      reason: "all is purged; not confirmed by web-2",
    });
  });

  test("that failed is told, and tried anew", () => {
    const app = uninstalling();
    surveyed(app, [standing("web-1", "confirmed")]);
    const failed = app.run("purgeFailed", { id: "p", input: purge, error: "db away", attempts: 5 });
    expect(app.row?.uninstall).toMatchObject({ phase: "purging", error: "db away" });
    expect(failed.timers).toMatchObject([{ command: "purgeAgain", afterMs: purgeAgainMs }]);
    const again = app.run("purgeAgain", { installId: "turn-1" });
    expect(again.effects).toEqual([{ effect: "purge", id: "purge turn-1", input: purge }]);
    purged(app);
    expect(app.row?.uninstall).toMatchObject({ phase: "purged", error: null });
    expect(app.run("purgeAgain", { installId: "turn-1" }).next).toBeUndefined();
  });

  test("that ends processes is tried again only by force", () => {
    const app = uninstalling();
    surveyed(app, [standing("web-1", "confirmed")]);
    const error = "crash_loop: each process that ran it ended";
    const failed = app.run("purgeFailed", { id: "p", input: purge, error, attempts: 2 });
    expect([failed.timers, failed.effects]).toEqual([[], []]);
    expect(app.row?.uninstall).toMatchObject({ phase: "purging", error });
    expect(app.run("uninstall", why).next).toBeUndefined();
    const forced = app.run("uninstall", { ...why, force: true });
    expect(forced.effects).toEqual([{ effect: "purge", id: "purge turn-1", input: purge }]);
    expect(forced.events).toMatchObject([{ type: "app.intent.changed", reason: why.reason }]);
    expect(app.row).toMatchObject({ generation: 2, uninstall: { error: null } });
    expect(app.run("uninstall", { ...why, force: true }).next).toBeUndefined();
    purged(app);
    expect(app.row?.uninstall?.phase).toBe("purged");
  });

  test("takes the secrets with it, and is taken once", () => {
    const app = uninstalling();
    surveyed(app, [standing("web-1", "confirmed")]);
    const { events, timers } = purged(app);
    expect(app.state.intent).toMatchObject({ settings: {}, licence: null, generation: 2 });
    expect(events).toMatchObject([{ type: "app.purged" }]);
    expect(timers).toMatchObject([{ command: "forget", afterMs: tombstoneMs }]);
    expect(purged(app).next).toBeUndefined();
  });
});

describe("what remains", () => {
  test("keeps the generation, so that a reinstall continues it", () => {
    const app = gone();
    const { reply, timers } = app.run("install", { version: "2.0.0", reason: "back" });
    expect(reply).toMatchObject({
      changed: true,
      app: { generation: 3, desiredStatus: "enabled", settings: {}, uninstall: null },
    });
    expect(app.row?.installId).toBe(app.row?.intentId as string);
    expect(timers).toEqual([{ name: "forget", cancel: true }]);
    const late = purged(app);
    expect(late.next).toBeUndefined();
  });

  test("is nothing that can be enabled, updated or paused", () => {
    const inputs = {
      enable: why,
      disable: why,
      rollback: why,
      resume: why,
      update: { version: "2.0.0", ...why },
      settings: { settings: {}, ...why },
      pause: { until: 99_000, ...why },
      ackDrift: { until: 99_000, causes: ["x"], ...why },
    } as const;
    for (const app of [uninstalling(), gone()]) {
      for (const [command, input] of Object.entries(inputs)) {
        expect(app.run(command as keyof typeof inputs, input).refusal).toBe("not-found");
      }
    }
  });

  test("cannot be installed again before it is cleared away", () => {
    const app = uninstalling();
    expect(app.run("install", { version: "1.0.0", reason: "x" }).refusal).toBe("uninstalling");
    surveyed(app, [standing("web-1", "confirmed")]);
    expect(app.run("install", { version: "1.0.0", reason: "x" }).refusal).toBe("uninstalling");
  });

  test("leaves the lists when no node can come back with it", () => {
    const app = gone();
    expect(app.row?.uninstall?.phase).toBe("purged");
    app.run("forget", { installId: "other" });
    expect(app.row).toBeDefined();
    app.run("forget", { installId: "turn-1" });
    expect(app.row).toBeUndefined();
    app.run("install", { version: "2.0.0", reason: "back" });
    expect(app.row).toMatchObject({ generation: 3 });
  });

  test("has its history, which can be read", () => {
    const app = gone();
    expect(app.run("history", {}).reply).toMatchObject({
      id: "crm-sync",
      history: {
        entries: [{ change: "installed" }, { change: "uninstalled" }, { change: "purged" }],
      },
    });
    expect(newApp().run("history", {}).refusal).toBe("not-found");
  });
});
