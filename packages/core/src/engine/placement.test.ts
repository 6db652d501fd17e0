import { describe, expect, test } from "bun:test";
import type { Incarnation, NodeId } from "../model/ids.ts";
import type { NodeRecord, NodeState } from "../model/node-record.ts";
import { placeShards } from "./placement.ts";

const node = (
  id: string,
  part: { state?: NodeState; cordoned?: boolean; weight?: number } = {},
) => {
  const { state = "up", cordoned = false, weight = 1 } = part;
  return {
    id: id as NodeId,
    incarnation: `${id}-run` as Incarnation,
    state,
    cordoned,
    leaseUntil: 0,
    startedAt: 0,
    lastHeartbeatAt: 0,
    info: { host: "h", pid: 1, version: "1", runtime: "r", weight, ephemeral: false, kinds: [] },
    stats: { shards: 0, loopLagMs: 0, memoryBytes: 0 },
  } satisfies NodeRecord;
};

const shares = (nodes: readonly NodeRecord[], shardCount: number): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const owner of placeShards(nodes, shardCount)) {
    const name = owner ?? "nobody";
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
};

describe("placement", () => {
  test("gives no node more than its share, rounded up", () => {
    for (let cluster = 0; cluster < 50; cluster++) {
      const nodes = [1, 2, 3].map((n) => node(`web-${cluster}-${n}`));
      for (const count of Object.values(shares(nodes, 16))) expect(count).toBeLessThanOrEqual(6);
    }
  });

  test("follows weights", () => {
    expect(shares([node("big", { weight: 3 }), node("small")], 16)).toEqual({ big: 12, small: 4 });
  });

  test("is the same whatever order the nodes are listed in", () => {
    const nodes = ["a", "b", "c", "d"].map((id) => node(id));
    expect(placeShards(nodes.toReversed(), 32)).toEqual(placeShards(nodes, 32));
  });

  test("leaves out nodes that are not up, are cordoned, or weigh nothing", () => {
    const nodes = [
      node("a"),
      node("b", { state: "draining" }),
      node("c", { state: "suspect" }),
      node("d", { cordoned: true }),
      node("e", { state: "joining" }),
      node("f", { weight: 0 }),
    ];
    expect(shares(nodes, 16)).toEqual({ a: 16 });
    expect(shares(nodes.slice(1), 16)).toEqual({ nobody: 16 });
  });

  test("moves little more than what a new node takes", () => {
    let moved = 0;
    let taken = 0;
    for (let cluster = 0; cluster < 100; cluster++) {
      const nodes = [1, 2, 3, 4].map((n) => node(`web-${cluster}-${n}`));
      const before = placeShards(nodes.slice(0, 3), 16);
      const after = placeShards(nodes, 16);
      moved += after.filter((owner, shard) => owner !== before[shard]).length;
      taken += after.filter((owner) => owner === `web-${cluster}-4`).length;
    }
    expect(taken / 100).toBeGreaterThan(3);
    expect(moved / taken).toBeLessThan(1.6);
  });
});
