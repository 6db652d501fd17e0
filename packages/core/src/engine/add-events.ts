/** Brings events from a shard's `out` to the stream, by the numbers that mailboxes go by as well. */
import type { EventStore } from "../ports/event-store.ts";
import type { AppendAnswer, AppendRequest } from "../ports/shard-store.ts";
import { isAudited } from "./event-record.ts";

export const addEvents = async (
  events: Pick<EventStore, "add">,
  { source, payloads }: AppendRequest,
  keep: { readonly events: number; readonly audit: number },
): Promise<AppendAnswer> => {
  if (source.kind !== "shard") throw new Error("Events come from shards.");
  const { shard, outId: numbering, first, lostUpTo } = source;
  const answer = await events.add({
    source: {
      name: `shard ${shard}`,
      numbering,
      first,
      ...(lostUpTo !== undefined && { lostUpTo }),
    },
    payloads,
    audited: payloads.flatMap((payload, at) => (isAudited(payload) ? [at] : [])),
    keep: keep.events,
    keepAudited: keep.audit,
  });
  return answer.kind === "added" ? { kind: "appended", last: answer.last } : answer;
};
