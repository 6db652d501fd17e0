import { describe, expect, test } from "bun:test";
import { appFailure } from "../hosts/app-host.ts";
import { intent, scriptedHost } from "./app-kit.test.ts";
import type { AppIntentRow } from "./intent.ts";
import { hookTimeoutMs, onNode } from "./replica-kit.test.ts";

const off = (generation = 2) =>
  intent({
    desiredStatus: "disabled",
    generation,
    intentId: `i${generation}`,
    desiredIntentId: `i${generation}`,
  });
const onAgain = (generation = 3) =>
  intent({ generation, intentId: `i${generation}`, desiredIntentId: `i${generation}` });

describe("an app that should be enabled", () => {
  test("is loaded, constructed, initialized and enabled, in this order", async () => {
    const web = onNode();
    expect(await web.apply(intent())).toEqual({
      observed: {
        initStatus: "auto_enabled",
        observedGeneration: 1,
        version: "1.0.0",
        packageDigest: "digest-1.0.0",
        settingsHash: expect.stringMatching(/^[0-9a-f]{16}$/),
        runtime: "bun 1.4.5",
        reason: null,
        tornDown: false,
        traces: { installId: "i0", version: "1.0.0", ref: null },
        since: 1_800_000_000_000,
        history: {
          coveredFrom: 1_800_000_000_000,
          dropped: 0,
          entries: [
            {
              at: 1_800_000_000_000,
              lastAt: 1_800_000_000_000,
              count: 1,
              generation: 1,
              version: "1.0.0",
              initStatus: "auto_enabled",
              reason: null,
            },
          ],
        },
      },
      converged: true,
      retry: "never",
    });
    expect(web.calls()).toEqual([
      "load 1.0.0",
      "construct 1.0.0 start",
      "initialize 1.0.0 start",
      "enable 1.0.0 start",
    ]);
    expect(web.reports.map(({ initStatus }) => initStatus)).toEqual(["constructed", "initialized"]);
  });

  test("gets its settings, its id and the node's in every hook", async () => {
    const web = onNode();
    await web.apply(intent({ settings: { url: "https://crm" } }));
    for (const context of web.contexts) {
      expect(context).toMatchObject({
        appId: "crm-sync",
        nodeId: "web-1",
        settings: { url: "https://crm" },
      });
      expect(context.signal).toBeInstanceOf(AbortSignal);
    }
    expect(web.contexts).toHaveLength(3);
  });

  test("runs no hook again when the same is wanted under another intent", async () => {
    const web = onNode();
    await web.apply(intent());
    web.calls();
    const applied = await web.apply(intent({ generation: 2, intentId: "i2" }));
    expect(web.calls()).toEqual([]);
    expect(applied).toMatchObject({
      converged: true,
      observed: { observedGeneration: 2, initStatus: "auto_enabled" },
    });
  });

  test("is torn down and brought up anew when version or settings are others", async () => {
    const web = onNode();
    await web.apply(intent());
    web.calls();
    await web.apply(intent({ version: "1.1.0", intentId: "i2", generation: 2 }));
    expect(web.calls()).toEqual([
      "disable 1.0.0 update",
      "unload 1.0.0",
      "load 1.1.0",
      "construct 1.1.0 update",
      "initialize 1.1.0 update",
      "enable 1.1.0 update",
    ]);
    await web.apply(
      intent({ version: "1.1.0", settings: { a: 1 }, intentId: "i3", generation: 3 }),
    );
    expect(web.calls()[0]).toBe("disable 1.1.0 settings");
  });
});

