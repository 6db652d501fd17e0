/** What an owner remembers of its mailbox is bounded by what it has not handled (I7). */
import { expect, test } from "bun:test";
import type { EntryId } from "../model/ids.ts";
import { Inbox } from "./inbox.ts";

const entry = (n: number) => ({ id: `${n}-0` as EntryId, payloads: [] });

test("entries handled behind one that stays open are forgotten, and all leave once it is handled", () => {
  const inbox = new Inbox(new Map());
  const open = inbox.accept(entry(1), 2);
  inbox.handle(open, 0);
  const removed: string[] = [];
  for (let n = 2; n <= 20_000; n++) {
    const track = inbox.accept(entry(n), 1);
    inbox.handle(track, 0);
    const cut = inbox.cut();
    expect(cut.handledUpTo).toBeUndefined();
    removed.push(...cut.handled);
  }
  expect(removed).toHaveLength(19_999);
  expect(inbox.open).toBe(1);
  expect(inbox.tracked).toBeLessThan(5_000);
  const last = inbox.accept(entry(30_000), 1);
  inbox.handle(open, 1);
  inbox.handle(last, 0);
  const cut = inbox.cut();
  expect(cut.handledUpTo).toBe(last.id);
  expect(inbox.open).toBe(0);
});
