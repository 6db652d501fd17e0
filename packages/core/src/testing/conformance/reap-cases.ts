/** Reaping: nodes that are gone for long are forgotten, by whoever holds the role. */
import type { Incarnation, NodeId, ProducerId } from "../../model/ids.ts";
import type { Term } from "../../ports/guard.ts";
import type { ReapedNode, ReapRequest } from "../../ports/membership-store.ts";
import { assertEqual, assertKind, assertThat, only } from "./assert.ts";
import type { ConformanceCase, ConformanceContext } from "./context.ts";
import {
  append,
  assertAppended,
  beatFor,
  beatRequest,
  bytes,
  freshId,
  joinRequest,
  leaseMs,
  nodeInfo,
  producerOf,
  startNode,
  type TestNode,
} from "./test-node.ts";

const role = "reaper";
const goneMs = 4 * leaseMs;
const ephemeral = { info: { ...nodeInfo, ephemeral: true } };

const elect = async (node: TestNode): Promise<Term> =>
  assertKind(await node.backend.guard.elect({ role, ttlMs: 60_000 }), "elected", "election").term;

const reap = async (
  node: TestNode,
  term: Term,
  over: Partial<ReapRequest> = {},
): Promise<readonly ReapedNode[]> => {
  const request = { term, goneMs, ephemeralGoneMs: goneMs, done: [], ...over };
  const answer = assertKind(await node.backend.membership.reap(request), "reaped", "reaping");
  return [...answer.nodes].sort((a, b) => (a.id < b.id ? -1 : 1));
};

const idsSeen = async (node: TestNode): Promise<readonly string[]> =>
  (await node.backend.membership.list()).nodes.map(({ id }) => id).sort();

const lost = ({ id, incarnation }: TestNode): ReapedNode => ({ id, incarnation, state: "lost" });

const writeRow = (node: TestNode, seq: number, over: { reset?: boolean; life?: string } = {}) =>
  node.backend.views.writeStatus({
    nodeId: node.id,
    incarnation: (over.life ?? node.incarnation) as Incarnation,
    seq,
    reset: over.reset ?? false,
    rows: [{ unit: "app/crm", row: bytes(`row ${seq}`) }],
  });

const rowsOf = async (node: TestNode, nodeId: NodeId) =>
  only(await node.backend.views.listStatus({ nodes: [nodeId] }), "status");

/** One that leads, and one that was lost for longer than `goneMs`. */
const leaderAndGone = async (context: ConformanceContext) => {
  const gone = await startNode(context, "gone");
  const leader = await startNode(context, "leader");
  await beatFor(context, [leader], goneMs + leaseMs);
  return { leader, gone, term: await elect(leader) };
};

