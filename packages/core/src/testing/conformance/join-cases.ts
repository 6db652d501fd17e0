/** Joining, leaving, cordons and counters of the membership store. */
import type { NodeId } from "../../model/ids.ts";
import { assertEqual, assertKind, assertThat } from "./assert.ts";
import type { ConformanceCase } from "./context.ts";
import {
  beat,
  beatRequest,
  freshId,
  joinRequest,
  leaseMs,
  nodeInfo,
  openNode,
  recordOf,
  shardCount,
  startNode,
} from "./test-node.ts";

export const joinCases: readonly ConformanceCase[] = [
  {
    title: "the first join creates the cluster's data and later ones find it",
    run: async (context) => {
      const first = await startNode(context, "web-1");
      const second = await startNode(context, "web-2");
      assertEqual(first.joined.created, true, "first created");
      assertEqual(second.joined.created, false, "second created");
      assertEqual(second.joined.datasetId, first.joined.datasetId, "dataset");
      assertEqual(second.joined.shardCount, shardCount, "shard count");
      assertThat(second.joined.join > first.joined.join, "join numbers grow");
      assertThat(second.joined.version > first.joined.version, "a join raises the version");
    },
  },
  {
    title: "a joined node is listed with what it told of itself",
    run: async (context) => {
      const node = await startNode(context, "web-1");
      const record = await recordOf(node, "web-1");
      assertEqual(record.incarnation, node.incarnation, "incarnation");
      assertEqual(record.state, "joining", "state");
      assertEqual(record.cordoned, false, "cordoned");
      assertEqual(record.info, nodeInfo, "info");
      assertThat(record.leaseUntil > node.joined.now, "the lease lies ahead");
      assertThat(record.leaseUntil <= node.joined.now + leaseMs + 50, "by one lease");
    },
  },
  {
    title: "a join repeated by the same incarnation registers nothing again",
    run: async (context) => {
      const node = await startNode(context, "web-1");
      const before = await node.backend.membership.list();
      const repeat = assertKind(
        await node.backend.membership.join(joinRequest("web-1", node.incarnation)),
        "joined",
        "repeat",
      );
      assertEqual(repeat.join, node.joined.join, "join number");
      assertEqual(repeat.created, true, "created");
      assertEqual((await node.backend.membership.list()).version, before.version, "version");
    },
  },
  {
    title: "a join with another shard count is refused with the count that stands",
    run: async (context) => {
      const node = await startNode(context, "web-1");
      const answer = await node.backend.membership.join(
        joinRequest("web-2", freshId("life"), { shardCount: 8 }),
      );
      assertEqual(answer, { kind: "mismatch", shardCount }, "answer");
      assertEqual((await node.backend.membership.list()).nodes.length, 1, "nodes");
    },
  },
  {
    title: "a restart within the lease is refused with the time that is left",
    run: async (context) => {
      const old = await startNode(context, "web-1");
      await beat(old);
      const backend = await openNode(context, "web-1");
      const answer = assertKind(
        await backend.membership.join(joinRequest("web-1", freshId("life"))),
        "taken",
        "restart",
      );
      assertEqual(answer.incarnation, old.incarnation, "holder");
      assertThat(answer.waitMs > 0 && answer.waitMs <= leaseMs, `waits ${answer.waitMs} ms`);
    },
  },
  {
    title: "a restart after the lease joins as a new incarnation with a higher number",
    run: async (context) => {
      const old = await startNode(context, "web-1");
      await beat(old);
      await old.backend.close();
      await context.advance(leaseMs + 50);
      const next = await startNode(context, "web-1");
      assertThat(next.joined.join > old.joined.join, "join number grows");
      const record = await recordOf(next, "web-1");
      assertEqual(record.incarnation, next.incarnation, "incarnation");
      assertEqual(record.state, "joining", "state");
    },
  },
  {
    title: "a node that has left joins again at once",
    run: async (context) => {
      const old = await startNode(context, "web-1");
      await beat(old);
      await old.backend.membership.leave({
        nodeId: old.id,
        incarnation: old.incarnation,
      });
      assertEqual((await recordOf(old, "web-1")).state, "left", "state");
      const next = await startNode(context, "web-1");
      assertEqual((await recordOf(next, "web-1")).incarnation, next.incarnation, "incarnation");
    },
  },
  {
    title: "leaving raises the version once, however often it is repeated",
    run: async (context) => {
      const node = await startNode(context, "web-1");
      const request = { nodeId: node.id, incarnation: node.incarnation };
      const before = (await node.backend.membership.list()).version;
      await node.backend.membership.leave(request);
      const after = (await node.backend.membership.list()).version;
      await node.backend.membership.leave(request);
      assertThat(after > before, "leaving raises the version");
      assertEqual((await node.backend.membership.list()).version, after, "version after repeat");
    },
  },
  {
    title: "a late leave of a former incarnation leaves its successor alone",
    run: async (context) => {
      const old = await startNode(context, "web-1");
      await old.backend.membership.leave({
        nodeId: old.id,
        incarnation: old.incarnation,
      });
      const next = await startNode(context, "web-1");
      await beat(next);
      await old.backend.membership.leave({
        nodeId: old.id,
        incarnation: old.incarnation,
      });
      assertEqual((await recordOf(next, "web-1")).state, "up", "state");
    },
  },
  {
    title: "a heartbeat after leaving is refused and does not bring the node back",
    run: async (context) => {
      const node = await startNode(context, "web-1");
      await node.backend.membership.leave({
        nodeId: node.id,
        incarnation: node.incarnation,
      });
      const answer = await node.backend.membership.heartbeat(beatRequest(node));
      assertEqual(answer, { kind: "superseded", incarnation: "none" }, "answer");
      assertEqual((await recordOf(node, "web-1")).state, "left", "state");
    },
  },
  {
    title: "a late join of an incarnation that has left does not bring the node back",
    run: async (context) => {
      const node = await startNode(context, "web-1");
      await node.backend.membership.leave({
        nodeId: node.id,
        incarnation: node.incarnation,
      });
      await node.backend.membership.join(joinRequest("web-1", node.incarnation));
      assertEqual((await recordOf(node, "web-1")).state, "left", "state");
    },
  },
  {
    title: "a heartbeat of a replaced incarnation is refused and names its successor",
    run: async (context) => {
      const old = await startNode(context, "web-1");
      await old.backend.membership.leave({
        nodeId: old.id,
        incarnation: old.incarnation,
      });
      const next = await startNode(context, "web-1");
      const answer = await old.backend.membership.heartbeat(beatRequest(old));
      assertEqual(answer, { kind: "superseded", incarnation: next.incarnation }, "answer");
    },
  },
  {
    title: "a heartbeat of a node that never joined is refused",
    run: async (context) => {
      const node = await startNode(context, "web-1");
      const stranger = { ...node, id: "web-9" as NodeId };
      const answer = await node.backend.membership.heartbeat(beatRequest(stranger));
      assertEqual(answer, { kind: "superseded", incarnation: "none" }, "answer");
    },
  },
  {
    title: "a cordon is kept across a restart and told at the join",
    run: async (context) => {
      const old = await startNode(context, "web-1");
      const before = (await old.backend.membership.list()).version;
      assertEqual(
        await old.backend.membership.cordon({ nodeId: old.id, cordoned: true }),
        { kind: "set" },
        "cordon",
      );
      assertThat((await old.backend.membership.list()).version > before, "version is raised");
      assertEqual((await beat(old)).cordoned, true, "told by the heartbeat");
      await old.backend.membership.leave({
        nodeId: old.id,
        incarnation: old.incarnation,
      });
      const next = await startNode(context, "web-1");
      assertEqual(next.joined.cordoned, true, "told at the join");
      await next.backend.membership.cordon({
        nodeId: next.id,
        cordoned: false,
      });
      assertEqual((await recordOf(next, "web-1")).cordoned, false, "lifted");
    },
  },
  {
    title: "a cordon set again leaves the version alone",
    run: async (context) => {
      const node = await startNode(context, "web-1");
      await node.backend.membership.cordon({ nodeId: node.id, cordoned: true });
      const before = (await node.backend.membership.list()).version;
      await node.backend.membership.cordon({ nodeId: node.id, cordoned: true });
      assertEqual((await node.backend.membership.list()).version, before, "version");
    },
  },
  {
    title: "a cordon of an unknown node is refused",
    run: async (context) => {
      const node = await startNode(context, "web-1");
      assertEqual(
        await node.backend.membership.cordon({
          nodeId: "web-9" as NodeId,
          cordoned: true,
        }),
        { kind: "unknown-node" },
        "answer",
      );
    },
  },
  {
    title: "the version is raised above the one named and never lowered",
    run: async (context) => {
      const node = await startNode(context, "web-1");
      const { membership } = node.backend;
      const raised = await membership.raiseVersion({ version: 500 });
      assertThat(raised.version > 500, `raised to ${raised.version}`);
      assertEqual((await membership.list()).version, raised.version, "listed version");
      assertEqual(await membership.raiseVersion({ version: 500 }), raised, "repeat");
      assertEqual(await membership.raiseVersion({ version: 3 }), raised, "a lower one");
    },
  },
  {
    title: "the producer floor is the lowest join number of a node that has not left",
    run: async (context) => {
      const first = await startNode(context, "web-1");
      const second = await startNode(context, "web-2");
      const floor = async () => (await second.backend.membership.list()).producerFloor;
      assertThat((await floor()) <= first.joined.join, "both may append");
      await first.backend.membership.leave({
        nodeId: first.id,
        incarnation: first.incarnation,
      });
      assertEqual(await floor(), second.joined.join, "after the first has left");
    },
  },
  {
    title: "after a loss of all data heartbeats say so and a join makes another dataset",
    needs: "loseData",
    run: async (context) => {
      const node = await startNode(context, "web-1");
      await beat(node);
      await context.loseData?.();
      assertEqual(
        await node.backend.membership.heartbeat(beatRequest(node)),
        { kind: "lost" },
        "heartbeat",
      );
      const answer = assertKind(
        await node.backend.membership.join(joinRequest("web-1", node.incarnation)),
        "joined",
        "join",
      );
      assertEqual(answer.created, true, "created");
      assertThat(answer.datasetId !== node.joined.datasetId, "the dataset is another one");
      await beat(node);
    },
  },
];
