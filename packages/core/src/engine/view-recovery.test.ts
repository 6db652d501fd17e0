import { describe, expect, test } from "bun:test";
import { encode } from "../codec.ts";
import type { HistoryId } from "../model/ids.ts";
import { type Row, rowsOf, shardCount, world } from "./table-kit.test.ts";
import { closedGate, eventually, seededRandom } from "./view-kit.test.ts";
import { ViewSweeper } from "./view-sweeper.ts";
import { ViewTable } from "./view-table.ts";

describe("the sweep", () => {
  test("finds a lost publish and lists that shard alone", async () => {
    const { clock, cluster, sweeper, table, ready } = world();
    await ready();
    await sweeper.start();
    cluster.commit("app", 6, { a: { v: 1 } }, "lose");
    await clock.advance(4_000);
    expect(table.get("a")).toBeUndefined();
    await clock.advance(1_000);
    expect(table.get("a")).toEqual({ v: 1 });
    expect(cluster.calls.map(({ keys, method }) => [method, keys.length])).toEqual([
      ["versions", shardCount],
      ["list", 1],
    ]);
  });

  test("asks once for all tables", async () => {
    const { clock, cluster, table, common } = world();
    const other = new ViewTable<Row>({
      ...common,
      kind: "schedule",
      bus: cluster,
      now: () => clock.monotonic(),
    });
    const sweeper = new ViewSweeper({ ...common, tables: [table, other], sweepMs: 5_000 });
    await table.start();
    await other.start();
    await clock.settle();
    cluster.calls.length = 0;
    cluster.commit("schedule", 1, { s: { v: 1 } }, "lose");
    await sweeper.start();
    await clock.advance(5_000);
    expect(other.get("s")).toEqual({ v: 1 });
    expect(cluster.calls).toEqual([
      { method: "versions", keys: [0, 1, 2, 3, 4, 5, 6, 7], kinds: ["app", "schedule"] },
      { method: "list", keys: [1], kinds: ["schedule"] },
    ]);
  });

  test("an answer older than a hint applied meanwhile changes nothing", async () => {
    const { clock, cluster, sweeper, table, ready } = world();
    await ready();
    await sweeper.start();
    const { gate, open } = closedGate();
    cluster.gate = gate;
    await clock.advance(5_000);
    cluster.commit("app", 1, { a: { v: 1 } });
    cluster.gate = undefined;
    open();
    await clock.settle();
    expect(table.get("a")).toEqual({ v: 1 });
    expect(cluster.calls.map(({ method }) => method)).toEqual(["versions"]);
  });

  test("finds that the data went back within one history", async () => {
    const { clock, cluster, sweeper, table, ready } = world();
    cluster.commit("app", 1, { a: { v: 1 } });
    const restore = cluster.snapshot();
    cluster.commit("app", 1, { a: { v: 2 } });
    await ready();
    await sweeper.start();
    restore();
    await clock.advance(5_000);
    expect(table.get("a")).toEqual({ v: 1 });
    expect(table.version(1)?.n).toBe(1);
  });

  test("that is answered makes listings that wait for their retry begin at once", async () => {
    const { clock, cluster, sweeper, table, ready } = world();
    await ready();
    await sweeper.start();
    const list = cluster.list.bind(cluster);
    cluster.list = async () => {
      throw new Error("LOADING");
    };
    cluster.commit("app", 1, { a: { v: 1 } }, "bare");
    for (let failures = 0; failures < 8; failures++) await clock.advance(400 * failures);
    expect(table.stale).toBe(true);
    cluster.list = list;
    sweeper.now();
    await clock.settle();
    expect(table.get("a")).toEqual({ v: 1 });
    expect(table.stale).toBe(false);
  });

  test("a shard left out of the answer is stale, the others are not", async () => {
    const { clock, cluster, sweeper, table, ready } = world({ shardOf: (id) => Number(id) });
    await ready();
    await sweeper.start();
    const versions = cluster.versions.bind(cluster);
    cluster.versions = async (request) =>
      (await versions(request)).filter(({ shard }) => shard !== 3);
    await clock.advance(5_000);
    expect(table.isStale("3")).toBe(true);
    expect(table.isStale("4")).toBe(false);
  });
});

