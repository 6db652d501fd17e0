/** Shards in memory: the store's methods, each one step; what they do stands in the files beside. */
import type { Claim, MailEntry, Refusal, ShardImage, ShardStore } from "../ports/shard-store.ts";
import { appendBatch } from "./append.ts";
import { claimShard, ownershipOf, raiseProducerFloor } from "./claim.ts";
import type { ShardData } from "./cluster-data.ts";
import { commitBatch } from "./commit.ts";
import { underClaim } from "./fence.ts";
import type { Link } from "./link.ts";
import { surveyShard } from "./survey.ts";

const imageOf = (shard: ShardData): ShardImage => ({
  timers: [...shard.timers.values()],
  effects: [...shard.effects].map(([id, record]) => ({ id, record })),
  deferrals: [...shard.deferrals].map(([id, record]) => ({ id, record })),
  out: [...shard.out.values()],
  outNumbers: new Map(shard.outNumbers),
  partial: new Map(shard.partial),
  idempotencyCount: shard.replies.size,
  lastEntry: shard.mail.lastId,
  tries: [...shard.tries].map(([id, record]) => ({ id, record })),
  openLetters: shard.dead.open,
});

const release = (link: Link, claim: Claim): { readonly kind: "released" } | Refusal => {
  const own = link.data.shards.get(claim.shard)?.own;
  // Only the flag: with the id gone, a late copy of the claim would be granted again.
  if (own?.claimId === claim.claimId && own.released) return { kind: "released" };
  const fenced = underClaim(link, claim);
  if (fenced.kind !== "stands") return fenced;
  fenced.shard.own.released = true;
  return { kind: "released" };
};

const readMail = (
  link: Link,
  claim: Claim,
  after: MailEntry["id"],
  limit: number,
): ReturnType<ShardStore["read"]> extends Promise<readonly (infer A)[]> ? A : never => {
  const fenced = underClaim(link, claim);
  if (fenced.kind !== "stands") return fenced;
  return { kind: "entries", ...fenced.shard.mail.read(after, limit) };
};

export const memoryShards = (link: Link): ShardStore => ({
  inspect: ({ shards }) =>
    link.call("inspect", () =>
      shards.map((shard) => {
        const data = link.data.shards.get(shard);
        return data ? ownershipOf(link, shard, data) : { shard, kind: "lost" as const };
      }),
    ),
  claim: (request) => link.call("claim", () => claimShard(link, request)),
  release: ({ claim }) => link.call("release", () => release(link, claim)),
  load: ({ claim }) =>
    link.call("load", () => {
      const fenced = underClaim(link, claim);
      if (fenced.kind !== "stands") return fenced;
      return { kind: "loaded", image: imageOf(fenced.shard) };
    }),
  fetch: ({ claim, actors, idempotencyKeys }) =>
    link.call("fetch", () => {
      const fenced = underClaim(link, claim);
      if (fenced.kind !== "stands") return fenced;
      const { states, replies } = fenced.shard;
      const { now } = link;
      return {
        kind: "fetched",
        states: actors.map((key) => states.get(key) ?? "absent"),
        replies: idempotencyKeys.map((key) => replies.get(key, now)),
      };
    }),
  read: ({ reads, limit }) =>
    link.call("read", () => reads.map(({ claim, after }) => readMail(link, claim, after, limit))),
  append: (request) => link.call("append", () => appendBatch(link, request)),
  commit: (request) => link.call("commit", () => commitBatch(link, request)),
  check: ({ claims, membershipVersion = 0 }) =>
    link.call("check", () =>
      claims.map((claim) => {
        const fenced = underClaim(link, claim);
        if (fenced.kind !== "stands") return fenced;
        const { own } = fenced.shard;
        own.membershipVersion = Math.max(own.membershipVersion, membershipVersion);
        return { kind: "stands" as const };
      }),
    ),
  raiseFloor: ({ shards, floor }) =>
    link.call("raiseFloor", () => {
      for (const shard of shards) {
        const data = link.data.shards.get(shard);
        if (data) raiseProducerFloor(data, floor);
      }
    }),
  survey: (request) => link.call("survey", () => surveyShard(link, request)),
  listDead: (request) =>
    link.call("listDead", () => {
      const dead = link.data.shards.get(request.shard)?.dead;
      if (!dead) return [];
      return "ids" in request ? dead.read(request.ids) : dead.page(request);
    }),
});
