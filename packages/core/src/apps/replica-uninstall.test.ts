/** What one node does to clear an app away, and to give way to another installation of it. */
import { describe, expect, test } from "bun:test";
import { intent, scriptedHost } from "./app-kit.test.ts";
import type { AppUninstall } from "./intent.ts";
import { onNode } from "./replica-kit.test.ts";

const uninstall: AppUninstall = {
  phase: "tearing-down",
  since: 0,
  boundAt: 1,
  waitingFor: [],
  error: null,
  purgedAt: null,
  forgotten: false,
};
const away = (phase: AppUninstall["phase"] = "tearing-down") =>
  intent({
    desiredStatus: "uninstalled",
    generation: 2,
    intentId: "i2",
    desiredIntentId: "i2",
    uninstall: { ...uninstall, phase },
  });
const traces = { installId: "i0", version: "1.0.0", ref: null };
const clearing = (more: Parameters<typeof scriptedHost>[0] = {}) =>
  scriptedHost({ uninstall: () => {}, ...more });

describe("clearing away", () => {
  test("follows the tear-down, and its receipt says that nothing is left", async () => {
    const web = onNode(clearing());
    expect((await web.apply(intent())).observed.traces).toEqual(traces);
    web.calls();
    expect(await web.apply(away())).toMatchObject({
      converged: true,
      observed: { initStatus: "manually_disabled", tornDown: true, traces: null },
    });
    expect(web.calls()).toEqual([
      "disable 1.0.0 uninstall",
      "uninstall 1.0.0 uninstall",
      "unload 1.0.0",
    ]);
    expect(web.replica.local.get("crm-sync")?.initStatus).toBe("manually_disabled");
  });

  test("that fails is no receipt, and is tried again without a second tear-down", async () => {
    const web = onNode(clearing({ uninstall: () => Promise.reject(new Error("locked")) }));
    await web.apply(intent());
    web.calls();
    expect(await web.apply(away())).toMatchObject({
      converged: false,
      retry: "policy",
      observed: {
        initStatus: "error_disabled",
        reason: { code: "disable_failed", message: "uninstall: locked" },
        traces,
      },
    });
    delete web.hooks.uninstall;
    expect(await web.apply(away(), 2)).toMatchObject({ converged: true });
    expect(web.calls()).toEqual([
      "disable 1.0.0 uninstall",
      "uninstall 1.0.0 uninstall",
      "uninstall 1.0.0 uninstall",
      "unload 1.0.0",
    ]);
  });

  test("loads an app that the former run of the node had, in the version it had", async () => {
    const web = onNode(clearing());
    const inherited = { ...(await onNode(clearing()).apply(intent())).observed };
    const applied = await web.begin(away(), { inherited }).done;
    expect(applied).toMatchObject({ converged: true, observed: { traces: null } });
    expect(web.calls()).toEqual([
      "load 1.0.0",
      "construct 1.0.0 uninstall",
      "uninstall 1.0.0 uninstall",
      "unload 1.0.0",
    ]);
  });

  test.each([
    ["is missing", { kind: "missing" }, true],
    ["is broken", { kind: "broken", error: "x" }, true],
  ] as const)("asks nothing of a package that %s", async (_, answer, converged) => {
    const inherited = (await onNode(clearing()).apply(intent())).observed;
    const web = onNode(clearing({ load: () => answer }));
    expect(await web.begin(away(), { inherited }).done).toMatchObject({ converged });
  });

  test("is tried again when the package could not be looked for", async () => {
    const inherited = (await onNode(clearing()).apply(intent())).observed;
    const web = onNode(clearing({ load: () => Promise.reject(new Error("registry away")) }));
    expect(await web.begin(away(), { inherited }).done).toMatchObject({
      converged: false,
      error: "load: registry away",
      observed: { traces },
    });
    delete web.hooks.load;
    expect(await web.apply(away(), 2)).toMatchObject({ converged: true });
  });

  test("is nothing for an app that this node never had, or a host without the hook", async () => {
    const never = onNode(clearing());
    expect(await never.apply(away())).toMatchObject({
      converged: true,
      observed: { traces: null },
    });
    expect(never.calls()).toEqual([]);
    const plain = onNode();
    await plain.apply(intent());
    plain.calls();
    expect(await plain.apply(away())).toMatchObject({ converged: true });
    expect(plain.calls()).toEqual(["disable 1.0.0 uninstall", "unload 1.0.0"]);
  });

  test("comes after an end by force as well, on a fresh copy", async () => {
    const web = onNode(
      clearing({ disable: () => Promise.reject(new Error("stuck")), terminate: () => {} }),
    );
    await web.apply(intent());
    web.calls();
    expect(await web.apply(away())).toMatchObject({
      converged: true,
      observed: { reason: { code: "ended_by_force" }, traces: null },
    });
    expect(web.calls()).toEqual([
      "disable 1.0.0 uninstall",
      "terminate 1.0.0",
      "load 1.0.0",
      "construct 1.0.0 uninstall",
      "uninstall 1.0.0 uninstall",
      "unload 1.0.0",
    ]);
  });
});

describe("an app that is purged, or whose row is gone", () => {
  test.each([
    ["purged", away("purged")],
    ["without a row", undefined],
  ])("%s is cleared away where it was, and forgotten", async (_, row) => {
    const web = onNode(clearing());
    await web.apply(intent());
    web.calls();
    const applied = await web.begin(row, { id: "crm-sync" }).done;
    expect(applied).toMatchObject({ converged: true });
    expect(web.calls()).toContain("uninstall 1.0.0 uninstall");
    expect(web.replica.local.get("crm-sync")).toBeUndefined();
  });

  test("is told apart from one that is still being uninstalled", () => {
    const { replica } = onNode();
    expect([away(), away("purging"), away("purged")].map((row) => replica.removed?.(row))).toEqual([
      false,
      false,
      true,
    ]);
  });
});

describe("another installation", () => {
  test("waits until this node has cleared the former one away", async () => {
    const web = onNode(clearing({ uninstall: () => Promise.reject(new Error("locked")) }));
    await web.apply(intent());
    const again = intent({ installId: "i7", generation: 3, intentId: "i7" });
    expect(await web.apply(again)).toMatchObject({
      converged: false,
      observed: { reason: { code: "disable_failed" }, traces },
    });
    delete web.hooks.uninstall;
    web.calls();
    expect(await web.apply(again, 2)).toMatchObject({
      converged: true,
      observed: { traces: { installId: "i7" } },
    });
    expect(web.calls()).toEqual([
      "uninstall 1.0.0 retry",
      "unload 1.0.0",
      "load 1.0.0",
      "construct 1.0.0 retry",
      "initialize 1.0.0 retry",
      "enable 1.0.0 retry",
    ]);
  });
});

describe("an update on one node", () => {
  test("that its hook refuses is an error, and asked again with the same former version", async () => {
    const seen: unknown[] = [];
    const web = onNode(
      scriptedHost({
        update: (_, { previousVersion }) => {
          seen.push(previousVersion);
          if (seen.length === 1) throw new Error("migration failed");
        },
      }),
    );
    await web.apply(intent());
    const next = intent({ version: "2.0.0", generation: 2, intentId: "i2" });
    expect(await web.apply(next)).toMatchObject({
      converged: false,
      error: "update: migration failed",
      observed: { initStatus: "error_disabled", tornDown: true, traces },
    });
    expect(await web.apply(next, 2)).toMatchObject({
      converged: true,
      observed: { traces: { version: "2.0.0" } },
    });
    expect(seen).toEqual(["1.0.0", "1.0.0"]);
  });
});
