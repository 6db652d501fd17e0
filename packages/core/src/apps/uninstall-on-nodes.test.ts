/** Uninstalls on whole nodes: a tear-down for each, one purge for all, nothing left in any list. */
import { describe, expect, test } from "bun:test";
import { scriptedHost } from "./app-kit.test.ts";
import { appId, nodesOf } from "./nodes-kit.test.ts";

/** A host that notes what is cleared away, on its node and for the cluster. */
const clearing = (log: string[], id: string, more: Parameters<typeof scriptedHost>[0] = {}) =>
  scriptedHost({
    uninstall: (app, { cause }) => void log.push(`uninstall ${id} ${app.version} ${cause}`),
    purge: ({ appId: app, version }, { idempotencyKey }) =>
      void log.push(`purge ${app} ${version} ${idempotencyKey.split(" ")[0]}`),
    ...more,
  });

const three = async (more: Parameters<typeof scriptedHost>[0] = {}) => {
  const cluster = nodesOf();
  const log: string[] = [];
  const web1 = await cluster.start("web-1", clearing(log, "web-1"));
  const web2 = await cluster.start("web-2", clearing(log, "web-2"));
  const web3 = await cluster.start("web-3", clearing(log, "web-3", more));
  const { change, install } = cluster.ops(web1);
  await install();
  await cluster.converged(web1);
  const isGone = () => web1.apps.list().items.length === 0;
  const purges = () => log.filter((line) => line.startsWith("purge"));
  const tornDown = () => log.filter((line) => line.startsWith("uninstall")).sort();
  return { ...cluster, log, web1, web2, web3, change, install, isGone, purges, tornDown };
};

describe("an uninstall", () => {
  test("tears down on every node, purges once, and leaves nothing in any list", async () => {
    const { change, hostOf, isGone, log, purges, tornDown, until, web1, web2 } = await three();
    const { app } = await change("uninstall");
    expect(app).toMatchObject({ desiredStatus: "uninstalled", generation: 2 });
    await until(isGone);
    expect(tornDown()).toEqual([
      "uninstall web-1 1.0.0 uninstall",
      "uninstall web-2 1.0.0 uninstall",
      "uninstall web-3 1.0.0 uninstall",
    ]);
    expect(purges()).toEqual(["purge crm-sync 1.0.0 crm-sync"]);
    expect(log.at(-1)).toStartWith("purge");
    expect(hostOf("web-1").calls().slice(-3)).toEqual([
      "disable 1.0.0 uninstall",
      "uninstall 1.0.0 uninstall",
      "unload 1.0.0",
    ]);
    await until(() => web2.apps.list().items.length === 0);
    expect(web2.apps.report()).toEqual({});
    expect(() => web1.apps.get(appId)).toThrow("There is no app");
    expect(web1.apps.local(appId)).toBeUndefined();
    expect(web1.status()).toMatchObject({ verdict: "healthy", apps: { total: 0 } });
  });

  test("again is a success; enabling what is gone is none", async () => {
    const { change, isGone, log, until } = await three();
    await change("uninstall");
    await until(isGone);
    const before = log.length;
    expect(await change("uninstall")).toMatchObject({ changed: false });
    expect(change("enable")).rejects.toMatchObject({ code: "APP_NOT_FOUND" });
    expect(log).toHaveLength(before);
  });

  test("is continued by a reinstall, which is a new installation on every node", async () => {
    const { change, converged, install, isGone, purges, tornDown, until, web1 } = await three();
    await change("uninstall");
    await until(isGone);
    const { app } = await install({ version: "2.0.0" });
    expect(app).toMatchObject({ generation: 3, desiredStatus: "enabled" });
    await converged(web1);
    await change("uninstall");
    await until(isGone);
    expect(purges()).toHaveLength(2);
    expect(tornDown()).toHaveLength(6);
    expect(tornDown().filter((line) => line.includes("2.0.0"))).toHaveLength(3);
  });

  test("clears away what a disabled app has left, for which it is loaded", async () => {
    const { change, converged, hostOf, isGone, tornDown, until, web1 } = await three();
    await change("disable");
    await converged(web1);
    hostOf("web-1").calls();
    await change("uninstall");
    await until(isGone);
    expect(tornDown()).toHaveLength(3);
    expect(hostOf("web-1").calls()).toEqual([
      "load 1.0.0",
      "construct 1.0.0 uninstall",
      "uninstall 1.0.0 uninstall",
      "unload 1.0.0",
    ]);
  });

  test("has nothing to clear away where the app has never been", async () => {
    const cluster = nodesOf();
    const log: string[] = [];
    const web1 = await cluster.start("web-1", clearing(log, "web-1"));
    const { change, install } = cluster.ops(web1);
    await install({ desiredStatus: "disabled" });
    await cluster.converged(web1);
    await change("uninstall");
    await cluster.until(() => web1.apps.list().items.length === 0);
    expect(log).toEqual(["purge crm-sync 1.0.0 crm-sync"]);
    expect(cluster.hostOf("web-1").calls()).toEqual([]);
  });
});

