/** A joined node and its claims, as the cases drive them: the shortest way to seed a state. */
import type {
  ClaimId,
  EntryId,
  Epoch,
  HistoryId,
  Incarnation,
  NodeId,
  OutId,
  ProducerId,
  ShardId,
} from "../../model/ids.ts";
import type { NodeInfo, NodeRecord } from "../../model/node-record.ts";
import type { Backend } from "../../ports/backend.ts";
import type {
  HeartbeatAnswer,
  HeartbeatRequest,
  JoinAnswer,
  JoinRequest,
} from "../../ports/membership-store.ts";
import type {
  AppendAnswer,
  AppendRequest,
  Claim,
  ClaimAnswer,
  ClaimRequest,
  CommitAnswer,
  CommitRequest,
  MailEntry,
  Ownership,
  ShardImage,
} from "../../ports/shard-store.ts";
import { assertEqual, assertKind, assertThat, only } from "./assert.ts";
import type { ConformanceContext, OpenOptions } from "./context.ts";

export const leaseMs = 900;
export const confirmMs = 60;
export const shardCount = 4;
export const startOfMail = "0-0" as EntryId;

const encoder = new TextEncoder();
export const bytes = (text: string): Uint8Array => encoder.encode(text);

export const nodeInfo: NodeInfo = {
  host: "host-1",
  pid: 4711,
  version: "1.2.3",
  runtime: "bun",
  weight: 1,
  ephemeral: false,
  kinds: ["counter"],
};

let ids = 0;
/** An id that no other case of this process uses. */
export const freshId = (name: string): string => `${name}-${++ids}`;
export const freshClaimId = (): ClaimId => freshId("claim") as ClaimId;

export interface TestNode {
  readonly id: NodeId;
  readonly incarnation: Incarnation;
  readonly backend: Backend;
  readonly joined: Extract<JoinAnswer, { readonly kind: "joined" }>;
}

export const joinRequest = (
  id: string,
  incarnation: string,
  over: Partial<JoinRequest> = {},
): JoinRequest => ({
  nodeId: id as NodeId,
  incarnation: incarnation as Incarnation,
  info: nodeInfo,
  leaseMs,
  shardCount,
  ...over,
});

/** Opens a backend without joining. */
export const openNode = (
  context: ConformanceContext,
  id: string,
  incarnation = freshId("life"),
  options?: OpenOptions,
): Promise<Backend> =>
  context.open({ nodeId: id as NodeId, incarnation: incarnation as Incarnation }, options);

/** Opens a backend and joins. */
export const startNode = async (
  context: ConformanceContext,
  id = "web-1",
  over: Partial<JoinRequest> = {},
  options?: OpenOptions,
): Promise<TestNode> => {
  const incarnation = (over.incarnation ?? freshId("life")) as Incarnation;
  const backend = await openNode(context, id, incarnation, options);
  const answer = await backend.membership.join(joinRequest(id, incarnation, over));
  return {
    id: id as NodeId,
    incarnation,
    backend,
    joined: assertKind(answer, "joined", `join of ${id}`),
  };
};

export const beatRequest = (
  node: TestNode,
  over: Partial<HeartbeatRequest> = {},
): HeartbeatRequest => ({
  nodeId: node.id,
  incarnation: node.incarnation,
  leaseMs,
  state: "up",
  confirmMs,
  ...over,
});

export const beat = async (
  node: TestNode,
  over: Partial<HeartbeatRequest> = {},
): Promise<Extract<HeartbeatAnswer, { readonly kind: "accepted" }>> =>
  assertKind(
    await node.backend.membership.heartbeat(beatRequest(node, over)),
    "accepted",
    `heartbeat of ${node.id}`,
  );

/** Lets time pass while the given nodes beat often enough that the store does not count as stalled. */
export const beatFor = async (
  context: ConformanceContext,
  nodes: readonly TestNode[],
  durationMs: number,
): Promise<void> => {
  const stepMs = leaseMs / 6;
  for (let passed = 0; passed < durationMs; passed += stepMs) {
    for (const node of nodes) await beat(node);
    await context.advance(stepMs);
  }
  for (const node of nodes) await beat(node);
};

/** The record of `id` as `node` sees it. */
export const recordOf = async (node: TestNode, id: string): Promise<NodeRecord> => {
  const { nodes } = await node.backend.membership.list();
  return only(
    nodes.filter((record) => record.id === id),
    `record of ${id}`,
  );
};