describe("auto_enabled and manually_enabled", () => {
  const statusAfter = async (web: ReturnType<typeof onNode>, row: AppIntentRow) =>
    (await web.apply(row)).observed.initStatus;

  test("manually is only what was changed while this incarnation was up", async () => {
    const web = onNode();
    expect(await statusAfter(web, intent())).toBe("auto_enabled");
    expect(await statusAfter(web, off())).toBe("manually_disabled");
    expect(await statusAfter(web, onAgain())).toBe("manually_enabled");
    const restarted = onNode();
    expect(await statusAfter(restarted, onAgain())).toBe("auto_enabled");
  });

  test("off and on again counts as a change even when only the last was seen", async () => {
    const web = onNode();
    await web.apply(intent());
    expect(await statusAfter(web, onAgain())).toBe("manually_enabled");
  });

  test("enabling what was off at the start is a change", async () => {
    const web = onNode();
    await web.apply(off());
    expect(await statusAfter(web, onAgain())).toBe("manually_enabled");
    expect(web.calls().at(-1)).toBe("enable 1.0.0 intent");
  });

  test("an update and a heal keep what it was", async () => {
    for (const first of [undefined, off(2)]) {
      const web = onNode();
      if (first) await web.apply(first);
      const row = onAgain();
      const was = await statusAfter(web, row);
      const updated = { ...row, version: "1.1.0", generation: 4, intentId: "i4" };
      expect(await statusAfter(web, updated)).toBe(was);
      web.hooks.enable = () => Promise.reject(new Error("away"));
      const broken = { ...updated, version: "1.2.0", generation: 5, intentId: "i5" };
      expect(await statusAfter(web, broken)).toBe("error_disabled");
      delete web.hooks.enable;
      const healed = await web.apply(broken, 2);
      expect(healed.observed.initStatus).toBe(was);
    }
  });
});

describe("an app that should be disabled", () => {
  test("is not even loaded by a node that starts", async () => {
    const web = onNode();
    const applied = await web.apply(off());
    expect(web.calls()).toEqual([]);
    expect(applied).toMatchObject({
      converged: true,
      observed: { initStatus: "manually_disabled", version: null, tornDown: true },
    });
  });

  test("is torn down and unloaded", async () => {
    const web = onNode();
    await web.apply(intent());
    web.calls();
    const applied = await web.apply(off());
    expect(web.calls()).toEqual(["disable 1.0.0 intent", "unload 1.0.0"]);
    expect(applied).toMatchObject({
      converged: true,
      retry: "never",
      observed: { initStatus: "manually_disabled", packageDigest: null, tornDown: true },
    });
  });

  test("is not converged while its tear-down fails, and is tried again", async () => {
    const web = onNode();
    await web.apply(intent());
    web.hooks.disable = () => Promise.reject(new Error("port in use"));
    expect(await web.apply(off())).toMatchObject({
      converged: false,
      retry: "policy",
      error: "disable: port in use",
      observed: {
        initStatus: "error_disabled",
        reason: { code: "disable_failed", message: "disable: port in use" },
        tornDown: false,
      },
    });
    delete web.hooks.disable;
    web.calls();
    expect(await web.apply(off(), 2)).toMatchObject({
      converged: true,
      observed: { initStatus: "manually_disabled", tornDown: true },
    });
    expect(web.calls()).toEqual(["disable 1.0.0 retry", "unload 1.0.0"]);
  });

  test("is torn down after an enable that failed halfway", async () => {
    const web = onNode(scriptedHost({ enable: () => Promise.reject(new Error("half done")) }));
    const applied = await web.apply(intent());
    expect(applied.observed.tornDown).toBe(false);
    web.calls();
    expect(await web.apply(off())).toMatchObject({ converged: true });
    expect(web.calls()).toEqual(["disable 1.0.0 intent", "unload 1.0.0"]);
  });

  test("takes no tear-down when it failed before enable", async () => {
    const web = onNode(scriptedHost({ construct: () => Promise.reject(new Error("no memory")) }));
    expect((await web.apply(intent())).observed.tornDown).toBe(true);
    expect(web.calls()).toEqual(["load 1.0.0", "construct 1.0.0 start", "unload 1.0.0"]);
    expect(await web.apply(off())).toMatchObject({ converged: true });
    expect(web.calls()).toEqual([]);
  });
});

