import { expect, test } from "bun:test";
import fc from "fast-check";
import type { EntryId } from "../model/ids.ts";
import { MailStream } from "./mail-stream.ts";

const step = fc.oneof(
  fc.record({ kind: fc.constant("add"), ms: fc.integer({ min: 0, max: 40 }) }),
  fc.record({ kind: fc.constantFrom("remove", "removeUpTo", "read"), at: fc.nat(400) }),
);

test("a stream behaves as a plain list of entries does", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const stream = MailStream.empty();
      const everAdded: EntryId[] = ["0-0" as EntryId];
      let list: EntryId[] = [];
      for (const one of steps) {
        if (!("at" in one)) {
          const { id } = stream.add(one.ms, []);
          everAdded.push(id);
          list.push(id);
          expect(stream.lastId).toBe(id);
          continue;
        }
        const id = everAdded[one.at % everAdded.length] as EntryId;
        const isAfter = (other: EntryId) => everAdded.indexOf(other) > everAdded.indexOf(id);
        if (one.kind === "remove") {
          stream.remove(id);
          list = list.filter((other) => other !== id);
        } else if (one.kind === "removeUpTo") {
          const removed: EntryId[] = [];
          stream.removeUpTo(id, (each) => removed.push(each));
          expect(removed).toEqual(list.filter((other) => !isAfter(other)));
          list = list.filter(isAfter);
        } else {
          const limit = 1 + (one.at % 5);
          const { entries, more } = stream.read(id, limit);
          const expected = list.filter(isAfter);
          expect(entries.map((entry) => entry.id)).toEqual(expected.slice(0, limit));
          expect(more).toBe(expected.length > limit);
        }
      }
      const copy = stream.clone();
      expect(copy.read("0-0" as EntryId, 1_000)).toEqual(stream.read("0-0" as EntryId, 1_000));
      expect(copy.lastId).toBe(stream.lastId);
    }),
    { numRuns: 300 },
  );
});

test("a long stream that is worked off from the front keeps nothing of what is gone", () => {
  const stream = MailStream.empty();
  let last = stream.lastId;
  for (let round = 0; round < 1_000; round++) {
    const { id } = stream.add(round, []);
    stream.removeUpTo(last, () => {});
    last = id;
  }
  expect(stream.read("0-0" as EntryId, 10).entries.map(({ id }) => id)).toEqual([last]);
});
