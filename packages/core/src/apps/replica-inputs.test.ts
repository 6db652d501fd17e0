/** What becomes of a running app, and of one that waits, when its settings or licence change. */
import { describe, expect, test } from "bun:test";
import { appFailure, type CheckAnswer } from "../hosts/app-host.ts";
import { intent, scriptedHost } from "./app-kit.test.ts";
import type { AppIntentRow } from "./intent.ts";
import { onNode } from "./replica-kit.test.ts";

const next = (generation: number, part: Partial<AppIntentRow>) =>
  intent({ ...part, generation, intentId: `i${generation}` });
const ok: CheckAnswer = { kind: "ok" };
const bad: CheckAnswer = { kind: "failed", reason: { code: "settings_missing", message: "url" } };

describe("new settings of a running app", () => {
  test("go to its hook, and it goes on running", async () => {
    const web = onNode(scriptedHost({ settingsChanged: () => {} }));
    await web.apply(intent({ settings: { url: "a" } }));
    const statuses: string[] = [];
    web.replica.local.onChange((_, observed) => statuses.push(observed?.initStatus ?? "gone"));
    web.calls();
    const applied = await web.apply(next(2, { settings: { url: "b" } }));
    expect(web.calls()).toEqual(["settingsChanged 1.0.0 settings"]);
    expect(web.contexts.at(-1)?.settings).toEqual({ url: "b" });
    expect(applied).toMatchObject({
      converged: true,
      observed: { initStatus: "auto_enabled", observedGeneration: 2 },
    });
    expect(new Set(statuses)).toEqual(new Set(["auto_enabled"]));
    web.hooks.disable = (_, { settings }) => void statuses.push(String(settings["url"]));
    await web.apply(next(3, { settings: { url: "b" }, desiredStatus: "disabled" }));
    expect(statuses).toContain("b");
  });

  test.each([
    ["without such a hook", undefined],
    ["whose hook declines", () => false],
  ])("restart an app %s", async (_, settingsChanged) => {
    const web = onNode(scriptedHost(settingsChanged ? { settingsChanged } : {}));
    await web.apply(intent());
    web.calls();
    await web.apply(next(2, { settings: { url: "b" } }));
    expect(web.calls().filter((call) => !call.startsWith("settingsChanged"))).toEqual([
      "disable 1.0.0 settings",
      "unload 1.0.0",
      "load 1.0.0",
      "construct 1.0.0 settings",
      "initialize 1.0.0 settings",
      "enable 1.0.0 settings",
    ]);
    expect(web.contexts.at(-1)?.settings).toEqual({ url: "b" });
  });

  test("that its check refuses turn it off", async () => {
    const web = onNode(scriptedHost({ settingsChanged: () => {} }));
    await web.apply(intent({ settings: { url: "a" } }));
    web.hooks.checkSettings = (_, { settings }) => (settings["url"] ? ok : bad);
    web.calls();
    const applied = await web.apply(next(2, { settings: {} }));
    expect(web.calls()).toEqual(["disable 1.0.0 settings", "unload 1.0.0"]);
    expect(applied).toMatchObject({
      converged: false,
      retry: { afterMs: expect.any(Number) },
      observed: {
        initStatus: "invalid_settings_disabled",
        reason: { code: "settings_missing" },
        tornDown: true,
      },
    });
    expect(await web.apply(next(3, { settings: { url: "c" } }))).toMatchObject({
      converged: true,
    });
  });

  test("whose hook throws are an error, turn the app off, and are tried afresh", async () => {
    const web = onNode(
      scriptedHost({ settingsChanged: () => Promise.reject(new Error("no such region")) }),
    );
    await web.apply(intent());
    const row = next(2, { settings: { region: "x" } });
    expect(await web.apply(row)).toMatchObject({
      converged: false,
      retry: "policy",
      error: "settingsChanged: no such region",
      observed: { initStatus: "error_disabled", tornDown: true },
    });
    expect(web.replica.local.get("crm-sync")?.initStatus).toBe("error_disabled");
    web.calls();
    expect(await web.apply(row, 2)).toMatchObject({ converged: true });
    expect(web.calls()).toEqual([
      "load 1.0.0",
      "construct 1.0.0 retry",
      "initialize 1.0.0 retry",
      "enable 1.0.0 retry",
    ]);
  });

  test("whose hook names another failure get its status", async () => {
    const web = onNode(
      scriptedHost({ settingsChanged: () => Promise.reject(appFailure("licence", "ended")) }),
    );
    await web.apply(intent());
    expect(await web.apply(next(2, { licence: "L-0" }))).toMatchObject({
      observed: { initStatus: "invalid_license_disabled", tornDown: true },
    });
  });

  test("cut short by a newer intent leave the app in use until it is applied", async () => {
    const stop = new AbortController();
    const web = onNode(scriptedHost({ settingsChanged: () => {} }));
    await web.apply(intent());
    web.hooks.checkSettings = () => {
      stop.abort();
      return bad;
    };
    const row = next(2, { settings: { a: 1 } });
    const applied = await web.begin(row, { signal: stop.signal }).done;
    expect(applied).toMatchObject({ converged: false, observed: { tornDown: false } });
    expect(applied.error).toBeUndefined();
  });
});

