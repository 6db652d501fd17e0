import { describe, expect, test } from "bun:test";
import { installed, kind, newApp } from "./actor-kit.test.ts";
import { type AppIntentRow, appIntentRow, appState, maxHistory } from "./intent.ts";
import { settingsHash } from "./settings.ts";

describe("installing", () => {
  test("makes an enabled app with who, why and when", () => {
    const app = newApp();
    const { reply, events } = app.run("install", { version: "1.0.0", reason: " first use " });
    const row = {
      id: "crm-sync",
      version: "1.0.0",
      ref: null,
      settings: {},
      licence: null,
      desiredStatus: "enabled",
      management: "enforce",
      rollout: null,
      generation: 1,
      intentId: "turn-1",
      desiredIntentId: "turn-1",
      revision: 1,
      installId: "turn-1",
      previous: null,
      paused: null,
      ack: null,
      uninstall: null,
      migrated: null,
      by: "ops",
      reason: "first use",
      at: 1_000,
    };
    expect(reply).toEqual({ app: row, changed: true });
    expect(app.row).toEqual(row as AppIntentRow);
    expect(events).toEqual([
      {
        type: "app.intent.changed",
        reason: "first use",
        data: {
          change: "installed",
          by: "ops",
          previous: null,
          next: {
            desiredStatus: "enabled",
            version: "1.0.0",
            management: "enforce",
            settingsHash: settingsHash({}),
            hasLicence: false,
            generation: 1,
            intentId: "turn-1",
          },
        },
      },
    ]);
  });

  test("can make a disabled app", () => {
    const app = newApp();
    app.run("install", { version: "1.0.0", desiredStatus: "disabled", reason: "later" });
    expect(app.state.intent?.desiredStatus).toBe("disabled");
  });

  test.each([
    ["the same", { version: "1.0.0" }],
    ["the same and says so", { version: "1.0.0", desiredStatus: "enabled" }],
    ["the same settings", { version: "1.0.0", settings: { url: "https://crm" } }],
  ])("again with %s changes nothing", (_, input) => {
    const app = installed();
    const before = app.state;
    const { reply, next } = app.run("install", { ...input, reason: "again" });
    expect(reply).toMatchObject({ changed: false, app: { generation: 1 } });
    expect(next).toBeUndefined();
    expect(app.state).toBe(before);
  });

  test.each([
    ["version", { version: "1.0.1" }],
    ["desired status", { version: "1.0.0", desiredStatus: "disabled" }],
    ["settings", { version: "1.0.0", settings: { url: "https://other" } }],
    ["ref", { version: "1.0.0", ref: "builds/7" }],
  ])("again with another %s is refused", (_, input) => {
    const app = installed();
    const before = app.state;
    expect(app.run("install", { ...input, reason: "again" }).refusal).toBe("exists");
    expect(app.state).toBe(before);
  });
});

describe("changing desired status", () => {
  test("bumps the generation under a fresh intent id and tells previous and next", () => {
    const app = installed();
    const { events } = app.run("disable", { reason: "too slow" }, { principal: "rosa" });
    expect(app.state.intent).toMatchObject({
      desiredStatus: "disabled",
      generation: 2,
      intentId: "turn-2",
      desiredIntentId: "turn-2",
      by: "rosa",
      reason: "too slow",
      at: 2_000,
      version: "1.0.0",
      settings: { url: "https://crm" },
    });
    expect(events?.[0]).toMatchObject({
      reason: "too slow",
      data: {
        previous: { desiredStatus: "enabled", generation: 1 },
        next: { desiredStatus: "disabled", generation: 2 },
      },
    });
    expect(JSON.stringify(events)).not.toContain("https://crm");
  });

  test.each(["enable", "disable"] as const)("%s twice changes once", (command) => {
    const app = installed();
    app.run(command === "enable" ? "disable" : "enable", { reason: "set up" });
    app.run(command, { reason: "first" });
    const before = app.state;
    const { reply, events } = app.run(command, { reason: "second" });
    expect(reply).toMatchObject({ changed: false, app: { reason: "first" } });
    expect(events).toBeUndefined();
    expect(app.state).toBe(before);
  });

  test("of an app that was never installed, or was uninstalled, is refused", () => {
    for (const command of ["enable", "disable"] as const) {
      const never = newApp();
      expect(never.run(command, { reason: "x" }).refusal).toBe("not-found");
      expect(never.row).toBeUndefined();
      const app = installed();
      app.run("uninstall", { reason: "x" });
      expect(app.run(command, { reason: "x" }).refusal).toBe("not-found");
    }
  });

  test.each(["install", "enable", "disable"] as const)(
    "%s without a principal is refused",
    (command) => {
      const app = installed();
      const input = command === "install" ? { version: "1.0.0", reason: "x" } : { reason: "x" };
      const { refusal, next } = app.run(command, input, { principal: undefined });
      expect(refusal).toBe("no-principal");
      expect(next).toBeUndefined();
    },
  );

  test.each([
    ["no reason", {}],
    ["an empty reason", { reason: "" }],
    ["a blank reason", { reason: "   " }],
    ["a reason of 501 characters", { reason: "x".repeat(501) }],
    ["a reason that is no text", { reason: 7 }],
    ["an unknown field", { reason: "fine", force: true }],
  ])("with %s is invalid", (_, input) => {
    expect(kind.commands.enable.input.safeParse(input).success).toBe(false);
  });
});

