/**
 * What TypeScript must refuse in uses of `defineActor`, line by line: a line that compiles although
 * it should not makes its `@ts-expect-error` an error of the normal type check. Nothing here is run.
 */
import {
  createMuster,
  type Deferral,
  deferral,
  defineActor,
  defineEffect,
  defineReplica,
  type Muster,
  tellTo,
} from "@muster/core";
import { z } from "zod";

const counter = defineActor({
  kind: "counter",
  state: z.strictObject({ value: z.number().int(), mode: z.enum(["new", "used"]) }),
  commands: {
    add: {
      input: z.strictObject({ by: z.number().int() }),
      output: z.number().int(),
      refusals: ["too-big", "too-small"],
    },
    reset: { input: z.strictObject({}) },
    read: { input: z.strictObject({}), output: z.string(), readOnly: true },
    since: { input: z.strictObject({ at: z.coerce.date(), unit: z.string().default("ms") }) },
  },
});

const order = defineActor({
  kind: "order",
  state: z.strictObject({ waiting: z.array(deferral("pay")) }),
  commands: {
    pay: {
      input: z.strictObject({ cents: z.number().int() }),
      output: z.strictObject({ receipt: z.string() }),
      refusals: ["declined"],
    },
    ship: { input: z.strictObject({}) },
    paid: { input: z.strictObject({ id: deferral("pay"), output: z.string() }) },
    shipped: { input: z.strictObject({ id: deferral("ship") }) },
    total: { input: z.strictObject({}), output: z.number(), readOnly: true },
  },
});
const orderHandlers = order.implement({ initial: () => ({ waiting: [] }), on: {} as never })
  .implementation.on;

export const rightUses = async (muster: Muster): Promise<void> => {
  const Counter = counter.implement({
    initial: () => ({ value: 0, mode: "new" }),
    on: {
      add: (turn, state, { by }, facts) =>
        facts.attempt > 1 || by > 1_000
          ? turn.refuse("too-big")
          : turn.next({ ...state, value: state.value + by }).reply(state.value + by),
      reset: (turn) => turn.next({ value: 0, mode: "used" }).reply(),
      read: (turn, state) => turn.reply(`${state.mode}: ${state.value.toFixed()}`),
      since: (turn, state, { at, unit }) =>
        turn.next({ ...state, value: at.getTime() + unit.length }).reply(),
    },
  });
  createMuster({ cluster: "types", actors: [Counter] });
  order.implement({
    initial: () => ({ waiting: [] }),
    on: {
      pay: (turn, state, _, { ask }) => turn.next({ waiting: [...state.waiting, ask] }).defer(),
      ship: (turn, state) => turn.next(state).defer(),
      paid: (turn, state, { id, output }) => {
        let next = turn.next(state).answer(id, { receipt: output });
        for (const other of state.waiting) next = next.answerRefusal(other, "declined");
        return next.reply();
      },
      shipped: (turn, state, { id }) => turn.next(state).answer(id).reply(),
      total: (turn) => turn.reply(1),
    },
  });

  const { ask, tell } = muster.actor(counter, "c-1");
  const added = await ask.add({ by: 1 }, { timeoutMs: 5, idempotencyKey: "k" });
  const outcome: number | "too-big" | "too-small" = added.ok ? added.value : added.refusal;
  const text: string = await ask.read({});
  const reset: () => Promise<void> = () => ask.reset({});
  const told: Promise<void> = tell.add({ by: outcome === "too-big" ? 1 : text.length });
  // What goes in is the schema's input: a default may be left out, a date may be text.
  await ask.since({ at: "2026-01-01" });
  tellTo(counter, "c-2").reset({});
  await Promise.all([reset(), told]);
};