export const reapCases: readonly ConformanceCase[] = [
  {
    title: "a node lost for longer than the bound is forgotten, one lost since is kept",
    run: async (context) => {
      const old = await startNode(context, "old");
      const leader = await startNode(context, "leader");
      const recent = await startNode(context, "recent");
      await beatFor(context, [leader, recent], goneMs);
      await beatFor(context, [leader], 2 * leaseMs);
      const term = await elect(leader);
      const { version } = await leader.backend.membership.list();
      assertEqual(await reap(leader, term), [lost(old)], "reaped");
      assertEqual(await idsSeen(leader), ["leader", "recent"], "nodes");
      const after = await leader.backend.membership.list();
      assertThat(after.version > version, "the version is raised");
    },
  },
  {
    title: "an ephemeral node has a bound of its own, and one that left in order is forgotten, too",
    run: async (context) => {
      const lasting = await startNode(context, "lasting");
      const passing = await startNode(context, "passing", ephemeral);
      const leader = await startNode(context, "leader");
      const leaver = await startNode(context, "leaver", ephemeral);
      await leaver.backend.membership.leave(beatRequest(leaver));
      await beatFor(context, [leader], 3 * leaseMs);
      const term = await elect(leader);
      const bounds = { goneMs: 60_000, ephemeralGoneMs: 2 * leaseMs };
      assertEqual(
        await reap(leader, term, bounds),
        [{ ...lost(leaver), state: "left" }, lost(passing)],
        "reaped",
      );
      assertEqual(await idsSeen(leader), ["lasting", "leader"], "nodes");
      assertThat(lasting.joined.join > 0, "it is lost and kept");
    },
  },
  {
    title: "live nodes are never forgotten",
    run: async (context) => {
      const leader = await startNode(context, "leader");
      const other = await startNode(context, "other");
      await beatFor(context, [leader, other], leaseMs);
      const bounds = { goneMs: 0, ephemeralGoneMs: 0 };
      assertEqual(await reap(leader, await elect(leader), bounds), [], "reaped");
      assertEqual(await idsSeen(leader), ["leader", "other"], "nodes");
    },
  },
  {
    title: "a term that was given back, or another took over, reaps nothing",
    run: async (context) => {
      const { leader, gone, term } = await leaderAndGone(context);
      const request = { term, goneMs, ephemeralGoneMs: goneMs, done: [] };
      await leader.backend.guard.resign({ term });
      assertEqual(await leader.backend.membership.reap(request), { kind: "fenced" }, "resigned");
      const next = await elect(leader);
      assertEqual(await leader.backend.membership.reap(request), { kind: "fenced" }, "replaced");
      assertEqual(await idsSeen(leader), ["gone", "leader"], "nodes");
      assertEqual(await reap(leader, next), [lost(gone)], "the next term");
    },
  },
  {
    title: "a reaped node is answered until its rows are said to be dropped",
    run: async (context) => {
      const { leader, gone, term } = await leaderAndGone(context);
      assertEqual(await reap(leader, term), [lost(gone)], "reaped");
      assertEqual(await reap(leader, term), [lost(gone)], "not done");
      const other = [{ id: gone.id, incarnation: "another" as Incarnation }];
      assertEqual(await reap(leader, term, { done: other }), [lost(gone)], "another is done");
      assertEqual(await reap(leader, term, { done: [lost(gone)] }), [], "done");
      assertEqual(await reap(leader, term), [], "later");
    },
  },
  {
    title: "a process whose node was reaped is refused until it joins, and begins anew",
    run: async (context) => {
      const { leader, gone, term } = await leaderAndGone(context);
      await leader.backend.membership.cordon({ nodeId: gone.id, cordoned: true });
      await writeRow(gone, 1, { reset: true });
      await reap(leader, term);
      await leader.backend.views.dropStatus({ nodeId: gone.id, incarnation: gone.incarnation });
      assertEqual(
        await gone.backend.membership.heartbeat(beatRequest(gone)),
        { kind: "superseded", incarnation: "none" },
        "heartbeat",
      );
      assertEqual(
        await writeRow(gone, 2),
        { kind: "superseded", incarnation: "none" },
        "status rows",
      );
      const request = joinRequest(gone.id, gone.incarnation);
      const again = assertKind(await gone.backend.membership.join(request), "joined", "join");
      assertThat(again.join > gone.joined.join, "the join has a number of its own");
      assertEqual(again.cordoned, false, "cordoned");
      const accepted = await gone.backend.membership.heartbeat(beatRequest(gone));
      assertEqual(assertKind(accepted, "accepted", "heartbeat").flaps, 0, "flaps");
      assertKind(await writeRow(gone, 3, { reset: true }), "written", "rows of the new start");
      assertEqual((await rowsOf(leader, gone.id)).rows.length, 1, "rows");
    },
  },
  {
    title: "rows of a reaped node are dropped, those of a later incarnation are not",
    run: async (context) => {
      const { leader, gone } = await leaderAndGone(context);
      await writeRow(gone, 1, { reset: true });
      const { views } = leader.backend;
      const drop = { nodeId: gone.id, incarnation: gone.incarnation };
      assertEqual(await views.dropStatus(drop), { kind: "dropped" }, "first");
      assertEqual(await views.dropStatus(drop), { kind: "dropped" }, "repeat");
      const { incarnation, rows } = await rowsOf(leader, gone.id);
      assertEqual({ incarnation, rows }, { incarnation: "none", rows: [] }, "status");
      await writeRow(gone, 1, { reset: true, life: "next" });
      assertEqual(await views.dropStatus(drop), { kind: "superseded" }, "later");
      assertEqual((await rowsOf(leader, gone.id)).rows.length, 1, "rows of the later one");
    },
  },
  {
    title: "a raised floor drops producers below it for good, and never falls",
    run: async (context) => {
      const node = await startNode(context);
      const shards = [0, 1, 2, 3];
      const low = producerOf(node);
      const high = `${node.joined.join + 1}.${freshId("r")}` as ProducerId;
      await append(node, 1, low, 1);
      await append(node, 1, high, 1);
      await node.backend.shards.raiseFloor({ shards, floor: node.joined.join + 1 });
      await node.backend.shards.raiseFloor({ shards, floor: 1 });
      const reaped = { kind: "unknown-producer", reaped: true } as const;
      assertEqual(await append(node, 1, low, 2), reaped, "its next");
      assertEqual(await append(node, 2, producerOf(node), 1), reaped, "another shard");
      assertAppended(await append(node, 1, high, 2), 2, "above");
    },
  },
];