describe("failures", () => {
  const failed = {
    kind: "failed",
    reason: { code: "expired", message: "expired on 1 May" },
  } as const;

  test("a package that does not compile is terminal", async () => {
    const web = onNode(
      scriptedHost({ load: () => ({ kind: "broken", error: "Unexpected token", digest: "d9" }) }),
    );
    expect(await web.apply(intent())).toMatchObject({
      converged: false,
      retry: "never",
      observed: {
        initStatus: "compiler_error_disabled",
        version: "1.0.0",
        packageDigest: "d9",
        reason: { code: "compile_error", message: "Unexpected token" },
      },
    });
    delete web.hooks.load;
    const next = { ...intent({ version: "1.0.1", intentId: "i2", generation: 2 }) };
    expect(await web.apply(next)).toMatchObject({ observed: { initStatus: "auto_enabled" } });
  });

  test("a package that is not there is tried again", async () => {
    const web = onNode(scriptedHost({ load: () => ({ kind: "missing" }) }));
    expect(await web.apply(intent())).toMatchObject({
      retry: "policy",
      observed: {
        initStatus: "error_disabled",
        version: null,
        reason: { code: "package_missing" },
      },
    });
    delete web.hooks.load;
    expect(await web.apply(intent(), 2)).toMatchObject({ converged: true });
  });

  test.each([
    ["checkLicence", "invalid_license_disabled"],
    ["checkSettings", "invalid_settings_disabled"],
  ] as const)(
    "%s failing is tried again slowly, and enable is not reached",
    async (hook, initStatus) => {
      const web = onNode(scriptedHost({ [hook]: () => failed }));
      const applied = await web.apply(intent());
      expect(applied).toMatchObject({
        error: "expired on 1 May",
        observed: { initStatus, reason: { code: "expired" }, tornDown: true },
      });
      if (typeof applied.retry === "string") throw new Error("not slow");
      expect(applied.retry.afterMs).toBeWithin(240_000, 360_001);
      expect(web.calls().at(-1)).toBe("unload 1.0.0");
      delete web.hooks[hook];
      expect(await web.apply(intent(), 2)).toMatchObject({ converged: true });
    },
  );

  test("a refusal is no error, is not converged, and is asked again slowly", async () => {
    const web = onNode(scriptedHost({ enable: () => false }));
    const applied = await web.apply(intent());
    expect(applied.error).toBeUndefined();
    expect(applied).toMatchObject({
      converged: false,
      retry: { afterMs: expect.any(Number) },
      observed: { initStatus: "disabled", reason: { code: "refused" }, tornDown: true },
    });
    expect(await web.apply(off())).toMatchObject({ converged: true });
  });

  test.each(["load", "construct", "initialize", "enable"] as const)(
    "%s throwing is an error that is retried",
    async (hook) => {
      const web = onNode(scriptedHost({ [hook]: () => Promise.reject(new Error("boom")) }));
      expect(await web.apply(intent())).toMatchObject({
        converged: false,
        retry: "policy",
        error: `${hook}: boom`,
        observed: { initStatus: "error_disabled", reason: { code: "hook_failed" } },
      });
      delete web.hooks[hook];
      expect(await web.apply(intent(), 2)).toMatchObject({ converged: true });
    },
  );

  test.each([
    ["compile", "compiler_error_disabled"],
    ["missing", "error_disabled"],
    ["installation", "invalid_installation_disabled"],
    ["licence", "invalid_license_disabled"],
    ["settings", "invalid_settings_disabled"],
    ["error", "error_disabled"],
  ] as const)("a hook that names the failure class %s gets its status", async (failure, status) => {
    const web = onNode(
      scriptedHost({ enable: () => Promise.reject(appFailure(failure, "so it is")) }),
    );
    expect((await web.apply(intent())).observed.initStatus).toBe(status);
  });

  test("secrets of the settings stay out of what is reported", async () => {
    const settings = { user: "bob", password: "hunter22" };
    const leak = () => Promise.reject(new Error("login bob:hunter22 failed"));
    const web = onNode(scriptedHost({ enable: leak }));
    const applied = await web.apply(intent({ settings }));
    expect(JSON.stringify([applied, web.reports])).not.toContain("hunter22");
    expect(applied.error).toBe("enable: login bob:[redacted] failed");
    delete web.hooks.enable;
    await web.apply(intent({ settings }), 2);
    web.hooks.disable = leak;
    const changed = intent({ settings: { password: "other" }, intentId: "i2", generation: 2 });
    expect((await web.apply(changed)).error).toBe("disable: login bob:[redacted] failed");
  });

  test("a message is cut to what a row may hold, and not through a secret", async () => {
    const text = `${"x".repeat(980)}hunter22${"y".repeat(500)}`;
    const web = onNode(scriptedHost({ load: () => ({ kind: "broken", error: text }) }));
    const { error } = await web.apply(intent({ settings: { password: "hunter22" } }));
    expect(error).toBe(`${"x".repeat(980)}[redacted]${"y".repeat(9)}…`);
  });

  test("what a failed enable left is cleared before it is tried again", async () => {
    const web = onNode(scriptedHost({ enable: () => Promise.reject(new Error("away")) }));
    await web.apply(intent());
    web.calls();
    delete web.hooks.enable;
    await web.apply(intent(), 2);
    expect(web.calls()).toEqual([
      "disable 1.0.0 retry",
      "unload 1.0.0",
      "load 1.0.0",
      "construct 1.0.0 retry",
      "initialize 1.0.0 retry",
      "enable 1.0.0 retry",
    ]);
  });

  test("an app whose tear-down fails too still heals", async () => {
    const web = onNode(
      scriptedHost({
        enable: () => Promise.reject(new Error("away")),
        disable: () => Promise.reject(new Error("not even started")),
      }),
    );
    expect((await web.apply(intent())).error).toBe("enable: away");
    delete web.hooks.enable;
    expect(await web.apply(intent(), 2)).toMatchObject({ converged: true });
  });

  test("a new version waits for the tear-down of the old one that ran", async () => {
    const web = onNode();
    await web.apply(intent());
    web.hooks.disable = () => Promise.reject(new Error("stuck"));
    const next = intent({ version: "2.0.0", intentId: "i2", generation: 2 });
    web.calls();
    expect(await web.apply(next)).toMatchObject({
      converged: false,
      observed: { reason: { code: "disable_failed" }, version: "1.0.0" },
    });
    expect(web.calls()).toEqual(["disable 1.0.0 update"]);
    delete web.hooks.disable;
    expect(await web.apply(next, 2)).toMatchObject({
      converged: true,
      observed: { version: "2.0.0" },
    });
  });
});

