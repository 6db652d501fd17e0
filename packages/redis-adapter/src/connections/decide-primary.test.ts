import { expect, test } from "bun:test";
import { decidePrimary, type Said } from "./decide-primary.ts";

const tells = (address: string, epoch: number): Said => ({ kind: "primary", address, epoch });
const silent: Said = { kind: "silent", detail: "away" };
const unknown: Said = { kind: "name-unknown" };
const at = (address: string, epoch: number) => ({ address, epoch });

test.each([
  ["nobody was ever heard", undefined, [silent, unknown], undefined],
  ["all tell the same", undefined, [tells("a", 1), tells("a", 1)], at("a", 1)],
  ["one is behind the others", undefined, [tells("a", 1), tells("b", 2), silent], at("b", 2)],
  ["one is ahead of the others", at("a", 1), [tells("a", 1), tells("b", 2), silent], at("b", 2)],
  ["nobody answers any more", at("a", 1), [silent, silent], at("a", 1)],
  [
    "they differ at one epoch",
    undefined,
    [tells("a", 1), tells("b", 1), tells("b", 1)],
    at("b", 1),
  ],
  ["they differ, and one agrees with us", at("a", 1), [tells("b", 1), tells("a", 1)], at("a", 1)],
  ["the address changed without a fail-over", at("a", 1), [tells("b", 1)], at("b", 1)],
  ["only one that is behind answers", at("b", 2), [tells("a", 1), silent, silent], at("b", 2)],
  ["half of them are behind", at("b", 2), [tells("a", 1), silent], at("b", 2)],
  ["most were set up anew", at("b", 2), [tells("a", 0), tells("a", 0), silent], at("a", 0)],
  ["the only one was set up anew", at("b", 2), [tells("a", 0)], at("a", 0)],
] as const)("when %s", (_, followed, said, expected) => {
  expect(decidePrimary(followed, said)).toEqual(expected);
});
