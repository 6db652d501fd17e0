import { expect, test } from "bun:test";
import type { Incarnation, NodeId } from "../model/ids.ts";
import { type Backend, BackendUnavailable } from "../ports/backend.ts";
import { silentLogger } from "../ports/logger.ts";
import type { ReapedNode } from "../ports/membership-store.ts";
import { Reaper } from "./reaper.ts";

const term = { role: "reconciler", token: "t", fence: 1 };
const gone = (id: string): ReapedNode => ({
  id: id as NodeId,
  incarnation: "life" as Incarnation,
  state: "lost",
});

/** A store in which these nodes were reaped, and whose rows of some cannot be dropped. */
const setUp = (ids: readonly string[]) => {
  const state = { waiting: ids.map(gone), stuck: new Set<string>(), calls: 0, floors: 0 };
  const backend = {
    membership: {
      reap: async ({ done }: { done: readonly ReapedNode[] }) => {
        state.calls += 1;
        state.waiting = state.waiting.filter(({ id }) => !done.some((one) => one.id === id));
        return { kind: "reaped", nodes: state.waiting };
      },
      list: async () => ({ producerFloor: 7 }),
    },
    views: {
      dropStatus: async ({ nodeId }: { nodeId: string }) => {
        if (state.stuck.has(nodeId)) throw new BackendUnavailable("dropStatus");
        return { kind: "dropped" };
      },
    },
    shards: {
      raiseFloor: async () => {
        state.floors += 1;
      },
    },
  } as unknown as Backend;
  const reaper = new Reaper({
    backend,
    logger: silentLogger,
    goneMs: 1_000,
    ephemeralGoneMs: 1_000,
    shardCount: 2,
    leaves: async () => {},
    nodes: () => [],
    now: () => 0,
  });
  const run = async () => {
    const reaped = await reaper.run(term);
    return reaped === "fenced" ? reaped : reaped.map(({ id }) => String(id));
  };
  return { state, run };
};

test("what an earlier leader had begun is finished once, and a term then rests", async () => {
  const { state, run } = setUp(["web-1", "web-2"]);
  expect(await run()).toEqual(["web-1", "web-2"]);
  expect(state).toMatchObject({ waiting: [], calls: 2, floors: 1 });
  expect(await run()).toEqual([]);
  expect(state.calls).toBe(2);
});

test("rows that cannot be dropped now hold up no others, and are dropped by a later pass", async () => {
  const { state, run } = setUp(["web-1", "web-2"]);
  state.stuck.add("web-1");
  expect(await run()).toEqual(["web-2"]);
  expect(state.waiting.map(({ id }) => String(id))).toEqual(["web-1"]);
  expect(await run()).toEqual([]);
  state.stuck.clear();
  expect(await run()).toEqual(["web-1"]);
  expect(state.waiting).toEqual([]);
});
