import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { encode } from "../codec.ts";
import type { HistoryId } from "../model/ids.ts";
import { rowsOf, shardCount, world } from "./table-kit.test.ts";
import { closedGate } from "./view-kit.test.ts";

describe("listing", () => {
  test("all shards are listed in one call, after the subscription stands", async () => {
    const { clock, cluster, table } = world();
    cluster.commit("app", 3, { a: { v: 1 } });
    await table.start();
    expect(table.ready).toBe(false);
    await clock.settle();
    expect(cluster.calls.map(({ method, keys }) => [method, keys.length])).toEqual([
      ["subscribe", 0],
      ["list", shardCount],
    ]);
    expect(table.ready).toBe(true);
    expect(table.stale).toBe(false);
    expect(rowsOf(table)).toEqual({ a: { v: 1 } });
    expect(table.version(3)).toEqual({ historyId: "h1" as HistoryId, n: 1 });
  });

  test("a change published during the listing is applied after it", async () => {
    const { clock, cluster, table } = world();
    const { gate, open } = closedGate();
    cluster.gate = gate;
    await table.start();
    await clock.settle();
    cluster.commit("app", 1, { a: { v: 1 } });
    cluster.commit("app", 1, { a: { v: 2 } });
    open();
    await clock.settle();
    expect(rowsOf(table)).toEqual({ a: { v: 2 } });
    expect(cluster.count("list")).toBe(1);
  });

  test("more hints than are kept during a listing make another listing", async () => {
    const { clock, cluster, table } = world();
    const { gate, open } = closedGate();
    cluster.gate = gate;
    await table.start();
    await clock.settle();
    for (let v = 1; v <= 1_500; v++) cluster.commit("app", 1, { a: { v } });
    open();
    await clock.settle();
    expect(table.get("a")).toEqual({ v: 1_500 });
    expect(cluster.calls.at(-1)).toEqual({ method: "list", keys: [1], kinds: ["app"] });
  });

  test("10,000 rows are listed within a second", async () => {
    const { cluster, table, ready } = world({ schema: z.strictObject({ v: z.number() }) });
    for (let id = 0; id < 10_000; id++) {
      cluster.commit("app", id % shardCount, { [`app-${id}`]: { v: id } }, "lose");
    }
    const begun = performance.now();
    await ready();
    expect(table.size).toBe(10_000);
    expect(performance.now() - begun).toBeLessThan(1_000);
  });
});

describe("watching", () => {
  test("exact successors are applied without any call", async () => {
    const { cluster, table, ready } = world();
    await ready();
    const seen: unknown[] = [];
    table.onChange((id, row) => seen.push([id, row]));
    cluster.commit("app", 2, { a: { v: 1 }, b: { v: 1 } });
    cluster.commit("app", 2, { a: "removed" });
    expect(seen).toEqual([
      ["a", { v: 1 }],
      ["b", { v: 1 }],
      ["a", undefined],
    ]);
    expect(rowsOf(table)).toEqual({ b: { v: 1 } });
    expect(cluster.calls).toEqual([]);
  });

  test("a gap lists that shard alone, in one call for all that came meanwhile", async () => {
    const { clock, cluster, table, ready } = world();
    await ready();
    cluster.commit("app", 2, { a: { v: 1 } }, "lose");
    cluster.commit("app", 2, { b: { v: 1 } });
    cluster.commit("app", 2, { c: { v: 1 } });
    expect(rowsOf(table)).toEqual({});
    expect(table.stale).toBe(true);
    expect(table.isStale("a")).toBe(true);
    await clock.settle();
    expect(cluster.calls).toEqual([{ method: "list", keys: [2], kinds: ["app"] }]);
    expect(rowsOf(table)).toEqual({ a: { v: 1 }, b: { v: 1 }, c: { v: 1 } });
    expect(table.stale).toBe(false);
  });

  test("gaps in several shards within one tick are listed in one call", async () => {
    const { clock, cluster, ready } = world();
    await ready();
    for (const shard of [1, 4, 6]) {
      cluster.commit("app", shard, { [`a${shard}`]: { v: 1 } }, "lose");
      cluster.commit("app", shard, { [`b${shard}`]: { v: 1 } });
    }
    await clock.settle();
    expect(cluster.calls).toEqual([{ method: "list", keys: [1, 4, 6], kinds: ["app"] }]);
  });

  test("a publish without rows lists that shard alone", async () => {
    const { clock, cluster, table, ready } = world();
    await ready();
    cluster.commit("app", 5, { a: { v: 1 } }, "bare");
    await clock.settle();
    expect(cluster.calls).toEqual([{ method: "list", keys: [5], kinds: ["app"] }]);
    expect(table.get("a")).toEqual({ v: 1 });
  });

  test("a listing tells listeners only of rows that differ", async () => {
    const { clock, cluster, table, ready } = world();
    cluster.commit("app", 5, { a: { v: 1 }, b: { v: 1 }, c: { v: 1 } });
    await ready();
    const seen: unknown[] = [];
    table.onChange((id, row) => seen.push([id, row]));
    cluster.commit("app", 5, { b: { v: 2 }, c: "removed" }, "bare");
    await clock.settle();
    expect(seen).toEqual([
      ["b", { v: 2 }],
      ["c", undefined],
    ]);
  });

  test("rows are copied: the store may reuse the bytes it delivered", async () => {
    const { cluster, table, ready } = world();
    await ready();
    const bytes = encode({ v: 1 });
    cluster.commit("app", 0, { a: bytes });
    bytes.set(encode({ v: 2 }));
    cluster.commit("app", 0, { a: bytes });
    expect(table.get("a")).toEqual({ v: 2 });
  });

  test("a listener that throws disturbs neither the others nor the table", async () => {
    const { cluster, logger, table, ready } = world();
    await ready();
    const seen: string[] = [];
    table.onChange(() => {
      throw new Error("bad listener");
    });
    const end = table.onChange((id) => seen.push(id));
    cluster.commit("app", 0, { a: { v: 1 } });
    end();
    cluster.commit("app", 0, { b: { v: 1 } });
    expect(seen).toEqual(["a"]);
    expect(logger.lines.filter(({ level }) => level === "error")).toHaveLength(2);
  });
});