describe("settings, licence and management", () => {
  const inputs = [
    ["settings", { settings: { url: "https://other" } }, { settings: { url: "https://other" } }],
    ["licence", { licence: " L-2031 " }, { licence: "L-2031" }],
    ["manage", { mode: "observe" }, { management: "observe" }],
  ] as const;

  test.each(inputs)(
    "%s is a change of intent that leaves desired status",
    (command, input, kept) => {
      const app = installed();
      app.run("disable", { reason: "too slow" });
      const before = app.state.intent;
      const { reply, events } = app.run(command, { ...input, reason: "new" });
      expect(reply).toMatchObject({ changed: true });
      expect(app.state.intent).toEqual({
        ...(before as AppIntentRow),
        ...kept,
        generation: 3,
        intentId: "turn-3",
        revision: 3,
        reason: "new",
        at: 3_000,
      });
      expect(events).toMatchObject([
        {
          type: "app.intent.changed",
          data: { change: command === "manage" ? "management" : command },
        },
      ]);
      const text = JSON.stringify(events);
      expect(text).not.toContain("https://");
      expect(text).not.toContain("L-2031");
    },
  );

  test.each(inputs)("%s given again keeps the generation", (command, input) => {
    const app = installed();
    app.run(command, { ...input, reason: "new" });
    const before = app.state;
    expect(app.run(command, { ...input, reason: "again" }).reply).toMatchObject({ changed: false });
    expect(app.state).toBe(before);
  });

  test.each(inputs)("%s of an app that is not there is refused", (command, input) => {
    expect(newApp().run(command, { ...input, reason: "x" }).refusal).toBe("not-found");
    const { refusal } = installed().run(
      command,
      { ...input, reason: "x" },
      { principal: undefined },
    );
    expect(refusal).toBe("no-principal");
  });

  test("a licence is taken away with null", () => {
    const app = installed();
    app.run("licence", { licence: "L-1", reason: "bought" });
    app.run("licence", { licence: null, reason: "ended" });
    expect(app.state.intent?.licence).toBeNull();
  });

  test.each([
    ["settings", { settings: [] }],
    ["settings", { settings: { at: new Date(0) } }],
    ["settings", {}],
    ["licence", { licence: "" }],
    ["licence", { licence: "x".repeat(16_385) }],
    ["licence", {}],
    ["manage", { mode: "paused" }],
  ] as const)("%s refuses %j", (command, input) => {
    expect(kind.commands[command].input.safeParse({ ...input, reason: "x" }).success).toBe(false);
  });
});

describe("history", () => {
  test("keeps the last fifty changes and says what it covers", () => {
    const app = installed();
    for (let n = 0; n < 60; n++) app.run(n % 2 === 0 ? "disable" : "enable", { reason: `n ${n}` });
    const { entries, dropped, coveredFrom } = app.state.history;
    expect(entries).toHaveLength(maxHistory);
    expect(entries.map(({ generation }) => generation)).toEqual(
      Array.from({ length: maxHistory }, (_, index) => index + 12),
    );
    expect(dropped).toBe(11);
    expect(coveredFrom).toBe(entries[0]?.at as number);
    expect(entries.at(-1)).toEqual({
      change: "enabled",
      generation: 61,
      intentId: "turn-61",
      desiredStatus: "enabled",
      version: "1.0.0",
      by: "ops",
      reason: "n 59",
      at: 61_000,
    });
  });

  test("covers everything from the installation while nothing was dropped", () => {
    const app = installed();
    app.run("disable", { reason: "x" });
    expect(app.state.history).toMatchObject({ coveredFrom: 1_000, dropped: 0 });
  });
});

describe("state and row", () => {
  test("fit their schemas", () => {
    const app = installed();
    app.run("disable", { reason: "x" });
    expect(appState.parse(app.state)).toEqual(app.state);
    expect(appIntentRow.parse(app.row)).toEqual(app.row as never);
  });

  test("a row of a newer release is read without what is not known here", () => {
    const { row } = installed();
    expect(appIntentRow.parse({ ...row, tenant: { id: "t-1" } })).toEqual(row as never);
  });
});
