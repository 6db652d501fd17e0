/** Reads the mailboxes of all shards that a node owns in one call, for hints that never came. */
import type { ShardStore } from "../ports/shard-store.ts";
import type { ShardOwner } from "./shard-owner.ts";

const entriesPerRead = 128;

/** Reads what owners have not heard of, and gives each its answer. Rejects when the store does. */
export const sweepMail = async (
  owners: Iterable<ShardOwner>,
  store: Pick<ShardStore, "read">,
): Promise<void> => {
  const waiting = [...owners].flatMap((owner) => {
    const after = owner.sweepFrom();
    return after === undefined ? [] : [{ owner, after }];
  });
  if (waiting.length === 0) return;
  const reads = waiting.map(({ owner, after }) => ({ claim: owner.claim, after }));
  const answers = await store.read({ reads, limit: entriesPerRead });
  waiting.forEach(({ owner, after }, i) => {
    const answer = answers[i];
    if (answer && answer.kind !== "unanswered") owner.swept(after, answer);
  });
};
