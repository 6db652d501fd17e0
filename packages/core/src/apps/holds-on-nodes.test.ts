/** Pauses and acknowledged drift on whole nodes: both end by themselves. */
import { describe, expect, test } from "bun:test";
import { appFailure } from "../hosts/app-host.ts";
import { isoInstant } from "../model/instant.ts";
import { scriptedHost } from "./app-kit.test.ts";
import { appId, nodesOf } from "./nodes-kit.test.ts";

const two = async (last = scriptedHost()) => {
  const cluster = nodesOf();
  const web1 = await cluster.start("web-1");
  const web2 = await cluster.start("web-2", last);
  const { change, install } = cluster.ops(web1);
  await install();
  await cluster.until(() => web1.status().shards.unowned === 0);
  const inMs = (ms: number) => isoInstant(cluster.clock.wall() + ms);
  return { ...cluster, web1, web2, change, inMs };
};

describe("a paused app", () => {
  test("is left as it is whatever changes, is no trouble, and does what it has missed at the end", async () => {
    const { change, clock, converged, inMs, statuses, until, web1 } = await two();
    await converged(web1);
    const { app } = await change("pause", { until: inMs(60_000), owner: "rosa" });
    expect(app).toMatchObject({
      pausedUntil: expect.any(String),
      paused: { owner: "rosa", by: "ops", missed: false },
    });
    await change("disable");
    await clock.runFor(50_000);
    expect(statuses(web1)).toEqual(["auto_enabled", "auto_enabled"]);
    expect(web1.apps.get(appId)).toMatchObject({
      desiredStatus: "disabled",
      converged: false,
      paused: { missed: true },
    });
    expect(web1.status().verdict).toBe("healthy");
    await until(() => web1.apps.get(appId).converged, 15_000);
    expect(statuses(web1)).toEqual(["manually_disabled", "manually_disabled"]);
    expect(web1.apps.get(appId).paused).toBeUndefined();
  });

  test("is not reconciled unless forced, and never in silence", async () => {
    const { change, converged, finish, inMs, web1 } = await two();
    await converged(web1);
    await change("pause", { until: inMs(60_000), owner: "rosa" });
    const { apps } = web1.as({ name: "ops", role: "operator" });
    const refused = finish(apps.reconcile(appId, { reason: "x" }));
    expect(refused).rejects.toMatchObject({ code: "APP_PAUSED", hint: expect.any(String) });
    const skipped = await finish(apps.reconcileAll({ apps: [appId], reason: "x" }));
    expect(skipped).toMatchObject([
      { result: "skipped", code: "paused" },
      { result: "skipped", code: "paused" },
    ]);
    const forced = await finish(apps.reconcile(appId, { force: true, reason: "x" }));
    expect(forced.map(({ result }) => result)).not.toContain("skipped");
  });

  test("comes back on a node that starts as it was when the pause began", async () => {
    const { change, converged, inMs, rows, start, until, web1 } = await two();
    await converged(web1);
    await change("pause", { until: inMs(600_000) });
    await change("update", { version: "2.0.0" });
    await start("web-3");
    await until(() =>
      rows(web1).some(({ nodeId, version }) => nodeId === "web-3" && version === "1.0.0"),
    );
    await change("resume");
    await until(() => rows(web1).every(({ version }) => version === "2.0.0"));
  });

  test("is paused from then on when the cluster was away at the end", async () => {
    const { change, converged, finish, inMs, start, web1, web2 } = await two();
    await converged(web1);
    await change("pause", { until: inMs(30_000) });
    await change("disable");
    await finish(web1.stop());
    await finish(web2.stop());
    const again = await start("web-1");
    await converged(again, 60_000);
    expect(again.apps.get(appId)).toMatchObject({ desiredStatus: "disabled", converged: true });
  });
});

describe("acknowledged drift", () => {
  const failing = () => scriptedHost({ enable: () => Promise.reject(new Error("no database")) });

  test("degrades nothing for a while; drift for another reason does", async () => {
    const { change, clock, hostOf, inMs, statuses, until, web1 } = await two(failing());
    await until(() => statuses(web1).join() === "auto_enabled,error_disabled");
    expect(web1.status().verdict).toBe("degraded");
    const { app } = await change("ackDrift", { until: inMs(120_000), reason: "known" });
    expect(app.acknowledged).toMatchObject({ owner: "ops", causes: ["hook_failed"] });
    expect(web1.status()).toMatchObject({ verdict: "healthy", apps: { drifted: 1 } });
    hostOf("web-2").hooks.enable = () => false;
    await until(() => web1.status().verdict === "degraded", 30_000);
    expect(web1.status().reasons.join()).toContain("refused");
    await clock.runFor(130_000);
    expect(web1.apps.get(appId).acknowledged).toBeUndefined();
  });

  test("counts again when its time is over", async () => {
    const { change, inMs, statuses, until, web1 } = await two(failing());
    await until(() => statuses(web1).join() === "auto_enabled,error_disabled");
    await change("ackDrift", { until: inMs(20_000) });
    expect(web1.status().verdict).toBe("healthy");
    await until(() => web1.status().verdict === "degraded", 25_000);
  });

  test("is known by a code of the host's, however long, which tells no secret", async () => {
    const code = `no_hunter22_${"x".repeat(200)}`;
    const odd = () => Promise.reject(appFailure("error", "no", code));
    const { change, inMs, rows, until, web1 } = await two(scriptedHost({ enable: odd }));
    await change("settings", { settings: { password: "hunter22" } });
    await until(
      () =>
        rows(web1)[1]?.reason?.message === "enable: no" && rows(web1)[1]?.observedGeneration === 2,
    );
    const { app } = await change("ackDrift", { until: inMs(20_000) });
    expect(app.acknowledged?.causes[0]).toMatch(/^no_\[redacted\]_x{86}$/);
    expect(web1.status().verdict).toBe("healthy");
  });

  test("needs drift, an end that lies ahead, and an app", async () => {
    const { change, converged, inMs, web1 } = await two();
    await converged(web1);
    expect(change("ackDrift", { until: inMs(1_000) })).rejects.toMatchObject({ code: "NO_DRIFT" });
    for (const until of ["2001-01-01T00:00:00Z", "soon", inMs(367 * 86_400_000)]) {
      expect(change("pause", { until })).rejects.toMatchObject({
        code: "VALIDATION",
        fieldErrors: { until: expect.any(String) },
      });
    }
  });
});