describe("an app that never got enabled", () => {
  test("gives way to a new version, whatever its tear-down comes to", async () => {
    const web = onNode(
      scriptedHost({
        enable: () => Promise.reject(new Error("away")),
        disable: () => Promise.reject(new Error("not even started")),
      }),
    );
    await web.apply(intent());
    web.calls();
    delete web.hooks.enable;
    const next = intent({ version: "2.0.0", intentId: "i2", generation: 2 });
    expect(await web.apply(next)).toMatchObject({
      converged: true,
      observed: { version: "2.0.0" },
    });
    expect(web.calls()).toContain("enable 2.0.0 intent");
  });
});

describe("hooks that take too long", () => {
  const forever = () => new Promise<never>(() => {});

  test.each(["load", "construct", "initialize", "enable"] as const)(
    "%s over its deadline is named",
    async (hook) => {
      const web = onNode(scriptedHost({ [hook]: forever }));
      expect(await web.applySlow(intent())).toMatchObject({
        converged: false,
        retry: "policy",
        observed: {
          initStatus: "error_disabled",
          reason: {
            code: "hook_timeout",
            message: `${hook} did not return within 10 s and ignores the signal to stop`,
          },
          tornDown: false,
        },
      });
    },
  );

  test("an enable that succeeds late changes nothing", async () => {
    let finish = () => {};
    const web = onNode(
      scriptedHost({
        enable: () =>
          new Promise<void>((resolve) => {
            finish = resolve;
          }),
      }),
    );
    await web.applySlow(intent());
    const before = web.replica.local.get("crm-sync");
    finish();
    await web.clock.runFor(60_000);
    expect(web.replica.local.get("crm-sync")).toBe(before);
    expect(before?.initStatus).toBe("error_disabled");
  });

  test("a disabled app is not converged while a hook of it goes on", async () => {
    let finish = () => {};
    const web = onNode(
      scriptedHost({
        enable: () =>
          new Promise<void>((resolve) => {
            finish = resolve;
          }),
      }),
    );
    await web.applySlow(intent());
    await web.clock.runFor(5_000);
    expect(await web.apply(off())).toMatchObject({
      converged: false,
      observed: {
        reason: {
          code: "disable_failed",
          message: "enable, told to stop 5 s ago, has not returned; restart the node to end it",
        },
        tornDown: false,
      },
    });
    finish();
    await web.clock.runFor(1);
    web.calls();
    expect(await web.apply(off(), 2)).toMatchObject({
      converged: true,
      observed: { tornDown: true },
    });
    expect(web.calls()).toEqual(["disable 1.0.0 retry", "unload 1.0.0"]);
  });

  test("an app whose tear-down is not complete is enabled anew, not taken as running", async () => {
    const web = onNode(scriptedHost({ enable: forever }));
    await web.applySlow(intent());
    delete web.hooks.enable;
    expect(await web.apply(intent(), 2)).toMatchObject({ converged: true });
    // The first enable still hangs, so the tear-down cannot count as complete.
    expect(await web.apply(off())).toMatchObject({ converged: false });
    web.calls();
    expect(await web.apply(onAgain())).toMatchObject({ converged: true });
    expect(web.calls().at(-1)).toBe("enable 1.0.0 intent");
  });

  test("a tear-down that hangs is not begun a second time beside itself", async () => {
    const web = onNode();
    await web.apply(intent());
    let finish = () => {};
    web.hooks.disable = () =>
      new Promise<void>((resolve) => {
        finish = resolve;
      });
    expect(await web.applySlow(off())).toMatchObject({
      observed: { reason: { code: "disable_failed" } },
    });
    web.calls();
    expect(await web.apply(off(), 2)).toMatchObject({ converged: false });
    expect(web.calls()).toEqual([]);
    delete web.hooks.disable;
    finish();
    await web.clock.runFor(1);
    expect(await web.apply(off(), 3)).toMatchObject({ converged: true });
  });
});

