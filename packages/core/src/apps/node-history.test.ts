import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  maxNodeEntries,
  type NodeEntry,
  nodeHistory,
  noHistory,
  noteAttempt,
} from "./node-history.ts";

type Met = Parameters<typeof noteAttempt>[1];
const met = (code: string, part: Partial<Met> = {}): Met => ({
  generation: 1,
  version: "1.0.0",
  initStatus: "error_disabled",
  reason: { code, message: code },
  ...part,
});
const shown = (entries: readonly NodeEntry[]) =>
  entries.map(({ at, count, lastAt, reason }) => [reason?.code, count, at, lastAt]);

test("repeats raise a count with first and last time, and reorder nothing", () => {
  const codes = ["a", "b", "a", "c", "b"];
  const history = codes.reduce((so, code, n) => noteAttempt(so, met(code), 100 + n), noHistory);
  expect(shown(history.entries)).toEqual([
    ["a", 2, 100, 102],
    ["b", 2, 101, 104],
    ["c", 1, 103, 103],
  ]);
  expect(history).toMatchObject({ coveredFrom: 100, dropped: 0 });
});

test("another generation, version, status or message is another entry", () => {
  const first = noteAttempt(noHistory, met("a"), 1);
  for (const other of [
    met("a", { generation: 2 }),
    met("a", { version: "1.0.1" }),
    met("a", { initStatus: "disabled" }),
    met("a", { reason: { code: "a", message: "else" } }),
    met("a", { reason: null }),
  ]) {
    expect(noteAttempt(first, other, 2).entries).toHaveLength(2);
  }
});

test("what was dropped is counted, and the window begins after it", () => {
  let history = noHistory;
  for (let n = 0; n < maxNodeEntries + 5; n++) history = noteAttempt(history, met(`c${n}`), 10 + n);
  expect(history.entries).toHaveLength(maxNodeEntries);
  expect(history).toMatchObject({ dropped: 5, coveredFrom: 15 });
  expect(history.entries[0]?.at).toBe(15);
});

test("long messages are cut, and still known as repeats", () => {
  const long = met("a", { reason: { code: "a", message: "x".repeat(5_000) } });
  const history = noteAttempt(noteAttempt(noHistory, long, 1), long, 2);
  expect(history.entries).toHaveLength(1);
  expect(history.entries[0]?.reason?.message).toHaveLength(300);
});

test("stays bounded, ordered and complete within its window, whatever happens", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(40), { maxLength: 200 }), (codes) => {
      const history = codes.reduce(
        (so, code, n) => noteAttempt(so, met(`${code}`), n + 1),
        noHistory,
      );
      expect(nodeHistory.parse(history)).toEqual(history);
      expect(history.entries.length).toBeLessThanOrEqual(maxNodeEntries);
      const times = history.entries.map(({ at }) => at);
      expect(times).toEqual([...times].sort((a, b) => a - b));
      for (const { at, lastAt } of history.entries) expect(lastAt).toBeGreaterThanOrEqual(at);
    }),
  );
});
