import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  callFaults,
  type Fault,
  formatFault,
  formatFaults,
  hintFaults,
  nodeFaults,
  parseFault,
  parseFaults,
  storeFaults,
} from "./fault.ts";

test.each([
  "freeze:n2@2896+3470",
  "roll-back:store@5000+400",
  "jump-wall:n1@100-3600000",
  "flush-store:store@8966",
  "mute:view@2000+300",
  "crash-after:n1.commit#12+900",
  "lose-reply:n3.writeStatus#1",
  "lose-hint:n3~view#7",
])("%s reads as the fault it was written from", (text) => {
  expect(formatFault(parseFault(text))).toBe(text);
});

const ms = fc.integer({ min: -5_000, max: 5_000 });
const target = fc.constantFrom("n1", "n7", "store", "view");
const count = fc.nat(10_000);
const anyFault: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({ kind: fc.constantFrom(...nodeFaults, ...storeFaults), target, at: count, ms }),
  fc.record({
    kind: fc.constantFrom(...callFaults),
    target,
    op: fc.constantFrom("commit", "writeStatus"),
    nth: count,
    ms,
  }),
  fc.record({
    kind: fc.constantFrom(...hintFaults),
    target,
    topic: fc.constantFrom("view", "wake"),
    nth: count,
    ms,
  }),
);

test("every list of faults comes back from its text", () => {
  fc.assert(
    fc.property(fc.array(anyFault), (faults) => {
      expect(parseFaults(formatFaults(faults))).toEqual(faults);
    }),
  );
});

test.each([
  "",
  "freeze",
  "freeze:n1",
  "freeze:n1.commit#1",
  "melt:n1@5",
  "lose-hint:n1.view#1",
  "x y",
])("%p is refused with what to write instead", (text) => {
  expect(() => parseFault(text)).toThrow("KIND:NODE@AT+MS");
});
