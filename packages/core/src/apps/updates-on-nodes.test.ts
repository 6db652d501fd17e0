/** Updates, canaries and the way back, on whole nodes. */
import { describe, expect, test } from "bun:test";
import type { LoadAnswer } from "../hosts/app-host.ts";
import { type FakeApp, scriptedHost } from "./app-kit.test.ts";
import { nodesOf } from "./nodes-kit.test.ts";

const brokenFrom =
  (bad: string) =>
  (version: string): LoadAnswer<FakeApp> =>
    version === bad
      ? { kind: "broken", error: "Unexpected token" }
      : { kind: "loaded", app: { version, load: 1 }, digest: `digest-${version}` };

const three = async (last = scriptedHost()) => {
  const cluster = nodesOf();
  const web1 = await cluster.start("web-1");
  await cluster.start("web-2");
  await cluster.start("web-3", last);
  const { change, install } = cluster.ops(web1);
  await install();
  await cluster.converged(web1);
  return { ...cluster, web1, change };
};

describe("an update", () => {
  test("replaces the version on every node and leaves what is wanted", async () => {
    const { change, converged, versions, web1 } = await three();
    const { app } = await change("update", { version: "2.0.0" });
    expect(app).toMatchObject({ version: "2.0.0", previousVersion: "1.0.0", generation: 2 });
    await converged(web1);
    expect(versions(web1)).toEqual(["web-1 2.0.0", "web-2 2.0.0", "web-3 2.0.0"]);
    expect(web1.apps.get("crm-sync").desiredStatus).toBe("enabled");
  });

  test("that one node cannot load is reported by it, while the others run it", async () => {
    const { change, rows, until, web1 } = await three(scriptedHost({ load: brokenFrom("2.0.0") }));
    await change("update", { version: "2.0.0" });
    await until(() => rows(web1).every(({ observedIntentId: a, intentId: b }) => a === b));
    expect(rows(web1).map(({ initStatus }) => initStatus)).toEqual([
      "auto_enabled",
      "auto_enabled",
      "compiler_error_disabled",
    ]);
    expect(web1.apps.get("crm-sync")).toMatchObject({ desiredStatus: "enabled", converged: false });
    await change("rollback");
    await until(() => rows(web1).every(({ version }) => version === "1.0.0"));
  });

  test("tells the new version which one was here before, once on each node", async () => {
    const cluster = nodesOf();
    const seen: unknown[] = [];
    const scripted = scriptedHost({
      update: (app, { cause, previousVersion }) =>
        void seen.push([app.version, previousVersion, cause]),
    });
    const web1 = await cluster.start("web-1", scripted);
    const { change, install } = cluster.ops(web1);
    await install();
    await cluster.converged(web1);
    expect(seen).toEqual([]);
    await change("update", { version: "2.0.0" });
    await cluster.converged(web1);
    await change("settings", { settings: { a: 1 } });
    await cluster.converged(web1);
    expect(seen).toEqual([["2.0.0", "1.0.0", "update"]]);
    expect(scripted.calls().filter((call) => call.includes("2.0.0 update"))).toEqual([
      "construct 2.0.0 update",
      "initialize 2.0.0 update",
      "update 2.0.0 update",
      "enable 2.0.0 update",
    ]);
  });

  test("made while a node was down is told to it when it comes back", async () => {
    const { change, finish, rows, start, until, web1 } = await three();
    const seen: unknown[] = [];
    const web4 = await start("web-4");
    await until(() => rows(web1).every(({ converged }) => converged) && rows(web1).length === 4);
    await finish(web4.stop());
    await change("update", { version: "2.0.0" });
    await start(
      "web-4",
      scriptedHost({ update: (_, { previousVersion }) => void seen.push(previousVersion) }),
    );
    await until(() => rows(web1).length === 4 && rows(web1).every(({ converged }) => converged));
    expect(seen).toEqual(["1.0.0"]);
  });
});

