/** Apps on whole nodes over the memory backend, in virtual time. */
import { describe, expect, test } from "bun:test";
import { memoryBackend } from "../memory/index.ts";
import { createMuster } from "../muster.ts";
import type { Muster } from "../muster-types.ts";
import { seededRandom } from "../testing/seeded-random.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { type FakeApp, scriptedHost } from "./app-kit.test.ts";
import type { AppRow } from "./model.ts";

const cluster = () => {
  const clock = new VirtualClock();
  const random = seededRandom(7);
  const backend = memoryBackend();
  const nodes = new Map<string, Muster>();
  const finish = async <T>(work: Promise<T>, withinMs = 30_000): Promise<T> => {
    let over = false;
    void work.then(
      () => {
        over = true;
      },
      () => {
        over = true;
      },
    );
    await clock.runUntil(() => over, withinMs);
    return work;
  };
  const make = (id: string, scripted = scriptedHost()): Muster => {
    const node = createMuster({
      cluster: "shop",
      node: { id },
      backend,
      clock,
      random: random.fork(),
      apps: { host: scripted.host },
      settings: { shardCount: 4 },
    });
    nodes.set(id, node);
    return node;
  };
  const start = async (id: string, scripted?: ReturnType<typeof scriptedHost>): Promise<Muster> => {
    const node = make(id, scripted);
    await finish(node.start());
    return node;
  };
  const row = (on: Muster, nodeId: string): AppRow | undefined =>
    on.apps.rows("crm-sync").items.find((item) => item.nodeId === nodeId);
  return {
    clock,
    finish,
    make,
    start,
    row,
    install: (on: Muster) =>
      finish(
        on
          .as({ name: "ops", role: "operator" })
          .apps.install({ id: "crm-sync", version: "1.0.0", reason: "first use" }),
      ),
    disable: (on: Muster) =>
      finish(
        on.as({ name: "ops", role: "operator" }).apps.disable("crm-sync", { reason: "night" }),
      ),
    until: (fact: () => boolean, withinMs = 30_000) => clock.runUntil(fact, withinMs),
  };
};

const intentOf = (node: Muster) => {
  const { desiredStatus, generation, changedBy } = node.apps.get("crm-sync");
  return { desiredStatus, generation, changedBy };
};
const enabledOnce = { desiredStatus: "enabled", generation: 1, changedBy: "ops" } as const;

describe("intent", () => {
  test("outlives failing hooks, the stop of every node, and a mass start", async () => {
    const { finish, install, make, start, until } = cluster();
    const failing = scriptedHost({ enable: () => Promise.reject(new Error("boom")) });
    const refusing = scriptedHost({ enable: () => false });
    const web1 = await start("web-1");
    const web2 = await start("web-2", failing);
    const web3 = await start("web-3", refusing);
    await install(web1);
    await until(
      () =>
        web1.apps.get("crm-sync").nodes?.every(({ reason }) => reason?.code !== "not_reported") ??
        false,
    );
    expect(intentOf(web1)).toEqual(enabledOnce);
    for (const node of [web1, web2, web3]) await finish(node.stop());

    const many = Array.from({ length: 20 }, (_, n) => make(`node-${n + 10}`));
    await finish(Promise.all(many.map((node) => node.start())), 120_000);
    const [first] = many;
    if (!first) throw new Error("no nodes");
    await until(() => first.apps.get("crm-sync").converged, 120_000);
    expect(intentOf(first)).toEqual(enabledOnce);
    const { nodes } = first.apps.get("crm-sync");
    expect(nodes).toHaveLength(20);
    expect(new Set(nodes?.map(({ initStatus }) => initStatus))).toEqual(new Set(["auto_enabled"]));
    await finish(Promise.all(many.map((node) => node.stop())), 60_000);
  }, 30_000);

  test("of a disabled app loads nothing on a node that starts", async () => {
    const { disable, install, row, start, until } = cluster();
    const web1 = await start("web-1");
    await install(web1);
    await disable(web1);
    const late = scriptedHost();
    await start("web-2", late);
    await until(() => row(web1, "web-2")?.initStatus === "manually_disabled");
    expect(late.calls()).toEqual([]);
    await until(() => web1.apps.get("crm-sync").converged);
  });
});

