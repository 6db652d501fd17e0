import { expect, test } from "bun:test";
import { createKeyReader, type KeyPressed, keyHelp } from "./keys.ts";

const start = () => {
  let now = 0;
  const read = createKeyReader(() => now);
  return {
    press: (key: string, part: Partial<KeyPressed> = {}) =>
      read({ key, isChord: false, isTyping: false, ...part }),
    pass: (ms: number) => {
      now += ms;
    },
  };
};

test("single keys help, filter, move and open, and none changes anything", () => {
  const { press } = start();
  expect(
    ["?", "/", "j", "k", "Enter", "Escape", "x", "d", "toString"].map((key) => press(key)),
  ).toEqual([
    { kind: "help" },
    { kind: "filter" },
    { kind: "row", step: 1 },
    { kind: "row", step: -1 },
    { kind: "open" },
    { kind: "back" },
    undefined,
    undefined,
    undefined,
  ]);
});

test("g and a letter go to a view, and a letter that means none is passed over", () => {
  const { press, pass } = start();
  for (const [letter, view] of [
    ["o", "apps"],
    ["n", "nodes"],
    ["a", "alerts"],
    ["r", "reconciler"],
    ["e", "events"],
    ["d", "letters"],
  ] as const) {
    expect([press("g"), press(letter)]).toEqual([undefined, { kind: "go", view }]);
    expect(keyHelp.map(([keys]) => keys)).toContain(`g ${letter}`);
  }
  expect([press("g"), press("j"), press("j")]).toEqual([
    undefined,
    undefined,
    { kind: "row", step: 1 },
  ]);
  press("g");
  pass(2_000);
  expect(press("n")).toBeUndefined();
});

test("keys pressed while typing are text, but Escape; chords are the browser's", () => {
  const { press } = start();
  expect(press("/", { isTyping: true })).toBeUndefined();
  expect(press("Escape", { isTyping: true })).toEqual({ kind: "back" });
  expect(press("k", { isChord: true })).toBeUndefined();
});
