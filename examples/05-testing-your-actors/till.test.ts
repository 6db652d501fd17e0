/** The behaviour as plain functions, and one node whose clock the test moves. */
import { describe, expect, test } from "bun:test";
import { createTestMuster, runCommand } from "@muster/core/testing";
import { ForgetfulTill, Till, till } from "./till.ts";

const open = { open: true, total: 0, paid: [] };

describe("as a function", () => {
  test("a payment is added to what is there", () => {
    const run = runCommand(Till, "pay", { state: open, input: { order: "o-1", cents: 250 } });
    expect(run.outcome).toEqual({ kind: "replied", value: 250 });
    expect(run.state).toEqual({ open: true, total: 250, paid: ["o-1"] });
  });

  test("nobody pays while it is closed", () => {
    const run = runCommand(Till, "pay", { input: { order: "o-1", cents: 250 } });
    expect(run.outcome).toEqual({ kind: "refused", refusal: "closed" });
  });

  test("opening sets the timer that closes it", () => {
    const { timers } = runCommand(Till, "open", { input: {} });
    expect(timers).toMatchObject([{ name: "close", afterMs: 28_800_000, command: "close" }]);
  });

  test("an amount that is none is refused before the handler sees it", () => {
    const pay = () => runCommand(Till, "pay", { input: { order: "o-1", cents: -5 } });
    expect(pay).toThrow("not valid");
  });
});

// The forgetful till passes: nobody here pays twice.
describe.each([
  ["the till", Till],
  ["the forgetful till", ForgetfulTill],
])("%s on one node", (_, kind) => {
  test("closes after eight hours", async () => {
    const { muster, advance, stop } = await createTestMuster({ actors: [kind] });
    const { ask } = muster.actor(till, "front");
    await ask.open({});
    expect(await ask.pay({ order: "o-1", cents: 250 })).toEqual({ ok: true, value: 250 });
    await advance(8 * 3_600_000);
    expect(await ask.pay({ order: "o-2", cents: 100 })).toEqual({ ok: false, refusal: "closed" });
    expect(await ask.total({})).toBe(250);
    await stop();
  });
});
