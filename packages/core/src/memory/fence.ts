/** The check before everything that names a claim: another claim or another history is refused (I1). */
import type { Claim, Refusal } from "../ports/shard-store.ts";
import type { ShardData } from "./cluster-data.ts";
import type { Link } from "./link.ts";

/** Answers the refusal of a superseded claim, with its final number where still known. */
const fencedFrom = ({ own }: ShardData, claim: Claim): Refusal => {
  const finalSeq = own.claimId === claim.claimId ? own.seq : own.finals.get(claim.claimId)?.seq;
  return finalSeq === undefined ? { kind: "fenced" } : { kind: "fenced", finalSeq };
};

/** The shard when the claim stands, else the refusal. */
export const underClaim = (
  link: Link,
  claim: Claim,
): { readonly kind: "stands"; readonly shard: ShardData } | Refusal => {
  const shard = link.data.shards.get(claim.shard);
  if (!shard) return { kind: "lost" };
  const { own } = shard;
  if (own.claimId !== claim.claimId || own.released) return fencedFrom(shard, claim);
  const historyId = link.historyOf(claim.shard);
  if (claim.historyId !== historyId) return { kind: "history", historyId };
  return { kind: "stands", shard };
};