describe("a reset of the bus", () => {
  test("empties the buffer before it lists: what was published before the cut is not applied", async () => {
    const { clock, cluster, table } = world();
    cluster.commit("app", 1, { a: { v: 1 } });
    const restore = cluster.snapshot();
    const first = closedGate();
    cluster.gate = first.gate;
    await table.start();
    await clock.settle();
    // the buffered change is lost with the data; its number would be the next one
    cluster.commit("app", 1, { a: { v: 666 } });
    restore();
    cluster.gate = undefined;
    cluster.reset();
    await clock.settle();
    expect(table.get("a")).toEqual({ v: 1 });
    first.open();
    await clock.settle();
    expect(table.get("a")).toEqual({ v: 1 });
    expect(table.version(1)?.n).toBe(1);
  });

  test("makes the answer to a listing begun before it worthless", async () => {
    const { clock, cluster, table } = world();
    cluster.commit("app", 1, { a: { v: 1 } });
    const first = closedGate();
    cluster.gate = first.gate;
    await table.start();
    await clock.settle();
    cluster.commit("app", 1, { a: { v: 2 } }, "lose");
    cluster.gate = undefined;
    cluster.reset();
    await clock.settle();
    expect(table.get("a")).toEqual({ v: 2 });
    first.open();
    await clock.settle();
    expect(table.get("a")).toEqual({ v: 2 });
  });

  test("makes such an answer worthless also when it comes before the next listing has begun", async () => {
    const { clock, cluster, table } = world();
    cluster.commit("app", 1, { a: { v: 1 } });
    const { gate, open } = closedGate();
    cluster.gate = gate;
    await table.start();
    await clock.settle();
    cluster.commit("app", 1, { a: { v: 2 } }, "lose");
    cluster.gate = undefined;
    cluster.reset();
    open();
    await new Promise((resolve) => setImmediate(resolve));
    expect(table.ready).toBe(false);
    await clock.settle();
    expect(table.get("a")).toEqual({ v: 2 });
  });

  test("lists everything, and rows are stale until it has", async () => {
    const { clock, cluster, table, ready } = world();
    await ready();
    cluster.commit("app", 1, { a: { v: 1 } }, "lose");
    cluster.reset();
    expect(table.stale).toBe(true);
    expect(table.ready).toBe(true);
    await clock.settle();
    expect(cluster.calls).toEqual([
      { method: "list", keys: [0, 1, 2, 3, 4, 5, 6, 7], kinds: ["app"] },
    ]);
    expect(table.get("a")).toEqual({ v: 1 });
    expect(table.stale).toBe(false);
  });
});

describe("a frozen table", () => {
  test("never goes back to what late messages and late answers say", async () => {
    const { clock, cluster, sweeper, table, ready } = world();
    await ready();
    await sweeper.start();
    const late = [1, 2, 3].map((v) => cluster.commit("app", 1, { a: { v } }, "lose"));
    cluster.commit("app", 1, { a: "removed", b: { v: 9 } }, "bare");
    await clock.settle();
    const seen: unknown[] = [];
    table.onChange((id, row) => seen.push([id, row]));
    clock.freeze(60_000);
    expect(table.stale).toBe(true);
    for (const message of [...late, ...late.reverse()]) cluster.deliver(message);
    await clock.advance(5_000);
    expect(seen).toEqual([]);
    expect(rowsOf(table)).toEqual({ b: { v: 9 } });
    expect(table.stale).toBe(false);
  });

  test("agrees with the store in the end, and never takes an older version for a newer one", async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = seededRandom(seed);
      const { clock, cluster, sweeper, table } = world({ random });
      const versions = new Map<string, number>();
      table.onChange(() => {
        for (let shard = 0; shard < shardCount; shard++) {
          const version = table.version(shard);
          if (!version) continue;
          const key = `${shard}/${version.historyId}`;
          expect(version.n).toBeGreaterThanOrEqual(versions.get(key) ?? 0);
          versions.set(key, version.n);
        }
      });
      await table.start();
      await sweeper.start();
      cluster.held = [];
      let v = 0;
      let generation = 1;
      for (let step = 0; step < 120; step++) {
        const dice = random.below(100);
        const held = cluster.held;
        if (dice < 45) {
          const id = `r${random.below(12)}`;
          const row = random.below(4) === 0 ? "removed" : { v: ++v };
          const publish = (["deliver", "deliver", "deliver", "lose", "bare"] as const)[
            random.below(5)
          ];
          cluster.commit("app", Number(id.slice(1)) % shardCount, { [id]: row }, publish);
        } else if (dice < 75 && held.length > 0) {
          const at = random.below(Math.min(3, held.length));
          const message = held[at];
          if (random.below(5) > 0) held.splice(at, 1);
          if (message) cluster.deliver(message);
        } else if (dice < 82) cluster.away = !cluster.away;
        else if (dice < 85) cluster.reset();
        else if (dice < 87) cluster.historyId = `h${++generation}` as HistoryId;
        else if (dice < 90) {
          const { gate, open } = closedGate();
          cluster.gate = gate;
          clock.after(random.below(2_000), open);
        } else await clock.advance(random.below(800));
      }
      cluster.away = false;
      cluster.held = undefined;
      cluster.reset();
      await clock.advance(10_000);
      const truth: Record<string, Uint8Array> = {};
      for (let shard = 0; shard < shardCount; shard++) {
        for (const [id, row] of cluster.rows("app", shard)) truth[id] = row;
      }
      const known = Object.fromEntries([...table.entries()].map(([id, row]) => [id, encode(row)]));
      expect({ seed, rows: known }).toEqual({ seed, rows: truth });
      expect(table.stale).toBe(false);
      await table.stop();
      await sweeper.stop();
    }
  });
});

