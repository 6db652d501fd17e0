/** Who is in the cluster: registration, heartbeats and the list of nodes. */
import {
  BackendUnavailable,
  type DatasetId,
  type HeartbeatAnswer,
  type HeartbeatRequest,
  type HistoryId,
  type Incarnation,
  type JoinAnswer,
  type JoinRequest,
  type MembershipStore,
  type NodeId,
  type ReapedNode,
} from "@muster/core/ports";
import { createData } from "./create-data.ts";
import type { Reply } from "./link.ts";
import { nodeList } from "./node-list.ts";
import { unexpected } from "./refusal.ts";
import { eachPair, number, statusOf, text } from "./reply.ts";
import type { ScriptCall } from "./script-runner.ts";
import { scripts } from "./scripts.generated.ts";
import type { StoreContext } from "./store-context.ts";

export interface MembershipContext extends StoreContext {
  /** Runs a script over the heartbeat's own connection. */
  beat(call: ScriptCall): Promise<readonly Reply[]>;
  /** The node has joined a cluster of so many shards. */
  joined(shardCount: number): void;
  /** False while this node's own connections are too young to judge by those of others. */
  mayProbe(leaseMs: number): boolean;
}

/** How often a join begins again when the data vanishes under it. */
const maxCreations = 8;
/** The incarnation of a node that is gone for this long is void: it has to join again. */
const voidAfterMs = 300_000;
/** Nodes that one call forgets. */
const reapedAtOnce = 100;

const joinAnswer = (answer: readonly Reply[]): JoinAnswer | "no-data" => {
  switch (statusOf(answer)) {
    case "ok":
      return {
        kind: "joined",
        datasetId: text(answer[1]) as DatasetId,
        historyId: text(answer[2]) as HistoryId,
        shardCount: number(answer[3]),
        join: number(answer[4]),
        cordoned: number(answer[5]) === 1,
        version: number(answer[6]),
        now: number(answer[7]),
        created: number(answer[8]) === 1,
      };
    case "taken":
      return {
        kind: "taken",
        incarnation: text(answer[1]) as Incarnation,
        waitMs: number(answer[2]),
      };
    case "mismatch":
      return { kind: "mismatch", shardCount: number(answer[1]) };
    case "lost":
      return "no-data";
    default:
      return unexpected(answer);
  }
};

const heartbeatAnswer = (answer: readonly Reply[]): HeartbeatAnswer => {
  switch (statusOf(answer)) {
    case "ok": {
      const recheckMs = number(answer[8]);
      return {
        kind: "accepted",
        now: number(answer[1]),
        version: number(answer[2]),
        datasetId: text(answer[3]) as DatasetId,
        historyId: text(answer[4]) as HistoryId,
        wasGone: number(answer[5]) === 1,
        flaps: number(answer[6]),
        cordoned: number(answer[7]) === 1,
        ...(recheckMs >= 0 && { recheckMs }),
      };
    }
    case "superseded":
      return { kind: "superseded", incarnation: text(answer[1]) as Incarnation };
    case "lost":
      return { kind: "lost" };
    default:
      return unexpected(answer);
  }
};

export const createMembershipStore = (context: MembershipContext): MembershipStore => {
  const { keys, run } = context;
  const k = keys.cluster;
  const channel = keys.channels.membership;

  const join = async (request: JoinRequest): Promise<JoinAnswer> => {
    const { nodeId, incarnation, info, leaseMs, shardCount } = request;
    for (let creations = 0; ; creations++) {
      const answer = joinAnswer(
        await run({
          script: scripts.join,
          keys: [
            ...[k.meta, k.nodes, k.beats, k.alive, k.mv, k.joins, k.info, k.seen, k.gone],
            ...[k.missing, k.deaf, k.stats, k.loss],
          ],
          args: [
            nodeId,
            incarnation,
            String(leaseMs),
            String(shardCount),
            JSON.stringify(info),
            info.ephemeral ? "1" : "0",
            keys.channels.alive(nodeId, incarnation),
            channel,
            context.time(),
          ],
        }),
      );
      if (answer !== "no-data") {
        if (answer.kind === "joined") context.joined(answer.shardCount);
        return answer;
      }
      if (creations === maxCreations) {
        throw new BackendUnavailable("join", new Error("The cluster's data keeps vanishing."));
      }
      await createData(context, shardCount, incarnation);
    }
  };

  const heartbeat = async (request: HeartbeatRequest): Promise<HeartbeatAnswer> => {
    const { nodeId, incarnation, leaseMs, state, confirmMs, stats } = request;
    const answer = await context.beat({
      script: scripts.heartbeat,
      keys: [k.meta, k.nodes, k.beats, k.alive, k.mv, k.missing, k.deaf, k.gone, k.seen, k.stats],
      args: [
        nodeId,
        incarnation,
        String(leaseMs),
        state,
        String(confirmMs),
        context.mayProbe(leaseMs) ? "1" : "0",
        stats ? JSON.stringify(stats) : "",
        keys.channels.alive(nodeId, incarnation),
        channel,
        String(voidAfterMs),
        context.time(),
      ],
    });
    return heartbeatAnswer(answer);
  };

  return {
    join,
    heartbeat,
    list: async () =>
      nodeList(
        await run({
          script: scripts.listNodes,
          keys: [k.nodes, k.beats, k.mv, k.joins, k.info, k.seen, k.stats, k.meta],
          args: [context.time()],
        }),
      ),
    leave: async ({ nodeId, incarnation }) => {
      await run({
        script: scripts.leave,
        keys: [k.nodes, k.beats, k.alive, k.mv, k.gone],
        args: [nodeId, incarnation, channel, context.time()],
      });
    },
    cordon: async ({ nodeId, cordoned }) => {
      const answer = await run({
        script: scripts.cordon,
        keys: [k.nodes, k.mv],
        args: [nodeId, cordoned ? "1" : "0", channel],
      });
      return { kind: statusOf(answer) === "unknown-node" ? "unknown-node" : "set" };
    },
    raiseVersion: async ({ version }) => {
      const answer = await run({
        script: scripts.raiseVersion,
        keys: [k.meta, k.mv],
        args: [String(version), channel],
      });
      return { version: number(answer[1]) };
    },
    reap: async ({ term, goneMs, ephemeralGoneMs, done }) => {
      const answer = await run({
        script: scripts.reap,
        keys: [
          ...[k.role(term.role), k.nodes, k.mv, k.gone, k.seen, k.stats, k.info, k.reaped],
          k.eventSources,
        ],
        args: [
          term.token,
          String(goneMs),
          String(ephemeralGoneMs),
          String(reapedAtOnce),
          channel,
          context.time(),
          ...done.flatMap(({ id, incarnation }) => [id, incarnation]),
        ],
      });
      if (statusOf(answer) === "fenced") return { kind: "fenced" };
      const nodes: ReapedNode[] = [];
      eachPair(answer[1], (id, value) => {
        const [state, ...incarnation] = text(value).split("|");
        nodes.push({
          id: text(id) as NodeId,
          incarnation: incarnation.join("|") as Incarnation,
          state: state === "left" ? "left" : "lost",
        });
      });
      return { kind: "reaped", nodes };
    },
  };
};
