/**
 * Every key and channel is named here and nowhere else. The hash tag decides the slot: one for the
 * cluster, one for each shard, one for each node, so that a script touches a single slot.
 */
import type { Incarnation, NodeId, ShardId, Topic } from "@muster/core/ports";

/** Every channel; where channels belong to slots, those that scripts publish on have their keys' tag. */
export interface Channels {
  /** True where channels belong to slots. */
  readonly sharded: boolean;
  readonly status: string;
  readonly membership: string;
  readonly ownership: string;
  readonly events: string;
  wake(shard: ShardId): string;
  view(kind: string, shard: ShardId): string;
  replies(node: NodeId, shard: ShardId): string;
  node(node: NodeId): string;
  /** Subscribed by a running incarnation alone; its absence makes a suspect. */
  alive(node: NodeId, incarnation: Incarnation): string;
  /**
   * Channels that a listener of a topic needs from the start; where channels belong to slots, those
   * of replies come with the first question to each shard.
   */
  of(topic: Topic, shardCount: () => number): readonly string[];
}

/** Keys of the cluster as a whole. */
export interface ClusterKeys {
  /** Dataset id, shard count, state of creation. */
  readonly meta: string;
  /** Hash: node → record. */
  readonly nodes: string;
  /** Sorted set: node → lease deadline. */
  readonly beats: string;
  /** Hash: node → alive channel, for nodes that are judged. */
  readonly alive: string;
  /** Hash: membership version, time and history of the last heartbeat of anybody. */
  readonly mv: string;
  /** Last join number given. */
  readonly joins: string;
  /** Number of the last election. */
  readonly fence: string;
  /** Lock of one role of the cluster. */
  role(role: string): string;
  /** Hash: node → what it told of itself. */
  readonly info: string;
  /** Hash: node → last heartbeat. */
  readonly seen: string;
  /** Hash: node → figures. */
  readonly stats: string;
  /** Hash: alive channel → since when it has no subscriber. */
  readonly missing: string;
  /** Hash: alive channel → until when its absence is ignored. */
  readonly deaf: string;
  /** Sorted set: node → when it was lost or left. */
  readonly gone: string;
  /** Hash: reaped node → state and incarnation, while its rows are to be dropped. */
  readonly reaped: string;
  /** Hash: the finding of lost data that belongs to no shard. */
  readonly loss: string;
  /** Stream: user-visible events. */
  readonly events: string;
  /** Stream: changes by whom and why. */
  readonly audit: string;
  /** Hash: source of events → last number taken. */
  readonly eventSources: string;
}

/** Keys of one shard. */
export interface ShardKeys {
  /** Hash: the ownership record. */
  readonly own: string;
  /** Stream: the mailbox. */
  readonly mail: string;
  /** Hash: mailbox entry → what the owner stored about it. */
  readonly part: string;
  /** Hash: producer or source shard → last batch. */
  readonly prod: string;
  /** Hash: actor → state. */
  readonly states: string;
  /** Sorted set: timer → due time. */
  readonly due: string;
  /** Hash: messages for other shards. */
  readonly out: string;
  /** Hash: target shard → last number given. */
  readonly outn: string;
  /** Hash: effects recorded and not settled. */
  readonly fx: string;
  /** Hash: asks that a later turn answers. */
  readonly asks: string;
  /** Hash: work that did not end well → what was tried. */
  readonly tries: string;
  /** Hashes: dead letters, what tells about them and what was put aside. */
  readonly dead: string;
  readonly deadb: string;
  /** Sorted sets: open and resolved dead letters, in order. */
  readonly deado: string;
  readonly deadr: string;
  /** Hash and sorted set: replies kept for idempotency keys and their expiry. */
  readonly idem: string;
  readonly idemx: string;
  /** Stream: history. */
  readonly log: string;
  /** Hash: the finding of lost data. */
  readonly loss: string;
  /** Hash: kind → version of its list rows. */
  readonly ver: string;
  /** Hash: actor → list row of one kind. */
  view(kind: string): string;
}

/** How a key is kept in being while it holds nothing; the letters are those of hold.lua. */
type Held = "hash" | "zset-first" | "zset-last" | "stream";
const letterOf = { hash: "h", "zset-first": "z", "zset-last": "Z", stream: "x" } as const;

const heldKeys: Readonly<Record<Exclude<keyof ShardKeys, "own" | "view">, Held>> = {
  mail: "stream",
  part: "hash",
  prod: "hash",
  states: "hash",
  due: "zset-last",
  out: "hash",
  outn: "hash",
  fx: "hash",
  asks: "hash",
  tries: "hash",
  dead: "hash",
  deadb: "hash",
  deado: "zset-first",
  deadr: "zset-first",
  idem: "hash",
  idemx: "zset-last",
  log: "stream",
  loss: "hash",
  ver: "hash",
};

/** A shard's keys beside its record and its views, which have to be there in every script. */
export const heldOf = (
  shard: ShardKeys,
): { readonly keys: readonly string[]; readonly kinds: string } => {
  const names = Object.keys(heldKeys) as (keyof typeof heldKeys)[];
  return {
    keys: names.map((name) => shard[name]),
    kinds: names.map((name) => letterOf[heldKeys[name]]).join(""),
  };
};