describe("a new licence", () => {
  const licensed = (_: unknown, { licence }: { readonly licence: string | null }): CheckAnswer =>
    licence === "L-1" ? ok : { kind: "failed", reason: { code: "licence_missing", message: "L" } };

  test("is checked without touching the running app", async () => {
    const web = onNode(scriptedHost({ checkLicence: licensed }));
    await web.apply(intent({ licence: "L-1" }));
    web.hooks.checkLicence = () => ok;
    web.calls();
    expect(await web.apply(next(2, { licence: "L-2" }))).toMatchObject({ converged: true });
    expect(web.calls()).toEqual([]);
  });

  test("goes to the hook of an app that has one", async () => {
    const web = onNode(scriptedHost({ settingsChanged: () => {} }));
    await web.apply(intent({ licence: "L-1" }));
    web.calls();
    await web.apply(next(2, { licence: "L-2" }));
    expect(web.calls()).toEqual(["settingsChanged 1.0.0 licence"]);
    expect(web.contexts.at(-1)?.licence).toBe("L-2");
  });

  test("that is refused turns the app off, and a good one on again", async () => {
    const web = onNode(scriptedHost({ checkLicence: licensed }));
    await web.apply(intent({ licence: "L-1" }));
    web.calls();
    expect(await web.apply(next(2, { licence: null }))).toMatchObject({
      converged: false,
      observed: { initStatus: "invalid_license_disabled", tornDown: true },
    });
    expect(web.calls()).toEqual(["disable 1.0.0 licence", "unload 1.0.0"]);
    expect(await web.apply(next(3, { licence: "L-1" }))).toMatchObject({ converged: true });
    expect(web.contexts.at(-1)?.licence).toBe("L-1");
  });

  test("is not told by what fails", async () => {
    const web = onNode(
      scriptedHost({
        enable: (_, { licence }) => Promise.reject(new Error(`refused ${licence}`)),
      }),
    );
    const applied = await web.apply(intent({ licence: "LIC-998877" }));
    expect(applied.error).toBe("enable: refused [redacted]");
    expect(JSON.stringify(applied)).not.toContain("998877");
  });
});

describe("an app that is only observed", () => {
  const observed = (part: Partial<AppIntentRow> = {}) => intent({ management: "observe", ...part });

  test("runs no hook, and says what would be done", async () => {
    const web = onNode();
    expect(await web.apply(observed())).toMatchObject({
      converged: false,
      retry: "never",
      observed: { initStatus: "unknown", reason: { code: "would_enable" } },
    });
    expect(await web.apply(observed({ desiredStatus: "disabled" }))).toMatchObject({
      observed: { initStatus: "unknown", reason: { code: "would_disable" } },
    });
    expect(web.calls()).toEqual([]);
    expect(web.replica.local.get("crm-sync")?.initStatus).toBe("unknown");
  });

  test("is told as its host sees it, and looked at again slowly", async () => {
    const web = onNode(
      scriptedHost({ observe: ({ version }) => ({ status: "auto_enabled", version }) }),
    );
    const applied = await web.apply(observed());
    expect(applied.observed).toMatchObject({
      initStatus: "auto_enabled",
      reason: { code: "observed" },
    });
    if (typeof applied.retry === "string") throw new Error("not slow");
    expect(applied.retry.afterMs).toBeWithin(240_000, 360_001);
    web.hooks.observe = () => undefined;
    expect((await web.apply(observed())).observed).toMatchObject({
      initStatus: "unknown",
      reason: { code: "would_enable" },
    });
    expect(web.calls()).toEqual([]);
  });

  test("that ran goes on running, and is acted on when it is enforced again", async () => {
    const web = onNode();
    await web.apply(intent());
    web.calls();
    const off = { desiredStatus: "disabled", desiredIntentId: "i2" } as const;
    expect(await web.apply(observed({ ...off, intentId: "i2" }))).toMatchObject({
      converged: false,
      observed: { initStatus: "auto_enabled", tornDown: false },
    });
    expect(web.calls()).toEqual([]);
    expect(await web.apply(intent({ ...off, intentId: "i3" }))).toMatchObject({ converged: true });
    expect(web.calls()).toEqual(["disable 1.0.0 intent", "unload 1.0.0"]);
  });
});

describe("what became of an app on a node", () => {
  test("stays in its history, repeats counted, also in the next run of the node", async () => {
    const web = onNode(scriptedHost({ enable: () => Promise.reject(new Error("away")) }));
    const first = await web.apply(intent());
    await web.clock.runFor(1_000);
    await web.apply(intent(), 2);
    delete web.hooks.enable;
    await web.clock.runFor(2_000);
    const { observed } = await web.apply(intent(), 3);
    const at = first.observed.since;
    expect(observed).toMatchObject({
      initStatus: "auto_enabled",
      since: at + 3_000,
      history: {
        coveredFrom: at,
        entries: [
          { at, lastAt: at + 1_000, count: 2, initStatus: "error_disabled" },
          { at: at + 3_000, count: 1, initStatus: "auto_enabled" },
        ],
      },
    });
    const restarted = onNode();
    const again = await restarted.begin(intent(), { inherited: observed }).done;
    expect(again.observed.history.entries.map(({ count }) => count)).toEqual([2, 2]);
    const strange = onNode();
    const { history } = (await strange.begin(intent(), { inherited: { odd: true } }).done).observed;
    expect(history.entries).toHaveLength(1);
  });

  test("keeps since when it has been so, whatever is tried in between", async () => {
    const web = onNode(scriptedHost({ enable: () => Promise.reject(new Error("away")) }));
    const first = await web.apply(intent());
    await web.clock.runFor(1_000);
    const { since } = first.observed;
    expect((await web.apply(intent(), 2)).observed).toMatchObject({ since });
    web.hooks.enable = () => false;
    expect((await web.apply(intent(), 3)).observed).toMatchObject({ since: since + 1_000 });
  });
});
