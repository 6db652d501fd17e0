/** Reads the list of nodes as list-nodes.lua gives it. */
import type {
  HistoryId,
  Incarnation,
  MembershipStore,
  NodeId,
  NodeInfo,
  NodeRecord,
  NodeState,
  NodeStats,
} from "@muster/core/ports";
import type { Reply } from "./link.ts";
import { eachPair, number, text } from "./reply.ts";

const noInfo: NodeInfo = Object.freeze({
  host: "",
  pid: 0,
  version: "",
  runtime: "",
  weight: 1,
  ephemeral: false,
  kinds: [],
});
const noStats: NodeStats = Object.freeze({ shards: 0, loopLagMs: 0, memoryBytes: 0 });

/** Fields over their defaults; what is no JSON object counts as none given. */
const parseFields = <T extends object>(json: string | undefined, defaults: T): T => {
  if (json === undefined) return defaults;
  try {
    const fields: unknown = JSON.parse(json);
    return typeof fields === "object" && fields !== null ? { ...defaults, ...fields } : defaults;
  } catch {
    return defaults;
  }
};

const mapOf = (reply: Reply | undefined): ReadonlyMap<string, string> => {
  const map = new Map<string, string>();
  eachPair(reply, (name, value) => map.set(name.toString("utf8"), value.toString("utf8")));
  return map;
};

export const nodeList = (
  answer: readonly Reply[],
): Awaited<ReturnType<MembershipStore["list"]>> => {
  const [records, deadlines, infos, seen, stats] = answer.slice(5, 10).map(mapOf);
  const nodes: NodeRecord[] = [];
  let producerFloor = number(answer[4]) + 1;
  for (const [id, record] of records ?? []) {
    const [state, cordoned, join, lease, startedAt, , isVoid, flaps, , ...incarnation] =
      record.split("|");
    if (state !== "left" && isVoid === "0") producerFloor = Math.min(producerFloor, Number(join));
    const lastHeartbeatAt = Number(seen?.get(id) ?? startedAt);
    const deadline = deadlines?.get(id);
    nodes.push({
      id: id as NodeId,
      incarnation: incarnation.join("|") as Incarnation,
      state: state as NodeState,
      cordoned: cordoned === "1",
      leaseUntil: deadline === undefined ? lastHeartbeatAt + Number(lease) : Number(deadline),
      startedAt: Number(startedAt),
      lastHeartbeatAt,
      info: parseFields(infos?.get(id), noInfo),
      stats: parseFields(stats?.get(id), noStats),
      flaps: Number(flaps),
    });
  }
  return {
    version: number(answer[1]),
    now: number(answer[2]),
    historyId: text(answer[3]) as HistoryId,
    nodes,
    producerFloor,
    lossMark: text(answer[10]),
  };
};
