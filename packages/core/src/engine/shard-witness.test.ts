import { expect, test } from "bun:test";
import type { ClaimId, HistoryId, Incarnation, NodeId } from "../model/ids.ts";
import type { Position } from "../model/position.ts";
import type { Ownership } from "../ports/shard-store.ts";
import { ShardWitness } from "./shard-witness.ts";

const at = (epoch: number, seq: number): Position => ({ epoch, seq });
const record = (epoch: number, written: Position, over: Partial<Ownership> = {}): Ownership => ({
  shard: 1,
  claimId: "c" as ClaimId,
  owner: "web-1" as NodeId,
  incarnation: "i" as Incarnation,
  released: false,
  epoch,
  seq: written.epoch === epoch ? written.seq : 0,
  historyId: "h1" as HistoryId,
  presentHistoryId: "h1" as HistoryId,
  pending: 0,
  born: "b1",
  written,
  lossMark: "",
  ...over,
});
const after = (historyId: string) => ({ historyId: historyId as HistoryId });

test("a record that goes on in its life is not compared", () => {
  const witness = new ShardWitness();
  witness.saw(record(1, at(1, 5)));
  witness.accepted(at(1, 9));
  witness.saw(record(1, at(1, 9)));
  witness.saw(record(2, at(2, 1)));
  expect(witness.isDue).toBe(false);
  expect(witness.positions).toEqual([at(2, 1)]);
});

test("a record of an earlier epoch than was seen is compared", () => {
  const witness = new ShardWitness();
  witness.saw(record(2, at(2, 5)));
  witness.saw(record(1, at(1, 900)));
  expect(witness.isDue).toBe(true);
  expect(witness.positions).toEqual([at(2, 5)]);
});

test("an answer overtaken by a later one is no loss", () => {
  const witness = new ShardWitness();
  witness.saw(record(1, at(1, 5)));
  witness.accepted(at(1, 6));
  witness.saw(record(1, at(1, 5)));
  expect(witness.isDue).toBe(false);
  expect(witness.positions).toEqual([at(1, 6)]);
});

test("what is suspected by others is compared", () => {
  const witness = new ShardWitness();
  witness.saw(record(1, at(1, 5)));
  witness.suspect();
  expect(witness.isDue).toBe(true);
});

test.each([
  ["under another history", { historyId: "h2" as HistoryId }],
  ["made anew", { born: "b2" }],
])("a record %s is compared, however far it has come since", (_, over) => {
  const witness = new ShardWitness();
  witness.saw(record(1, at(1, 5)));
  witness.saw(record(7, at(7, 900), over));
  expect(witness.isDue).toBe(true);
  expect(witness.positions).toEqual([at(1, 5)]);
});

test("what is told under a later epoch does not hide what was known before it", () => {
  const witness = new ShardWitness();
  witness.saw(record(1, at(1, 5)));
  // A reply of the owner under another history, before anybody here knows of that history.
  witness.accepted(at(7, 2));
  witness.saw(record(7, at(7, 2), after("h2")));
  expect(witness.isDue).toBe(true);
  expect(witness.positions).toEqual([at(1, 5), at(7, 2)]);
});

test("a record read before the later epoch does not vouch for it", () => {
  const witness = new ShardWitness();
  witness.saw(record(1, at(1, 5)));
  witness.accepted(at(7, 2));
  witness.saw(record(1, at(1, 5)));
  witness.saw(record(7, at(7, 2), after("h2")));
  expect(witness.positions).toEqual([at(1, 5), at(7, 2)]);
});

test("commits under a claim that went missing are compared after the next claim", () => {
  const witness = new ShardWitness();
  witness.saw(record(1, at(1, 5)));
  witness.accepted(at(2, 3));
  witness.saw(record(1, at(1, 5)));
  witness.saw(record(9, at(1, 5), after("h2")));
  expect(witness.isDue).toBe(true);
  expect(witness.positions).toContainEqual(at(2, 3));
});

test("what was kept stays known in the new life", () => {
  const witness = new ShardWitness();
  witness.saw(record(1, at(1, 5)));
  witness.saw(record(7, at(1, 5), after("h2")));
  witness.compared(witness.positions, { kind: "kept", life: "h2 b1", epoch: 7 });
  witness.saw(record(7, at(7, 3), after("h2")));
  expect(witness.isDue).toBe(false);
  expect(witness.positions).toEqual([at(7, 3)]);
});

test("what was lost is not told again, and what was accepted meanwhile is still known", () => {
  const witness = new ShardWitness();
  witness.saw(record(1, at(1, 5)));
  witness.saw(record(7, at(1, 4), after("h2")));
  const asked = witness.positions;
  witness.accepted(at(7, 1));
  witness.compared(asked, { kind: "lost", life: "h2 b1", epoch: 7 });
  expect(witness.positions).toEqual([at(7, 1)]);
  witness.saw(record(7, at(7, 1), after("h2")));
  expect(witness.isDue).toBe(false);
});

test("a life that changed during the comparison is compared again", () => {
  const witness = new ShardWitness();
  witness.saw(record(1, at(1, 5)));
  witness.saw(record(7, at(1, 5), after("h2")));
  witness.compared(witness.positions, { kind: "kept", life: "h2 b1", epoch: 7 });
  witness.saw(record(8, at(1, 5), after("h3")));
  expect(witness.isDue).toBe(true);
});

test("a changed mark is told once", () => {
  const witness = new ShardWitness();
  expect(witness.saw(record(1, at(1, 1)))).toBe("same");
  expect(witness.saw(record(1, at(1, 1), { lossMark: "f.1" }))).toBe("changed");
  expect(witness.saw(record(1, at(1, 1), { lossMark: "f.1" }))).toBe("same");
  expect(witness.saw(record(1, at(1, 1)))).toBe("changed");
});

test("what an owner tells during a comparison is compared next, when it was of a former claim", () => {
  const witness = new ShardWitness();
  witness.saw(record(1, at(1, 5)));
  witness.suspect();
  const asked = witness.positions;
  witness.accepted(at(1, 9));
  witness.compared(asked, { kind: "kept", life: "h2 b1", epoch: 7 });
  expect(witness.isDue).toBe(true);
  expect(witness.positions).toEqual([at(1, 9)]);
});

test("what is accepted during a comparison under the claim it found is not compared", () => {
  const witness = new ShardWitness();
  witness.saw(record(1, at(1, 5)));
  witness.saw(record(7, at(1, 5), after("h2")));
  const asked = witness.positions;
  witness.accepted(at(7, 2));
  witness.compared(asked, { kind: "kept", life: "h2 b1", epoch: 7 });
  expect(witness.isDue).toBe(false);
});

test("what was told before any record was read is not hidden by what is told after a loss", () => {
  const witness = new ShardWitness();
  witness.saw(record(0, at(0, 0)));
  witness.accepted(at(1, 37));
  witness.accepted(at(7, 2));
  witness.accepted(at(1, 38));
  witness.saw(record(7, at(7, 2), { born: "b2" }));
  expect(witness.isDue).toBe(true);
  expect(witness.positions).toEqual([at(1, 38), at(7, 2)]);
});