describe("stopping a node", () => {
  test("tears its apps down with cause shutdown and leaves its row as it was", async () => {
    const { clock, finish, install, row, start, until } = cluster();
    const scripted = scriptedHost();
    const web1 = await start("web-1");
    const web2 = await start("web-2", scripted);
    await install(web1);
    await until(() => row(web1, "web-2")?.converged === true);
    let during: AppRow | undefined;
    scripted.hooks.disable = async () => {
      await new Promise<void>((resolve) => {
        clock.after(1_000, resolve);
      });
      during = row(web1, "web-2");
    };
    scripted.calls();
    await finish(web2.stop());
    expect(scripted.calls()).toEqual(["disable 1.0.0 shutdown", "unload 1.0.0"]);
    expect(during).toMatchObject({ initStatus: "auto_enabled", nodeState: "draining" });
    await until(() => web1.apps.rows("crm-sync").items.length === 1);
    expect(intentOf(web1)).toEqual(enabledOnce);
  });
});

describe("retries", () => {
  /** Attempts at `hook` in an hour of virtual time, as seconds after the first. */
  const attempts = async (script: Parameters<typeof scriptedHost>[0], hook: string) => {
    const parts = cluster();
    const { clock, install, start } = parts;
    const at: number[] = [];
    const scripted = scriptedHost(script);
    const { host } = scripted;
    const web1 = await start("web-1", {
      ...scripted,
      host: {
        ...host,
        load: (ref, context) => {
          if (hook === "load") at.push(clock.monotonic());
          return host.load(ref, context);
        },
        enable: (app: FakeApp, context) => {
          if (hook === "enable") at.push(clock.monotonic());
          return host.enable?.(app, context);
        },
      },
    });
    await install(web1);
    await clock.runFor(3_600_000);
    const [first = 0] = at;
    return { ...parts, web1, scripted, seconds: at.map((ms) => Math.round((ms - first) / 1_000)) };
  };

  test("of a throwing hook double up to five minutes and never end", async () => {
    const { seconds, row, web1 } = await attempts(
      { enable: () => Promise.reject(new Error("boom")) },
      "enable",
    );
    const gaps = seconds.slice(1).map((second, index) => second - (seconds[index] ?? 0));
    expect(gaps.length).toBeGreaterThan(18);
    for (const [index, gap] of gaps.entries()) {
      const most = Math.min(300, 2 ** index);
      expect(gap).toBeWithin(Math.floor(most * 0.79), most + 2);
    }
    expect(row(web1, "web-1")).toMatchObject({
      attempts: seconds.length,
      lastError: "enable: boom",
    });
  }, 30_000);

  test("of a package that does not compile do not happen", async () => {
    const { seconds, row, web1 } = await attempts(
      { load: () => ({ kind: "broken", error: "Unexpected token" }) },
      "load",
    );
    expect(seconds).toEqual([0]);
    expect(row(web1, "web-1")).toMatchObject({
      initStatus: "compiler_error_disabled",
      nextAttemptAt: null,
    });
    expect(web1.status().apps).toEqual({ total: 1, converged: 0, drifted: 1, terminal: 1 });
  }, 30_000);

  test("of a refusal come about every five minutes", async () => {
    const { seconds } = await attempts({ enable: () => false }, "enable");
    expect(seconds.length).toBeWithin(10, 17);
    for (const [index, second] of seconds.slice(1).entries()) {
      expect(second - (seconds[index] ?? 0)).toBeWithin(239, 362);
    }
  }, 30_000);

  test("go on where they were in the next run of the node, which tries at once", async () => {
    const { finish, row, seconds, start, until, web1 } = await attempts(
      { enable: () => Promise.reject(new Error("boom")) },
      "enable",
    );
    await finish(web1.stop());
    const scripted = scriptedHost({ enable: () => Promise.reject(new Error("still")) });
    const again = await start("web-1", scripted);
    await until(() => row(again, "web-1")?.lastError === "enable: still", 2_000);
    expect(row(again, "web-1")?.attempts).toBe(seconds.length + 1);
    delete scripted.hooks.enable;
    await until(() => row(again, "web-1")?.converged === true, 400_000);
    expect(row(again, "web-1")).toMatchObject({
      attempts: 0,
      lastError: null,
      nextAttemptAt: null,
    });
  }, 30_000);
});