describe("an update that some nodes make first", () => {
  test("goes on by itself when they run it", async () => {
    const { change, converged, until, versions, web1 } = await three();
    await change("update", { version: "2.0.0", canary: 1 });
    await until(() => web1.apps.get("crm-sync").rollout?.nodes.length === 1);
    await converged(web1);
    expect(versions(web1)).toEqual(["web-1 2.0.0", "web-2 2.0.0", "web-3 2.0.0"]);
    expect(web1.apps.get("crm-sync")).toMatchObject({ generation: 2, desiredStatus: "enabled" });
  });

  test("moves the others only then", async () => {
    const { change, hostOf, until, versions, web1 } = await three();
    let finish = () => {};
    hostOf("web-1").hooks.enable = () =>
      new Promise<void>((resolve) => {
        finish = resolve;
      });
    hostOf("web-2").calls();
    await change("update", { version: "2.0.0", canary: 1 });
    await until(() => versions(web1)[0] === "web-1 2.0.0");
    expect(versions(web1).slice(1)).toEqual(["web-2 1.0.0", "web-3 1.0.0"]);
    expect(hostOf("web-2").calls()).toEqual([]);
    delete hostOf("web-1").hooks.enable;
    finish();
    await until(() => versions(web1).every((one) => one.endsWith("2.0.0")));
  });

  test("halts where one fails, names it, and is rolled back", async () => {
    const { change, clock, hostOf, until, versions, web1 } = await three();
    hostOf("web-1").hooks.load = brokenFrom("2.0.0");
    await change("update", { version: "2.0.0", canary: 1 });
    await until(() => web1.apps.get("crm-sync").rollout?.phase === "halted");
    const { rollout } = web1.apps.get("crm-sync");
    expect(rollout).toMatchObject({
      nodes: ["web-1"],
      from: "1.0.0",
      haltedBy: { nodeId: "web-1", reason: { code: "compile_error" } },
    });
    expect(web1.status().reasons.join()).toContain("the update of app crm-sync to 2.0.0 is halted");
    await clock.runFor(900_000);
    expect(versions(web1).slice(1)).toEqual(["web-2 1.0.0", "web-3 1.0.0"]);
    await change("rollback");
    await until(() => web1.apps.get("crm-sync").converged);
    expect(new Set(versions(web1).map((one) => one.split(" ")[1]))).toEqual(new Set(["1.0.0"]));
  });

  test.each([
    ["settings", { settings: { url: "x" } }],
    ["licence", { licence: "L-1" }],
    ["disable", {}],
    ["manage", { mode: "observe" }],
  ] as const)("goes on by itself when %s changes meanwhile", async (verb, input) => {
    const { change, until, web1 } = await three();
    await change("update", { version: "2.0.0", canary: 1 });
    await change(verb, input);
    await until(() => web1.apps.get("crm-sync").rollout === undefined);
    await until(() => web1.apps.get("crm-sync").converged);
    expect(web1.apps.get("crm-sync")).toMatchObject({ version: "2.0.0", generation: 3 });
  });

  test("halts when it fails under settings that were changed meanwhile", async () => {
    const { change, hostOf, until, versions, web1 } = await three();
    let finish = () => {};
    hostOf("web-1").hooks.initialize = () =>
      new Promise<void>((resolve) => {
        finish = resolve;
      });
    await change("update", { version: "2.0.0", canary: 1 });
    await until(() => web1.apps.get("crm-sync").rollout?.nodes.length === 1);
    hostOf("web-1").hooks.load = brokenFrom("2.0.0");
    await change("settings", { settings: { url: "x" } });
    finish();
    await until(() => web1.apps.get("crm-sync").rollout?.phase === "halted");
    expect(versions(web1).slice(1)).toEqual(["web-2 1.0.0", "web-3 1.0.0"]);
  });

  test("bears a start that fails once", async () => {
    const { change, hostOf, until, versions, web1 } = await three();
    let times = 0;
    hostOf("web-1").hooks.enable = () => {
      times += 1;
      if (times === 1) throw new Error("not yet");
    };
    await change("update", { version: "2.0.0", canary: 1 });
    await until(() => web1.apps.get("crm-sync").converged);
    expect(versions(web1).every((one) => one.endsWith("2.0.0"))).toBe(true);
    expect(times).toBe(2);
  });

  test("is followed by whoever comes to own the app", async () => {
    const { change, finish, hostOf, start, until, web1 } = await three();
    const others = [web1];
    let go = () => {};
    for (const id of ["web-1", "web-2", "web-3"]) {
      hostOf(id).hooks.enable = () =>
        new Promise<void>((resolve) => {
          go = resolve;
        });
    }
    await change("update", { version: "2.0.0", canary: 1 });
    await until(() => web1.apps.get("crm-sync").rollout?.nodes.length === 1);
    // Every shard changes hands: the look that is under way ends with its owner.
    const late = await start("web-9");
    for (const node of others) await finish(node.stop());
    go();
    delete hostOf("web-2").hooks.enable;
    delete hostOf("web-3").hooks.enable;
    await start("web-1");
    await until(() => late.apps.get("crm-sync").converged, 900_000);
    expect(late.apps.get("crm-sync").rollout).toBeUndefined();
  });
});
