/** Nodes and shards as people see them. Lists are answered from memory; a drain goes to the store. */
import type { Node } from "./engine/node.ts";
import { MusterError } from "./errors.ts";
import type { NodeId } from "./model/ids.ts";
import { isoInstant } from "./model/instant.ts";
import type { NodeRecord } from "./model/node-record.ts";
import type { Backend } from "./ports/backend.ts";
import { type Principal, requireReason, requireRole } from "./principal.ts";
import type { ChangeNoted } from "./reconciler/reconciler-actor.ts";
import type {
  Listing,
  NodesChanges,
  NodesService,
  NodeView,
  ShardsService,
  ShardView,
} from "./services.ts";

const nodeView = (record: NodeRecord, nodeId: NodeId, now: number): NodeView => ({
  id: record.id,
  incarnation: record.incarnation,
  state: record.state,
  cordoned: record.cordoned,
  isLocal: record.id === nodeId,
  host: record.info.host,
  pid: record.info.pid,
  version: record.info.version,
  runtime: record.info.runtime,
  url: record.info.url ?? null,
  startedAt: isoInstant(record.startedAt),
  lastHeartbeatAt: isoInstant(record.lastHeartbeatAt),
  leaseAgeMs: Math.max(0, now - record.lastHeartbeatAt),
  shards: record.state === "up" || record.state === "draining" ? record.stats.shards : 0,
  weight: record.info.weight,
  loopLagMs: record.stats.loopLagMs,
  memoryBytes: record.stats.memoryBytes,
});

export const createNodesService = (node: Node, nodeId: NodeId): NodesService => {
  const get = (id: string): NodeView => {
    const record = node.nodes.find(
      (candidate) => candidate.id === id && candidate.state !== "left",
    );
    if (record) return nodeView(record, nodeId, node.now());
    throw new MusterError("NODE_NOT_FOUND", `There is no node "${id}" in this cluster.`, {
      hint: "List them with `muster nodes list`.",
    });
  };
  return {
    list: (): Listing<NodeView> => {
      const now = node.now();
      return {
        items: node.nodes
          .filter((record) => record.state !== "left")
          .map((record) => nodeView(record, nodeId, now))
          .sort((a, b) => (a.id < b.id ? -1 : 1)),
        asOf: isoInstant(now - Math.max(0, Math.min(node.membership.silentMs, now))),
        stale: node.isAway,
      };
    },
    get,
  };
};

export const createNodesChanges = (
  node: Node,
  nodeId: NodeId,
  backend: Backend,
  principal: Principal,
  note: (change: ChangeNoted) => Promise<void>,
): NodesChanges => {
  const service = createNodesService(node, nodeId);
  const cordon = async (id: string, cordoned: boolean, reason: string): Promise<NodeView> => {
    const op = cordoned ? "nodes.drain" : "nodes.undrain";
    requireRole(principal, "admin", op);
    requireReason(reason, op);
    const before = service.get(id);
    const refused = node.unavailable();
    if (refused) throw refused;
    const isChange = before.cordoned !== cordoned;
    const data = { previous: { cordoned: before.cordoned }, next: { cordoned } };
    // Where the last node with shards is drained, nobody is left to note it afterwards; and where all
    // are drained, nobody is there to note it before.
    if (isChange && cordoned)
      await note({ type: "node.drained", subject: `node/${id}`, reason, data });
    try {
      const answer = await backend.membership.cordon({ nodeId: id as NodeId, cordoned });
      if (answer.kind === "unknown-node") service.get("");
      await node.membership.relist();
    } catch (cause) {
      throw new MusterError("BACKEND_UNAVAILABLE", `${op}: the backend did not answer.`, {
        op,
        cause,
        outcome: "unknown",
        retryAfterMs: 1_000,
      });
    }
    if (isChange && !cordoned) {
      await note({ type: "node.undrained", subject: `node/${id}`, reason, data });
    }
    return service.get(id);
  };
  return {
    ...service,
    drain: (id, { reason }) => cordon(id, true, reason),
    undrain: (id, { reason }) => cordon(id, false, reason),
  };
};

export const createShardsService = (node: Node, backend: Backend): ShardsService => ({
  list: async (): Promise<Listing<ShardView>> => {
    const refused = node.unavailable();
    if (refused) throw refused;
    try {
      const records = await backend.shards.inspect({
        shards: Array.from({ length: node.shardCount }, (_, shard) => shard),
      });
      return {
        items: records.map((record) =>
          "kind" in record
            ? { shard: record.shard, owner: null, epoch: 0, seq: 0, pending: 0 }
            : {
                shard: record.shard,
                owner: record.owner === "none" || record.released ? null : record.owner,
                epoch: record.epoch,
                seq: record.seq,
                pending: record.pending,
              },
        ),
        asOf: isoInstant(node.now()),
        stale: false,
      };
    } catch (cause) {
      throw new MusterError("BACKEND_UNAVAILABLE", "The backend did not answer.", {
        op: "shards.list",
        cause,
        retryAfterMs: 1_000,
      });
    }
  },
});