describe("rows that cannot be read", () => {
  const schema = z.strictObject({ v: z.number() });

  test("are named and listed, and block nothing (I8)", async () => {
    const { cluster, logger, table, ready } = world({ schema });
    cluster.commit("app", 1, { bad: new Uint8Array([0xc1]), odd: { v: "x" }, good: { v: 1 } });
    await ready();
    expect(rowsOf(table)).toEqual({ good: { v: 1 } });
    expect(table.unreadable().map(({ id, shard }) => [id, shard])).toEqual([
      ["bad", 1],
      ["odd", 1],
    ]);
    const errors = logger.lines.filter(({ level }) => level === "error");
    expect(errors.map(({ fields }) => (fields as { id: string }).id)).toEqual(["bad", "odd"]);
  });

  test("leave the last readable row in place, and are not named twice", async () => {
    const { clock, cluster, logger, table, ready } = world({ schema });
    cluster.commit("app", 1, { a: { v: 1 } });
    await ready();
    const seen: unknown[] = [];
    table.onChange((id, row) => seen.push([id, row]));
    cluster.commit("app", 1, { a: { future: true } });
    cluster.reset();
    await clock.settle();
    expect(table.get("a")).toEqual({ v: 1 });
    expect(table.unreadable()).toHaveLength(1);
    expect(seen).toEqual([]);
    expect(logger.lines.filter(({ level }) => level === "error")).toHaveLength(1);
    cluster.commit("app", 1, { a: { v: 2 } });
    expect(table.unreadable()).toEqual([]);
    expect(seen).toEqual([["a", { v: 2 }]]);
  });

  test("are forgotten when removed", async () => {
    const { cluster, table, ready } = world({ schema });
    cluster.commit("app", 1, { a: new Uint8Array([0xc1]) });
    await ready();
    cluster.commit("app", 1, { a: "removed" });
    expect(table.unreadable()).toEqual([]);
  });
});

describe("waitUntil", () => {
  test("is met at once, or by the change that makes it true", async () => {
    const { clock, cluster, table, ready } = world();
    await ready();
    const met = table.waitUntil(() => table.get("a")?.v === 2, { timeoutMs: 1_000, id: "a" });
    cluster.commit("app", 1, { a: { v: 1 } });
    cluster.commit("app", 1, { a: { v: 2 } });
    expect(await met).toBe("met");
    expect(await table.waitUntil(() => true, { timeoutMs: 0 })).toBe("met");
    await clock.settle();
    expect(clock.timers).toBe(0);
  });

  test("lists the row's shard when its hint seems lost", async () => {
    const { clock, cluster, table, ready } = world({ shardOf: () => 4 });
    await ready();
    const met = table.waitUntil(() => table.get("a") !== undefined, { timeoutMs: 5_000, id: "a" });
    cluster.commit("app", 4, { a: { v: 1 } }, "lose");
    await clock.advance(300);
    expect(await met).toBe("met");
    expect(cluster.calls).toEqual([{ method: "list", keys: [4], kinds: ["app"] }]);
  });

  test("ends at its time-out and when the table stops", async () => {
    const { clock, table, ready } = world();
    await ready();
    const late = table.waitUntil(() => false, { timeoutMs: 100 });
    await clock.advance(100);
    expect(await late).toBe("timeout");
    const stopped = table.waitUntil(() => false, { timeoutMs: 100 });
    await table.stop();
    expect(await stopped).toBe("stopped");
    expect(await table.waitUntil(() => false, { timeoutMs: 100 })).toBe("stopped");
  });
});

describe("the life-cycle", () => {
  test("stop before start and twice is fine, and nothing is started afterwards", async () => {
    const { clock, cluster, table, sweeper } = world();
    await table.stop();
    await table.stop();
    await sweeper.stop();
    await table.start();
    await sweeper.start();
    await clock.advance(20_000);
    expect(cluster.calls).toEqual([]);
  });

  test("a stopped table keeps its rows as stale and listens no more", async () => {
    const { clock, cluster, table, sweeper, ready } = world();
    cluster.commit("app", 1, { a: { v: 1 } });
    await ready();
    await sweeper.start();
    await table.start();
    await table.stop();
    await sweeper.stop();
    cluster.commit("app", 1, { a: { v: 2 } });
    await clock.advance(20_000);
    expect(table.get("a")).toEqual({ v: 1 });
    expect(table.stale).toBe(true);
    expect(cluster.subscribers).toBe(0);
    expect(cluster.calls).toEqual([]);
    expect(clock.timers).toBe(0);
  });

  test("a stop while it subscribes leaves no subscription behind", async () => {
    const { clock, cluster, table } = world();
    const { gate, open } = closedGate();
    const subscribe = cluster.subscribe.bind(cluster);
    cluster.subscribe = async (topic, deliver) => {
      await gate;
      return subscribe(topic, deliver);
    };
    await table.start();
    await table.stop();
    open();
    await clock.settle();
    expect(cluster.subscribers).toBe(0);
  });
});
