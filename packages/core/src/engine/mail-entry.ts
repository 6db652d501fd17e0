/** The messages of one mailbox entry, each with what it came in; those not understood included (I8). */
import type { EntryId } from "../model/ids.ts";
import type { Message } from "../model/message.ts";
import type { MailEntry } from "../ports/shard-store.ts";
import { decodeBatch } from "./wire.ts";

export interface EntryPart {
  /** Absent when it cannot be understood. */
  readonly message: Message | undefined;
  /** The batch that it came in. */
  readonly batch: Uint8Array;
  /** Its number within the batch; -1 when the batch as a whole is not understood. */
  readonly place: number;
}

export const entryParts = (entry: MailEntry): readonly EntryPart[] => {
  const parts: EntryPart[] = [];
  for (const batch of entry.payloads) {
    const decoded = decodeBatch(batch);
    if (decoded.kind === "corrupt") parts.push({ message: undefined, batch, place: -1 });
    else
      for (const [place, message] of decoded.messages.entries())
        parts.push({ message, batch, place });
  }
  return parts;
};

/** The id right before an entry's: reading after it begins with the entry. */
export const idBefore = (id: EntryId): EntryId => {
  const [ms = "0", n = "0"] = id.split("-");
  return (
    n === "0" ? `${Number(ms) - 1}-${Number.MAX_SAFE_INTEGER}` : `${ms}-${Number(n) - 1}`
  ) as EntryId;
};