export const wrongCalls = async (muster: Muster): Promise<void> => {
  const { ask, tell } = muster.actor(counter, "c-1");
  // @ts-expect-error wrong type in an input
  await ask.add({ by: "one" });
  // @ts-expect-error missing part of an input
  await ask.add({});
  // @ts-expect-error excess part of an input
  await ask.add({ by: 1, twice: true });
  // @ts-expect-error missing input
  await ask.add();
  // @ts-expect-error unknown command
  await ask.multiply({ by: 2 });
  // @ts-expect-error unknown option
  await ask.reset({}, { timeout: 5 });
  // @ts-expect-error a tell takes the same inputs
  await tell.add({ by: true });
  // @ts-expect-error a tell takes the same commands
  await tell.multiply({ by: 2 });
  // @ts-expect-error a message to another actor takes its commands
  tellTo(counter, "c-2").multiply({ by: 2 });
  // @ts-expect-error a message to another actor takes its inputs
  tellTo(counter, "c-2").add({ by: "two" });
};

export const wrongAnswers = async (muster: Muster): Promise<unknown[]> => {
  const { ask } = muster.actor(counter, "c-1");
  const added = await ask.add({ by: 1 });
  // @ts-expect-error a command with refusals does not answer its output itself
  const value: number = added;
  // @ts-expect-error a refused command has no value
  const unchecked: number = added.value;
  // @ts-expect-error only declared refusals are answered
  const refused: boolean = !added.ok && added.refusal === "too-odd";
  // @ts-expect-error the output has its own type
  const read: number = await ask.read({});
  // @ts-expect-error a command without output answers nothing
  const reset: string = await ask.reset({});
  return [value, unchecked, refused, read, reset];
};

const initial = () => ({ value: 0, mode: "new" as const });
const on = {
  ...counter.implement({ initial, on: {} as never }).implementation.on,
};

export const wrongBehaviours = (): unknown[] => [
  counter.implement({
    initial,
    on: {
      ...on,
      // @ts-expect-error a reply of another type
      add: (turn) => turn.reply("three"),
    },
  }),
  counter.implement({
    initial,
    on: {
      ...on,
      // @ts-expect-error a reply without its value
      add: (turn) => turn.reply(),
    },
  }),
  counter.implement({
    initial,
    on: {
      ...on,
      // @ts-expect-error a value where none is declared
      reset: (turn) => turn.reply(1),
    },
  }),
  counter.implement({
    initial,
    on: {
      ...on,
      // @ts-expect-error no decision at all
      add: () => undefined,
    },
  }),
  counter.implement({
    initial,
    on: {
      ...on,
      // @ts-expect-error a state alone is no decision
      add: (turn, state) => turn.next(state),
    },
  }),
  counter.implement({
    initial,
    on: {
      ...on,
      // @ts-expect-error handlers are synchronous
      add: async (turn) => turn.reply(1),
    },
  }),
  counter.implement({
    initial,
    on: {
      ...on,
      // @ts-expect-error an undeclared refusal
      add: (turn) => turn.refuse("too-odd"),
    },
  }),
  counter.implement({
    initial,
    on: {
      ...on,
      // @ts-expect-error a refusal where none is declared
      reset: (turn) => turn.refuse("too-big"),
    },
  }),
  counter.implement({
    initial,
    on: {
      ...on,
      // @ts-expect-error an excess key in the state
      add: (turn) => turn.next({ value: 1, mode: "used", extra: 1 }).reply(1),
    },
  }),
  counter.implement({
    initial,
    on: {
      ...on,
      // @ts-expect-error a missing key in the state
      add: (turn) => turn.next({ value: 1 }).reply(1),
    },
  }),
  counter.implement({
    initial,
    on: {
      ...on,
      // @ts-expect-error a value of the state that is none of its own
      add: (turn) => turn.next({ value: 1, mode: "old" }).reply(1),
    },
  }),
  counter.implement({
    initial,
    on: {
      ...on,
      // @ts-expect-error an input that is not declared
      add: (turn, _, { times }) => turn.reply(times),
    },
  }),
  counter.implement({
    initial,
    on: {
      ...on,
      // @ts-expect-error a handler of no command
      multiply: () => undefined,
    },
  }),
  counter.implement({
    initial,
    // @ts-expect-error a missing handler
    on: { add: on.add, reset: on.reset, read: on.read },
  }),
  counter.implement({
    // @ts-expect-error an initial state of another shape
    initial: () => ({ value: "0", mode: "new" }),
    on,
  }),
  // @ts-expect-error no initial state
  counter.implement({ on }),
  // @ts-expect-error a protocol without behaviour is no kind
  createMuster({ cluster: "types", actors: [counter] }),
];