export const inspect = async (node: TestNode, shard: ShardId): Promise<Ownership> => {
  const answer = only(await node.backend.shards.inspect({ shards: [shard] }), `shard ${shard}`);
  assertThat(!("kind" in answer), `shard ${shard} is lost`);
  return answer;
};

/** A claim on what `inspect` shows now. */
export const claimRequest = async (
  node: TestNode,
  shard: ShardId,
  over: Partial<ClaimRequest> = {},
): Promise<ClaimRequest> => ({
  shard,
  claimId: freshClaimId(),
  seen: over.seen ?? (await inspect(node, shard)).claimId,
  nodeId: node.id,
  incarnation: node.incarnation,
  datasetId: node.joined.datasetId,
  epochKnown: 0,
  membershipVersion: 1_000,
  notBefore: 0,
  producerFloor: 0,
  ...over,
});

/** A shard as its holder knows it. */
export interface Held {
  readonly node: TestNode;
  readonly claim: Claim;
  readonly epoch: Epoch;
  readonly outId: OutId;
  readonly historyId: HistoryId;
  readonly answer: Extract<ClaimAnswer, { readonly kind: "claimed" }>;
}

export const claimShard = async (
  node: TestNode,
  shard: ShardId,
  over: Partial<ClaimRequest> = {},
): Promise<Held> => {
  const request = await claimRequest(node, shard, over);
  const answer = assertKind(await node.backend.shards.claim(request), "claimed", "claim");
  const { epoch, outId, historyId } = answer;
  return {
    node,
    claim: { shard, claimId: request.claimId, historyId },
    epoch,
    outId,
    historyId,
    answer,
  };
};

/** History of the server that holds a shard; several may share the cluster's data. */
export const historyOf = async (node: TestNode, shard: ShardId): Promise<HistoryId> =>
  (await inspect(node, shard)).presentHistoryId;

export const commit = (
  held: Held,
  seq: number,
  parts: Partial<CommitRequest> = {},
): Promise<CommitAnswer> =>
  held.node.backend.shards.commit({
    claim: held.claim,
    seq,
    hash: `hash-${seq}`,
    ...parts,
  });

/** Commits and insists on it. */
export const committed = async (
  held: Held,
  seq: number,
  parts: Partial<CommitRequest> = {},
): Promise<Extract<CommitAnswer, { readonly kind: "committed" }>> =>
  assertKind(await commit(held, seq, parts), "committed", `commit ${seq}`);

export const imageOf = async (held: Held): Promise<ShardImage> =>
  assertKind(await held.node.backend.shards.load({ claim: held.claim }), "loaded", "load").image;

export const mailOf = async (
  held: Held,
  after: EntryId = startOfMail,
  limit = 10_000,
): Promise<readonly MailEntry[]> => {
  const answers = await held.node.backend.shards.read({
    reads: [{ claim: held.claim, after }],
    limit,
  });
  return assertKind(only(answers, "read"), "entries", "read").entries;
};

/** A producer of `node`; registered by its first batch. */
export const producerOf = (node: TestNode): ProducerId =>
  `${node.joined.join}.${freshId("r")}` as ProducerId;

export const append = (
  node: TestNode,
  shard: ShardId,
  producer: ProducerId,
  number: number,
  over: Partial<AppendRequest> & {
    readonly hash?: string;
    readonly text?: string;
  } = {},
): Promise<AppendAnswer> => {
  const { hash = `hash-${number}`, text = `batch-${number}`, ...rest } = over;
  return node.backend.shards.append({
    shard,
    source: { kind: "producer", producer, number, hash },
    payloads: [bytes(text)],
    count: 1,
    ...rest,
  });
};

/** Insists that a batch was appended and on the last number told. */
export const assertAppended = (answer: AppendAnswer, last: number, what: string): void => {
  assertEqual(assertKind(answer, "appended", what).last, last, `${what}: last number`);
};

/** Waits for a fact by letting hints arrive. @throws Error when it does not come about */
export const until = async (
  context: ConformanceContext,
  fact: () => boolean,
  what: string,
): Promise<void> => {
  for (let turn = 0; turn < 500; turn++) {
    if (fact()) return;
    await context.settle();
  }
  throw new Error(`${what}: did not come about`);
};
