/** Which work may have ended its process, by what its shard remembers. */
import { describe, expect, test } from "bun:test";
import type { EntryId } from "../model/ids.ts";
import type { UncleanTakeover } from "../ports/shard-store.ts";
import { judgeEffect, judgeMessage, judgeTimer, startsOf } from "./suspicion.ts";
import type { Tries } from "./tries.ts";

const takeover = (ended: number): UncleanTakeover => ({
  ended,
  entry: `${ended * 10}-5` as EntryId,
  at: ended * 100,
});
const once = [takeover(3)];
const twice = [takeover(3), takeover(7)];
const tries = (over: Partial<Tries> = {}): Tries => ({
  attempts: 0,
  firstAt: 1,
  lastAt: 1,
  error: "",
  starts: 0,
  mark: 0,
  verdict: undefined,
  ...over,
});
const id = (text: string) => text as EntryId;

describe("after one unclean take-over", () => {
  test("nothing is under suspicion", () => {
    expect(judgeMessage(id("1-1"), undefined, once)).toBe("none");
    expect(judgeTimer(1, undefined, once)).toBe("none");
    expect(judgeEffect(1, undefined, once)).toBe("none");
  });
});

describe("after two", () => {
  test.each([
    ["1-1", "together"],
    ["30-5", "together"],
    ["30-6", "none"],
    ["70-1", "none"],
  ] as const)("the entry %s is judged %s", (entry, judged) => {
    expect(judgeMessage(id(entry), undefined, twice)).toBe(judged);
  });

  test.each([
    [300, "together"],
    [301, "none"],
  ] as const)("a timer due at %s is judged %s", (dueAt, judged) => {
    expect(judgeTimer(dueAt, undefined, twice)).toBe(judged);
  });

  test.each([
    [0, "together"],
    [3, "together"],
    [4, "none"],
    [7, "none"],
  ] as const)("an effect recorded under epoch %s is judged %s", (recorded, judged) => {
    expect(judgeEffect(recorded, undefined, twice)).toBe(judged);
  });

  test("what was marked under a claim that ended so starts alone, then not at all", () => {
    const first = tries({ mark: 7 });
    expect(judgeMessage(id("1-1"), first, twice)).toBe("alone");
    expect(judgeMessage(id("99-1"), first, twice)).toBe("alone");
    const second = tries({ starts: 1, mark: 7 });
    expect(judgeMessage(id("1-1"), second, twice)).toBe("crash-loop");
    expect(judgeTimer(999, second, twice)).toBe("crash-loop");
    expect(judgeEffect(99, second, twice)).toBe("crash-loop");
  });

  test("a mark of a claim that ended well is void, what was counted before stands", () => {
    expect(startsOf(tries({ mark: 5 }), twice)).toBe(0);
    expect(startsOf(tries({ starts: 1, mark: 5 }), twice)).toBe(1);
    expect(startsOf(tries({ starts: 1 }), twice)).toBe(1);
    expect(judgeMessage(id("99-1"), tries({ mark: 5 }), twice)).toBe("none");
  });
});
