import { expect, test } from "bun:test";
import { z } from "zod";
import { deferral, defineActor, tellTo } from "../define-actor.ts";
import { runCommand } from "./run-command.ts";

const door = defineActor({
  kind: "door",
  state: z.strictObject({ open: z.boolean(), waiting: deferral("knock").nullable() }),
  commands: {
    open: { input: z.strictObject({ by: z.string().min(1) }), refusals: ["open already"] },
    knock: { input: z.strictObject({}), output: z.string() },
    look: { input: z.strictObject({}), output: z.boolean(), readOnly: true },
    slam: { input: z.strictObject({}) },
    spoil: { input: z.strictObject({}) },
    jam: { input: z.strictObject({}) },
  },
});
const Door = door.implement({
  initial: () => ({ open: false, waiting: null }),
  on: {
    open: (turn, state, { by }, { now, self }) => {
      if (state.open) return turn.refuse("open already");
      const next = turn.next(
        { open: true, waiting: null },
        {
          timers: [{ name: "close", at: now + 1_000, command: "slam", input: {} }],
          tell: [tellTo(door, "next").slam({})],
          events: [{ type: "opened", data: { id: self.id, by } }],
        },
      );
      return (state.waiting === null ? next : next.answer(state.waiting, by)).reply();
    },
    knock: (turn, state, _, { ask }) => turn.next({ ...state, waiting: ask }).defer(),
    look: (turn, state) => turn.reply(state.open),
    slam: () => {
      throw new Error("too loud");
    },
    spoil: (turn, state) => {
      (state as { open: boolean }).open = true;
      return turn.reply();
    },
    jam: (turn, state) => turn.next(state, { events: [{ type: "x", data: new Date() }] }).reply(),
  },
});

const closed = { open: false, waiting: null };

test("a command answers its next state and everything that goes with it", () => {
  const run = runCommand(Door, "open", { input: { by: "rosa" }, id: "front", facts: { now: 5 } });
  expect(run).toEqual({
    outcome: { kind: "replied", value: undefined },
    state: { open: true, waiting: null },
    timers: [{ name: "close", at: 1_005, command: "slam", input: {} }],
    tell: [{ to: { kind: "door", id: "next" }, partitionKey: "next", command: "slam", input: {} }],
    effects: [],
    events: [{ type: "opened", data: { id: "front", by: "rosa" } }],
    answers: [],
  });
});

test("a refusal keeps the state given", () => {
  const state = { open: true, waiting: null };
  const run = runCommand(Door, "open", { input: { by: "rosa" }, state });
  expect([run.outcome, run.state]).toEqual([{ kind: "refused", refusal: "open already" }, state]);
});

test("an ask that is deferred is answered by the command that knows", () => {
  const knocked = runCommand(Door, "knock", { input: {} });
  expect(knocked.outcome).toEqual({ kind: "deferred" });
  const opened = runCommand(Door, "open", { input: { by: "rosa" }, state: knocked.state });
  expect(opened.answers).toEqual([{ to: String(knocked.state.waiting), value: "rosa" }]);
});

test("a read-only command answers and leaves the state", () => {
  const run = runCommand(Door, "look", { input: {}, state: closed });
  expect([run.outcome, run.state]).toEqual([{ kind: "replied", value: false }, closed]);
});

test.each([
  ["a handler that throws", "slam", {}, "HANDLER_FAILED", "too loud"],
  ["a handler that changes its state", "spoil", {}, "HANDLER_FAILED", "door"],
  ["a decision that cannot be stored", "jam", {}, "HANDLER_FAILED", "cannot be stored"],
  ["an input that does not fit", "open", { by: "" }, "VALIDATION", "not valid"],
] as const)("%s fails with a code", (_, command, input, code, text) => {
  let thrown: unknown;
  try {
    runCommand(Door, command, { input: input as never, state: { ...closed } });
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toMatchObject({ code, outcome: "not-applied" });
  if (text !== "door") expect(String(thrown)).toContain(text);
});

test("a command that the kind does not have is refused", () => {
  expect(() => runCommand(Door, "ring" as never, { input: {} as never })).toThrow("ring");
});
