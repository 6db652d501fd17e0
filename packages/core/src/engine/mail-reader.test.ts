/** Wake-ups carry entries: what they carry is taken only where nothing can be missing or handled. */
import { expect, test } from "bun:test";
import type { ClaimId, EntryId, HistoryId } from "../model/ids.ts";
import type { MailEntry, ShardStore } from "../ports/shard-store.ts";
import { MailReader } from "./mail-reader.ts";

const id = (n: number) => `${n}-0` as EntryId;
const entry = (n: number): MailEntry => ({ id: id(n), payloads: [] });

/** A reader of a mailbox that holds `waiting`, taken over when `takenOver` was the newest entry. */
const setUp = (takenOver: number, waiting: readonly number[] = []) => {
  const taken: EntryId[] = [];
  let lastRead = id(0);
  let reads = 0;
  const store = {
    read: async () => {
      reads += 1;
      const entries = waiting.map(entry).filter((each) => !taken.includes(each.id));
      return [{ kind: "entries" as const, entries, more: false }];
    },
  } as unknown as ShardStore;
  const reader = new MailReader({
    store,
    claim: { shard: 1, claimId: "c" as ClaimId, historyId: "h" as HistoryId },
    takenOverAt: id(takenOver),
    lastRead: () => lastRead,
    isOpen: () => true,
    isFull: () => false,
    accept: (each) => {
      lastRead = each.id;
      taken.push(each.id);
    },
    allRead: () => {},
    refused: () => {},
  });
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  return { reader, taken, settle, reads: () => reads };
};

test("a wake-up that follows what was read is taken as it is", async () => {
  const { reader, taken, reads, settle } = setUp(0);
  reader.offer(entry(1), id(0));
  reader.offer(entry(2), id(1));
  await settle();
  expect([taken, reads()]).toEqual([[id(1), id(2)], 0]);
});

test("a gap makes the mailbox be read", async () => {
  const { reader, taken, settle } = setUp(0, [1, 2]);
  reader.offer(entry(2), id(1));
  await settle();
  expect(taken).toEqual([id(1), id(2)]);
});

test("a late wake-up of the first entry, which a former owner has handled, is not taken again", async () => {
  const { reader, taken, settle, reads } = setUp(1);
  reader.read();
  await settle();
  reader.offer(entry(1), id(0));
  await settle();
  expect([taken, reads()]).toEqual([[], 2]);
});

test("a late wake-up of an entry that was handled behind one that still waits is not taken again", async () => {
  const { reader, taken, settle } = setUp(8, [7]);
  reader.read();
  await settle();
  reader.offer(entry(8), id(7));
  await settle();
  expect(taken).toEqual([id(7)]);
});