describe("a newer intent", () => {
  test("cuts an attempt short without calling it a failure", async () => {
    const stop = new AbortController();
    const web = onNode(
      scriptedHost({
        enable: (_, { signal }) =>
          new Promise<never>((_resolve, reject) => {
            signal.addEventListener("abort", () => reject(new Error("aborted")));
          }),
      }),
    );
    const { done } = web.begin(intent(), { signal: stop.signal });
    await web.clock.runFor(1);
    stop.abort();
    const applied = await done;
    expect(applied.error).toBeUndefined();
    expect(applied).toMatchObject({
      converged: false,
      observed: { initStatus: "initialized", tornDown: false },
    });
    expect(await web.apply(off())).toMatchObject({ converged: true });
  });

  test("between two hooks stops before the next", async () => {
    const stop = new AbortController();
    const web = onNode(scriptedHost({ construct: () => stop.abort() }));
    const applied = await web.begin(intent(), { signal: stop.signal }).done;
    expect(web.calls()).toEqual(["load 1.0.0", "construct 1.0.0 start", "unload 1.0.0"]);
    expect(applied).toMatchObject({ converged: false, observed: { tornDown: true } });
  });

  test("that comes during the tear-down for an update keeps the new version from loading", async () => {
    const stop = new AbortController();
    const web = onNode();
    await web.apply(intent());
    web.hooks.disable = () => stop.abort();
    web.calls();
    const next = intent({ version: "2.0.0", intentId: "i2", generation: 2 });
    const applied = await web.begin(next, { signal: stop.signal }).done;
    expect(web.calls()).toEqual(["disable 1.0.0 update", "unload 1.0.0"]);
    expect(applied).toMatchObject({ converged: false, observed: { initStatus: "unknown" } });
  });

  test("that comes too late finds the app enabled", async () => {
    const stop = new AbortController();
    const web = onNode(scriptedHost({ enable: () => stop.abort() }));
    const applied = await web.begin(intent(), { signal: stop.signal }).done;
    expect(applied).toMatchObject({ observed: { initStatus: "auto_enabled" } });
    expect(await web.apply(off())).toMatchObject({ converged: true });
    expect(web.calls()).toContain("disable 1.0.0 intent");
  });
});