/** Keys of one node's status rows. */
export interface NodeKeys {
  readonly status: string;
  readonly ver: string;
}

export interface Keys {
  /** Matches all keys and channels of the cluster. */
  readonly pattern: string;
  readonly cluster: ClusterKeys;
  shard(shard: ShardId): ShardKeys;
  node(node: NodeId): NodeKeys;
  readonly channels: Channels;
  /** Keys that hold nothing, of each kind of tag: to try permissions on. Each is a channel's name, too. */
  readonly probes: readonly string[];
}

/** Shards beyond the first whose tags lead a probe to as many servers of a Cluster as there are. */
const probedShards = 64;

type Name = (name: string) => string;

const createChannels = (
  ofCluster: Name,
  ofShard: (shard: ShardId, name: string) => string,
  ofNode: (node: NodeId, name: string) => string,
  sharded: boolean,
): Channels => {
  const channels: Channels = {
    sharded,
    status: ofCluster("status"),
    membership: ofCluster("membership"),
    ownership: ofCluster("ownership"),
    events: ofCluster("events"),
    wake: (shard) => ofShard(shard, "wake"),
    view: (kind, shard) => (sharded ? ofShard(shard, `view:${kind}`) : ofCluster(`view:${kind}`)),
    replies: (node, shard) => (sharded ? ofShard(shard, `r:${node}`) : ofNode(node, "replies")),
    node: (node) => ofNode(node, "node"),
    alive: (node, incarnation) => ofCluster(`alive:${node}:${incarnation}`),
    of: (topic, shardCount) => {
      switch (topic.topic) {
        case "wake":
          return [channels.wake(topic.shard)];
        case "view": {
          const shards = Array.from({ length: sharded ? shardCount() : 1 }, (_, shard) => shard);
          return shards.map((shard) => channels.view(topic.kind, shard));
        }
        case "replies":
          return sharded ? [] : [channels.replies(topic.node, 0)];
        case "node":
          return [channels.node(topic.node)];
        case "status":
        case "membership":
        case "ownership":
        case "events":
          return [channels[topic.topic]];
      }
    },
  };
  return channels;
};

/**
 * Names the keys of one cluster under a prefix, such as `muster:prod:{prod:12}:own`. `sharded`:
 * channels belong to slots, as on a Redis Cluster.
 */
export const createKeys = (prefix: string, cluster: string, sharded = false): Keys => {
  const ofCluster = (name: string) => `${prefix}:${cluster}:{${cluster}}:${name}`;
  const ofShard = (shard: ShardId, name: string) =>
    `${prefix}:${cluster}:{${cluster}:${shard}}:${name}`;
  const ofNode = (node: NodeId, name: string) =>
    `${prefix}:${cluster}:{${cluster}@${node}}:${name}`;

  const shards = new Map<ShardId, ShardKeys>();
  const shardKeys = (shard: ShardId): ShardKeys => ({
    own: ofShard(shard, "own"),
    mail: ofShard(shard, "mail"),
    part: ofShard(shard, "part"),
    prod: ofShard(shard, "prod"),
    states: ofShard(shard, "a"),
    due: ofShard(shard, "due"),
    out: ofShard(shard, "out"),
    outn: ofShard(shard, "outn"),
    fx: ofShard(shard, "fx"),
    asks: ofShard(shard, "asks"),
    dead: ofShard(shard, "dead"),
    deadb: ofShard(shard, "deadb"),
    deado: ofShard(shard, "deado"),
    deadr: ofShard(shard, "deadr"),
    tries: ofShard(shard, "tries"),
    idem: ofShard(shard, "idem"),
    idemx: ofShard(shard, "idemx"),
    log: ofShard(shard, "log"),
    loss: ofShard(shard, "loss"),
    ver: ofShard(shard, "ver"),
    view: (kind) => ofShard(shard, `view:${kind}`),
  });
  return {
    pattern: `${prefix}:${cluster}:*`,
    cluster: {
      meta: ofCluster("meta"),
      nodes: ofCluster("nodes"),
      beats: ofCluster("beats"),
      alive: ofCluster("alive"),
      mv: ofCluster("mv"),
      joins: ofCluster("joins"),
      fence: ofCluster("fence"),
      role: (role) => ofCluster(`role:${role}`),
      info: ofCluster("info"),
      seen: ofCluster("seen"),
      stats: ofCluster("stats"),
      missing: ofCluster("missing"),
      deaf: ofCluster("deaf"),
      gone: ofCluster("gone"),
      reaped: ofCluster("reaped"),
      loss: ofCluster("loss"),
      events: ofCluster("events"),
      audit: ofCluster("audit"),
      eventSources: ofCluster("eventsfrom"),
    },
    shard: (shard) => {
      const known = shards.get(shard);
      if (known) return known;
      const made = shardKeys(shard);
      shards.set(shard, made);
      return made;
    },
    node: (node) => ({ status: ofNode(node, "status"), ver: ofNode(node, "ver") }),
    channels: createChannels(ofCluster, ofShard, ofNode, sharded),
    probes: [
      ofCluster("probe"),
      ofNode("probe" as NodeId, "probe"),
      ...Array.from({ length: sharded ? probedShards : 1 }, (_, shard) => ofShard(shard, "probe")),
    ],
  };
};
