/** Apps that are ended by force because their host can, and apps that end by themselves. */
import { describe, expect, test } from "bun:test";
import type { HookContext } from "../hosts/app-host.ts";
import { intent, scriptedHost } from "./app-kit.test.ts";
import { onNode } from "./replica-kit.test.ts";

const forever = () => new Promise<never>(() => {});
const off = intent({
  desiredStatus: "disabled",
  generation: 2,
  intentId: "i2",
  desiredIntentId: "i2",
});

describe("an app whose host can end it", () => {
  test.each(["construct", "initialize", "enable"] as const)(
    "is ended when its %s ignores the signal to stop",
    async (hook) => {
      const web = onNode(scriptedHost({ [hook]: forever, terminate: () => {} }));
      const applied = await web.applySlow(intent());
      expect(web.calls().at(-1)).toBe("terminate 1.0.0");
      expect(applied).toMatchObject({
        converged: false,
        retry: "policy",
        observed: {
          initStatus: "error_disabled",
          reason: { code: "hook_timeout" },
          tornDown: true,
        },
      });
      if (hook === "enable") {
        expect(applied.error).toBe(
          "enable did not return within 10 s and ignored the signal to stop; it was ended by force",
        );
      }
      delete web.hooks[hook];
      expect(await web.apply(intent(), 2)).toMatchObject({ converged: true });
      expect(web.calls()[0]).toBe("load 1.0.0");
    },
  );

  test.each([
    ["throws", () => Promise.reject(new Error("port in use")), "disable: port in use"],
    ["hangs", forever, "disable did not return within 10 s and ignores the signal to stop"],
  ])("counts as torn down, by force, when its tear-down %s", async (_, disable, why) => {
    const web = onNode(scriptedHost({ terminate: () => {} }));
    await web.apply(intent());
    web.hooks.disable = disable;
    web.calls();
    expect(await web.applySlow(off)).toMatchObject({
      converged: true,
      observed: {
        initStatus: "manually_disabled",
        reason: { code: "ended_by_force", message: `${why}; it was ended by force` },
        tornDown: true,
      },
    });
    expect(web.calls()).toEqual(["disable 1.0.0 intent", "terminate 1.0.0"]);
  });

  test("is not torn down when even that fails", async () => {
    const web = onNode(scriptedHost({ terminate: () => Promise.reject(new Error("no")) }));
    await web.apply(intent());
    web.hooks.disable = () => Promise.reject(new Error("port in use"));
    expect(await web.apply(off)).toMatchObject({
      converged: false,
      observed: { reason: { code: "disable_failed" }, tornDown: false },
    });
  });

  test("is ended when it does not take new settings, and brought up with them", async () => {
    const web = onNode(scriptedHost({ settingsChanged: forever, terminate: () => {} }));
    await web.apply(intent());
    web.hooks.disable = forever;
    const row = intent({ settings: { a: 1 }, generation: 2, intentId: "i2" });
    expect(await web.applySlow(row)).toMatchObject({ converged: false });
    delete web.hooks.disable;
    expect(await web.apply(row, 2)).toMatchObject({ converged: true });
  });

  test("is ended at the stop of the node when it does not go by itself", async () => {
    const web = onNode(scriptedHost({ disable: forever, terminate: () => {} }));
    await web.apply(intent());
    web.calls();
    let over = false;
    void web.replica.stopped?.({ id: "crm-sync", observed: undefined }).then(() => {
      over = true;
    });
    await web.clock.runUntil(() => over, 15_000);
    expect(web.calls()).toEqual(["disable 1.0.0 shutdown", "terminate 1.0.0"]);
  });
});

describe("an app that ends by itself", () => {
  /** A node whose app tells that it has ended when the test says so. */
  const losing = () => {
    const held: { context?: HookContext } = {};
    const web = onNode(
      scriptedHost({
        enable: (_, context) => {
          held.context = context;
        },
      }),
    );
    return { ...web, lose: (why: unknown) => held.context?.lost(why) };
  };

  test("is reported at once, is off here, and is brought up again", async () => {
    const web = losing();
    await web.apply(intent());
    web.calls();
    web.lose(new Error("out of memory"));
    expect(web.calls()).toEqual(["unload 1.0.0"]);
    expect(web.replica.local.get("crm-sync")).toMatchObject({ initStatus: "error_disabled" });
    expect(web.lapses).toMatchObject([
      {
        converged: false,
        error: "out of memory",
        observed: {
          initStatus: "error_disabled",
          reason: { code: "app_ended", message: "out of memory" },
          tornDown: true,
        },
      },
    ]);
    expect(await web.apply(intent(), 2)).toMatchObject({
      converged: true,
      observed: { initStatus: "auto_enabled" },
    });
    expect(web.calls()).not.toContain("disable 1.0.0 retry");
  });

  test("soon and again is brought up after ever longer; one that ran long begins anew", async () => {
    const web = losing();
    const delays: number[] = [];
    const loseAfter = async (ms: number) => {
      await web.apply(intent(), 2);
      await web.clock.runFor(ms);
      web.lose("gone");
      const { retry } = web.lapses.at(-1) ?? {};
      delays.push(typeof retry === "object" ? retry.afterMs : Number.NaN);
    };
    for (const ms of [10, 10, 10, 10, 120_000]) await loseAfter(ms);
    for (const [index, most] of [1_000, 2_000, 4_000, 8_000, 1_000].entries()) {
      expect(delays[index]).toBeWithin(most * 0.79, most + 1);
    }
  });

  test("is told once, and not after it was disabled or replaced", async () => {
    const web = losing();
    await web.apply(intent());
    web.lose("one");
    web.lose("two");
    expect(web.lapses).toHaveLength(1);
    await web.apply(intent(), 2);
    await web.apply(off);
    web.lose("late");
    expect(web.lapses).toHaveLength(1);
    expect(web.replica.local.get("crm-sync")?.initStatus).toBe("manually_disabled");
  });

  test("while it is being enabled has failed", async () => {
    const web = onNode(
      scriptedHost({
        enable: (_, { lost }) => lost(new Error("died young")),
      }),
    );
    expect(await web.apply(intent())).toMatchObject({
      converged: false,
      retry: "policy",
      error: "died young",
      observed: { reason: { code: "app_ended" }, tornDown: true },
    });
    expect(web.lapses).toEqual([]);
  });

  test("tells no secret", async () => {
    const web = losing();
    await web.apply(intent({ settings: { password: "hunter22" }, licence: "LIC-998877" }));
    web.lose(new Error("login hunter22 with LIC-998877 failed"));
    expect(web.lapses[0]?.error).toBe("login [redacted] with [redacted] failed");
  });
});