const waiting = () => ({ waiting: [] });
export const wrongDeferrals = (text: string, ship: Deferral<"ship">): unknown[] => [
  order.implement({
    initial: waiting,
    on: {
      ...orderHandlers,
      // @ts-expect-error nothing is kept or begun that could lead to an answer
      pay: (turn) => turn.defer(),
    },
  }),
  order.implement({
    initial: waiting,
    on: {
      ...orderHandlers,
      // @ts-expect-error a read answers at once
      total: (turn, state) => turn.next(state).defer(),
    },
  }),
  order.implement({
    initial: waiting,
    on: {
      ...orderHandlers,
      // @ts-expect-error to answer another is no answer of its own
      paid: (turn, state, { id }) => turn.next(state).answer(id, { receipt: "r" }),
    },
  }),
  order.implement({
    initial: waiting,
    on: {
      ...orderHandlers,
      // @ts-expect-error the output of another command
      paid: (turn, state, { id }) => turn.next(state).answer(id, 7).reply(),
    },
  }),
  order.implement({
    initial: waiting,
    on: {
      ...orderHandlers,
      // @ts-expect-error an answer without its output
      paid: (turn, state, { id }) => turn.next(state).answer(id).reply(),
    },
  }),
  order.implement({
    initial: waiting,
    on: {
      ...orderHandlers,
      paid: (turn, state, { id }) =>
        // @ts-expect-error an excess part of an answer
        turn.next(state).answer(id, { receipt: "r", extra: 1 }).reply(),
    },
  }),
  order.implement({
    initial: waiting,
    on: {
      ...orderHandlers,
      // @ts-expect-error an output for a command that declares none
      shipped: (turn, state, { id }) => turn.next(state).answer(id, { receipt: "r" }).reply(),
    },
  }),
  order.implement({
    initial: waiting,
    on: {
      ...orderHandlers,
      // @ts-expect-error a refusal that the deferred command does not declare
      paid: (turn, state, { id }) => turn.next(state).answerRefusal(id, "lost").reply(),
    },
  }),
  order.implement({
    initial: waiting,
    on: {
      ...orderHandlers,
      // @ts-expect-error a refusal for a command that declares none
      shipped: (turn, state, { id }) => turn.next(state).answerRefusal(id, "declined").reply(),
    },
  }),
  order.implement({
    initial: waiting,
    on: {
      ...orderHandlers,
      // @ts-expect-error any text is no ask that was deferred
      paid: (turn, state) => turn.next(state).answer(text, { receipt: "r" }).reply(),
    },
  }),
  order.implement({
    initial: waiting,
    on: {
      ...orderHandlers,
      // @ts-expect-error an ask of another command where one of `pay` is kept
      ship: (turn, _state, _, { ask }) => turn.next({ waiting: [ask] }).defer(),
    },
  }),
  // @ts-expect-error an ask of another command in an input
  tellTo(order, "o-1").paid({ id: ship, output: "r" }),
];

const number = z.number();
export const wrongParts = (): unknown[] => [
  // @ts-expect-error a command without an input
  defineActor({ kind: "k", state: number, commands: { go: { output: number } } }),
  // @ts-expect-error an input that is no schema
  defineActor({ kind: "k", state: number, commands: { go: { input: Number } } }),
  defineEffect({
    input: number,
    output: number,
    // biome-ignore lint/suspicious/noThenProperty: it names a command and cannot be called
    then: "done",
    failed: "failed",
    // @ts-expect-error an effect answers its output
    run: async (input) => `${input}`,
  }),
  // @ts-expect-error an effect says where its outcome goes
  defineEffect({ input: number, output: number, failed: "failed", run: async () => 1 }),
  // @ts-expect-error a replica answers later
  defineReplica(counter, { apply: () => 1 }),
];

export const wrongChanges = async (muster: Muster): Promise<void> => {
  // @ts-expect-error intent is changed under a principal only
  await muster.apps.enable("crm-sync", { reason: "x" });
  // @ts-expect-error a reason is required
  await muster.as({ name: "ops", role: "operator" }).apps.enable("crm-sync", {});
  // @ts-expect-error a role that there is not
  muster.as({ name: "ops", role: "root" });
};