describe("while the backend is away", () => {
  test("rows stay, stale since the last confirmation, and come back by themselves", async () => {
    const { clock, cluster, logger, sweeper, table, ready } = world();
    cluster.commit("app", 1, { a: { v: 1 } });
    await ready();
    await sweeper.start();
    await clock.advance(5_000);
    const asOf = table.asOf;
    cluster.away = true;
    await clock.advance(5_000);
    expect(table.stale).toBe(true);
    await clock.advance(55_000);
    expect(table.stale).toBe(true);
    expect(table.ready).toBe(true);
    expect(table.asOf).toBe(asOf);
    expect(table.get("a")).toEqual({ v: 1 });
    expect(logger.lines.filter(({ level }) => level === "warn")).toHaveLength(1);
    cluster.commit("app", 1, { a: { v: 2 } }, "lose");
    cluster.away = false;
    await eventually(clock, () => !table.stale);
    expect(table.get("a")).toEqual({ v: 2 });
    expect(table.asOf).toBeGreaterThan(asOf + 55_000);
  });

  test("a start waits for it in the background", async () => {
    const { clock, cluster, table } = world();
    cluster.away = true;
    await table.start();
    await clock.advance(30_000);
    expect(table.ready).toBe(false);
    expect(table.asOf).toBe(0);
    cluster.away = false;
    await eventually(clock, () => table.ready);
    expect(cluster.subscribers).toBe(1);
  });

  test("rows are stale when nothing answers at all", async () => {
    const { clock, cluster, sweeper, table, ready } = world();
    await ready();
    await sweeper.start();
    cluster.gate = closedGate().gate;
    await clock.advance(12_000);
    expect(table.stale).toBe(true);
  });

  test("a shard that cannot be listed holds back no other", async () => {
    const { clock, cluster, table } = world({ shardOf: (id) => Number(id.slice(1)) });
    for (let shard = 0; shard < shardCount; shard++) {
      cluster.commit("app", shard, { [`r${shard}`]: { v: 1 } });
    }
    cluster.broken.add(3);
    await table.start();
    await eventually(clock, () => table.size === shardCount - 1);
    expect(table.isStale("r3")).toBe(true);
    expect(table.isStale("r4")).toBe(false);
    expect(table.ready).toBe(false);
    cluster.broken.clear();
    await eventually(clock, () => table.ready);
    expect(table.get("r3")).toEqual({ v: 1 });
  });
});

describe("a loss of data", () => {
  test("rows absent after a restart that kept the data were removed", async () => {
    const { clock, cluster, table, ready } = world();
    cluster.commit("app", 1, { a: { v: 1 } });
    await ready();
    cluster.commit("app", 1, { a: "removed" }, "lose");
    cluster.historyId = "h2" as HistoryId;
    cluster.reset();
    await clock.settle();
    expect(table.size).toBe(0);
    expect(table.lost.size).toBe(0);
  });

  test("rows absent because the version went back are remembered as lost", async () => {
    const { clock, cluster, table, ready } = world({ shardOf: () => 1 });
    const restore = cluster.snapshot();
    cluster.commit("app", 1, { a: { v: 1 } });
    await ready();
    restore();
    cluster.historyId = "h2" as HistoryId;
    cluster.reset();
    await clock.settle();
    expect(table.get("a")).toBeUndefined();
    expect([...table.lost]).toEqual([["a", { v: 1 }]]);
    expect(table.isRemoved("a", "h2")).toBe(false);
    cluster.commit("app", 1, { a: { v: 1 } });
    expect(table.lost.size).toBe(0);
    expect(table.get("a")).toEqual({ v: 1 });
  });

  test("rows absent because it went back within one history are lost too", async () => {
    const { clock, cluster, table, ready } = world();
    const restore = cluster.snapshot();
    cluster.commit("app", 1, { a: { v: 1 } });
    await ready();
    restore();
    cluster.reset();
    await clock.settle();
    expect([...table.lost.keys()]).toEqual(["a"]);
  });

  test("rows absent within one history were removed", async () => {
    const { clock, cluster, table, ready } = world({ shardOf: () => 1 });
    cluster.commit("app", 1, { a: { v: 1 } });
    await ready();
    cluster.commit("app", 1, { a: "removed" }, "lose");
    cluster.reset();
    await clock.settle();
    expect(table.lost.size).toBe(0);
    expect(table.isRemoved("a", "h1")).toBe(true);
    expect(table.isRemoved("a", "h0")).toBe(false);
  });

  test("a lost row can be taken as removed after all", async () => {
    const { clock, cluster, table, ready } = world();
    const restore = cluster.snapshot();
    cluster.commit("app", 1, { a: { v: 1 } });
    await ready();
    restore();
    cluster.reset();
    await clock.settle();
    const seen: unknown[] = [];
    table.onChange((id, row) => seen.push([id, row, table.lost.has(id)]));
    table.forgetLost("a");
    table.forgetLost("a");
    expect(seen).toEqual([["a", undefined, false]]);
  });
});