describe("stopping and removal", () => {
  test("a node that stops tears down with cause shutdown and reports nothing", async () => {
    const web = onNode();
    await web.apply(intent());
    web.calls();
    web.reports.length = 0;
    await web.replica.stopped?.({ id: "crm-sync", observed: undefined });
    expect(web.calls()).toEqual(["disable 1.0.0 shutdown", "unload 1.0.0"]);
    expect(web.reports).toEqual([]);
    expect(web.replica.local.get("crm-sync")).toBeUndefined();
  });

  test("a tear-down at shutdown is bounded, and its failure stays in the log", async () => {
    const web = onNode(scriptedHost({ disable: () => new Promise<never>(() => {}) }));
    await web.apply(intent());
    let over = false;
    void web.replica.stopped?.({ id: "crm-sync", observed: undefined }).then(() => {
      over = true;
    });
    await web.clock.runUntil(() => over, hookTimeoutMs + 1_000);
  });

  test("an app that is off is left alone at shutdown", async () => {
    const web = onNode();
    await web.apply(off());
    await web.replica.stopped?.({ id: "crm-sync", observed: undefined });
    await web.replica.stopped?.({ id: "never-seen", observed: undefined });
    expect(web.calls()).toEqual([]);
  });

  test("a removed app is torn down and forgotten", async () => {
    const web = onNode();
    await web.apply(intent());
    web.calls();
    expect(await web.apply(undefined)).toMatchObject({ converged: true });
    expect(web.calls()).toEqual(["disable 1.0.0 uninstall", "unload 1.0.0"]);
    expect(web.replica.local.get("crm-sync")).toBeUndefined();
    expect(await web.apply(undefined)).toMatchObject({ converged: true });
    expect(web.calls()).toEqual([]);
  });
});

describe("what this node has at the moment", () => {
  test("goes off when the tear-down begins, not when it ends", async () => {
    const web = onNode();
    const told: (string | undefined)[] = [];
    web.replica.local.onChange((_, observed) => told.push(observed?.initStatus));
    await web.apply(intent());
    let during: string | undefined;
    web.hooks.disable = () => {
      during = web.replica.local.get("crm-sync")?.initStatus;
    };
    await web.apply(off());
    expect(during).toBe("initialized");
    expect(told).toEqual([
      "constructed",
      "initialized",
      "auto_enabled",
      "initialized",
      "manually_disabled",
    ]);
  });

  test("is off while an update tears the old version down", async () => {
    const web = onNode();
    await web.apply(intent());
    let during: string | undefined;
    web.hooks.disable = () => {
      during = web.replica.local.get("crm-sync")?.initStatus;
    };
    await web.apply(intent({ version: "1.1.0", intentId: "i2", generation: 2 }));
    expect(during).toBe("initialized");
  });

  test("a listener that throws disturbs nobody", async () => {
    const web = onNode();
    const told: string[] = [];
    web.replica.local.onChange(() => {
      throw new Error("mine");
    });
    const end = web.replica.local.onChange((id) => told.push(id));
    await web.apply(intent());
    expect(told).toHaveLength(3);
    end();
    await web.apply(off());
    expect(told).toHaveLength(3);
  });
});
