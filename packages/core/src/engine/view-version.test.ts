import { describe, expect, test } from "bun:test";
import type { HistoryId } from "../model/ids.ts";
import { judgeHint, judgeSweep, wentBack } from "./view-version.ts";

const v = (n: number, history = "h1") => ({ historyId: history as HistoryId, n });

describe("judgeHint", () => {
  test.each([
    ["the next number with its rows is applied", v(5), v(6), true, "apply"],
    ["the next number without rows is listed", v(5), v(6), false, "list"],
    ["the present number is known", v(5), v(5), true, "known"],
    ["an older number is known, also without rows", v(5), v(2), false, "known"],
    ["a number beyond the next is a gap", v(5), v(7), true, "list"],
    ["another history is listed whatever its number", v(5), v(6, "h2"), true, "list"],
    ["another history with an older number is listed", v(5), v(1, "h2"), true, "list"],
  ] as const)("%s", (_, applied, version, complete, verdict) => {
    expect(judgeHint(applied, { version, complete })).toBe(verdict);
  });
});

describe("judgeSweep", () => {
  test.each([
    ["the same version is current", v(5), v(5), v(5), "current"],
    ["an answer from before a hint that was applied is current", v(5), v(7), v(5), "current"],
    ["an answer between is current", v(5), v(7), v(6), "current"],
    ["a higher number tells of a lost hint", v(5), v(7), v(8), "list"],
    ["a number below the one at the start tells that data went back", v(5), v(7), v(4), "list"],
    ["another history is listed", v(5), v(5), v(5, "h2"), "list"],
  ] as const)("%s", (_, before, applied, seen, verdict) => {
    expect(judgeSweep(before, applied, seen)).toBe(verdict);
  });
});

describe("wentBack", () => {
  test.each([
    ["the same version lost nothing", v(5), v(5), false],
    ["a later version lost nothing", v(5), v(9), false],
    ["a restart that kept the data lost nothing", v(5), v(5, "h2"), false],
    ["a lower number lost rows", v(5), v(4), true],
    ["a lower number lost rows under another history too", v(5), v(4, "h2"), true],
  ] as const)("%s", (_, before, listed, lost) => {
    expect(wentBack(before, listed)).toBe(lost);
  });
});