describe("the purge", () => {
  test("waits for a node that cannot tear down, names it, and no longer than ten minutes", async () => {
    const { change, clock, isGone, purges, until, web1, web3 } = await three({
      disable: () => Promise.reject(new Error("port in use")),
    });
    await change("uninstall");
    await until(() => (web1.apps.get(appId).uninstall?.waitingFor.length ?? 0) === 1);
    expect(web1.apps.get(appId).uninstall?.waitingFor).toMatchObject([
      { nodeId: "web-3", reason: { code: "disable_failed" } },
    ]);
    await clock.runFor(500_000);
    expect(purges()).toEqual([]);
    await until(isGone, 200_000);
    expect(purges()).toHaveLength(1);
    await until(() => web3.apps.list().items.length === 0);
  });

  test("waits for a node that joins in the middle", async () => {
    const { change, isGone, log, purges, start, until, web1 } = await three({
      uninstall: () => Promise.reject(new Error("busy")),
    });
    await change("uninstall");
    await until(() => (web1.apps.get(appId).uninstall?.waitingFor.length ?? 0) === 1);
    const late = await start("web-4", clearing(log, "web-4"));
    await until(() =>
      late.apps.rows(appId).items.some((row) => row.nodeId === "web-4" && row.converged),
    );
    expect(purges()).toEqual([]);
    await until(isGone, 700_000);
    expect(purges()).toHaveLength(1);
  });

  test("does not wait for a node that is gone; it tears down when it comes back, and purges nothing", async () => {
    const { change, finish, isGone, log, purges, start, tornDown, until, web1, web3 } =
      await three();
    await finish(web3.stop());
    await change("uninstall");
    await until(isGone);
    expect(tornDown()).toHaveLength(2);
    const again = await start("web-3", clearing(log, "web-3"));
    await until(() => tornDown().length === 3);
    expect(tornDown()[2]).toBe("uninstall web-3 1.0.0 uninstall");
    expect(purges()).toHaveLength(1);
    expect(again.apps.list().items).toEqual([]);
    expect(web1.apps.list().items).toEqual([]);
  });

  test("that fails is told, and tried until it is done", async () => {
    const { change, hostOf, isGone, until, web1 } = await three();
    let failures = 0;
    for (const id of ["web-1", "web-2", "web-3"]) {
      hostOf(id).hooks.purge = () => {
        failures += 1;
        if (failures <= 6) throw new Error("no database");
      };
    }
    await change("uninstall");
    await until(() => web1.apps.get(appId).uninstall?.error !== undefined, 120_000);
    expect(web1.apps.get(appId).uninstall).toMatchObject({
      phase: "purging",
      error: "Error: no database",
    });
    expect(web1.status().reasons.join()).toContain("cannot be purged: Error: no database");
    await until(isGone, 900_000);
    expect(failures).toBe(7);
  });

  test("tells nobody the settings and the licence, whatever the hook says", async () => {
    const cluster = nodesOf();
    const fails = () =>
      scriptedHost({ purge: () => Promise.reject(new Error("no db:hunter22 with LIC-4711")) });
    const web1 = await cluster.start("web-1", fails());
    await cluster.start("web-2", fails());
    const { change, install } = cluster.ops(web1);
    await install({ settings: { password: "hunter22" }, licence: "LIC-4711" });
    await cluster.converged(web1);
    await change("uninstall");
    await cluster.until(() => web1.apps.get(appId).uninstall?.error !== undefined, 120_000);
    expect(web1.apps.get(appId).uninstall?.error).toBe("Error: no db:[redacted] with [redacted]");
    const letters = await cluster.finish(web1.deadLetters.list({}));
    const told = JSON.stringify([web1.status(), web1.apps.explain(appId), letters]);
    expect(told).toContain("no db:[redacted]");
    expect(told).not.toMatch(/hunter22|LIC-4711/);
  });

  test("is done by another node where the owner of the app has no host", async () => {
    const cluster = nodesOf();
    const log: string[] = [];
    const owner = await cluster.start("web-1", "none");
    const web2 = await cluster.start("web-2", clearing(log, "web-2"));
    const { change, install } = cluster.ops(web2);
    await install();
    await cluster.converged(web2);
    await cluster.finish(
      owner.as({ name: "ops", role: "admin" }).nodes.drain("web-2", { reason: "x" }),
    );
    await cluster.until(() => web2.nodes.get("web-2").shards === 0);
    await change("uninstall");
    await cluster.until(() => web2.apps.list().items.length === 0);
    expect(log).toEqual(["uninstall web-2 1.0.0 uninstall", "purge crm-sync 1.0.0 crm-sync"]);
  });
});
