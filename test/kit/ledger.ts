/**
 * The actor that the real-process tests talk to: it keeps every key it was given, in order, so that
 * a lost, doubled or reordered command shows in its state.
 */
import { deferral, defineActor, defineEffect, tellTo } from "@muster/core";
import { z } from "zod";

const key = z.strictObject({ key: z.string() });
const length = z.number();

/** What the program running the actors may let it do outside. */
export interface LedgerWorld {
  /** Records something outside our fence, such as at the test's witness. */
  witness(record: {
    readonly key: string;
    readonly fence: string;
    readonly attempt: number;
  }): Promise<void>;
  /** Keeps this process busy. */
  spin(ms: number): void;
  /** Ends this process as a crash does, unless that is mended. */
  crash(): void;
}

export const ledger = defineActor({
  kind: "ledger",
  state: z.strictObject({
    keys: z.array(z.string()),
    witnessed: z.array(z.string()),
    failed: z.array(z.string()),
  }),
  commands: {
    put: {
      input: z.strictObject({ key: z.string(), spinMs: z.number().optional() }),
      output: length,
    },
    putOnce: { input: key, output: length, refusals: ["already"] },
    read: {
      input: z.strictObject({}),
      output: z.strictObject({
        keys: z.array(z.string()),
        witnessed: z.array(z.string()),
        failed: z.array(z.string()),
      }),
      readOnly: true,
    },
    /** Puts, and has the witness record the key after the commit. */
    putWitnessed: {
      input: z.strictObject({ key: z.string(), onCrash: z.enum(["rerun", "interrupt"]) }),
      output: length,
    },
    witnessed: {
      input: z.strictObject({ id: z.string(), input: key, output: z.strictObject({}) }),
    },
    notWitnessed: {
      input: z.strictObject({
        id: z.string(),
        input: key,
        error: z.string(),
        attempts: z.number(),
      }),
    },
    /** Puts, and answers once the witness has recorded the key. */
    putAwaited: { input: key, output: length },
    awaited: {
      input: z.strictObject({
        id: deferral("putAwaited"),
        input: key,
        output: z.strictObject({}),
      }),
    },
    notAwaited: { input: z.looseObject({ id: deferral("putAwaited") }) },
    /** Puts after a while, by a timer. */
    remind: { input: z.strictObject({ key: z.string(), afterMs: z.number() }) },
    /** Puts here and, by a message, there. */
    forward: { input: z.strictObject({ key: z.string(), to: z.string() }), output: length },
    fail: { input: z.strictObject({ message: z.string() }) },
    /** Ends its process, or puts "survived" where that is mended. */
    crash: { input: z.strictObject({}) },
    /** Starts an effect that does. */
    crashLater: { input: key, output: length },
  },
});

/** The behaviour of {@link ledger} in a given program. */
export const createLedger = (world: LedgerWorld) => {
  const witness = (
    onCrash: "rerun" | "interrupt",
    told = { done: "witnessed", failed: "notWitnessed" },
  ) =>
    defineEffect({
      input: key,
      output: z.strictObject({}),
      onCrash,
      timeoutMs: 5_000,
      // biome-ignore lint/suspicious/noThenProperty: it names a command and cannot be called
      then: told.done,
      failed: told.failed,
      run: async (input, { fence, attempt }) => {
        await world.witness({
          key: input.key,
          fence: `${fence.datasetId}:${fence.epoch}`,
          attempt,
        });
        return {};
      },
    });
  return ledger.implement({
    initial: () => ({ keys: [], witnessed: [], failed: [] }),
    on: {
      put: (turn, state, input) => {
        if (input.spinMs !== undefined) world.spin(input.spinMs);
        const keys = [...state.keys, input.key];
        return turn.next({ ...state, keys }).reply(keys.length);
      },
      putOnce: (turn, state, input) => {
        const keys = [...state.keys, input.key];
        return state.keys.includes(input.key)
          ? turn.refuse("already")
          : turn.next({ ...state, keys }).reply(keys.length);
      },
      read: (turn, state) => turn.reply(state),
      putWitnessed: (turn, state, { key, onCrash }) => {
        const keys = [...state.keys, key];
        return turn
          .next({ ...state, keys }, { effects: [{ effect: onCrash, id: key, input: { key } }] })
          .reply(keys.length);
      },
      witnessed: (turn, state, { input }) =>
        turn.next({ ...state, witnessed: [...state.witnessed, input.key] }).reply(),
      notWitnessed: (turn, state, { input }) =>
        turn.next({ ...state, failed: [...state.failed, input.key] }).reply(),
      putAwaited: (turn, state, input) =>
        turn
          .next(
            { ...state, keys: [...state.keys, input.key] },
            { effects: [{ effect: "awaited", input }] },
          )
          .defer(),
      awaited: (turn, state, { id, input }) => {
        const witnessed = [...state.witnessed, input.key];
        return turn
          .next({ ...state, witnessed })
          .answer(id, witnessed.length)
          .reply();
      },
      notAwaited: (turn, state, { id }) => turn.next(state).answer(id, -1).reply(),
      remind: (turn, state, { key, afterMs }) =>
        turn
          .next(state, { timers: [{ name: key, afterMs, command: "put", input: { key } }] })
          .reply(),
      forward: (turn, state, { key, to }) => {
        const keys = [...state.keys, key];
        return turn
          .next({ ...state, keys }, { tell: [tellTo(ledger, to).put({ key })] })
          .reply(keys.length);
      },
      fail: (_turn, _state, { message }) => {
        throw new Error(message);
      },
      crashLater: (turn, state, input) =>
        turn
          .next(state, { effects: [{ effect: "crash", id: input.key, input }] })
          .reply(state.keys.length),
      crash: (turn, state) => {
        world.crash();
        return turn.next({ ...state, keys: [...state.keys, "survived"] }).reply();
      },
    },
    effects: {
      crash: defineEffect({
        input: key,
        output: z.strictObject({}),
        // biome-ignore lint/suspicious/noThenProperty: it names a command and cannot be called
        then: "witnessed",
        failed: "notWitnessed",
        run: async () => {
          world.crash();
          return {};
        },
      }),
      rerun: witness("rerun"),
      interrupt: witness("interrupt"),
      awaited: witness("rerun", { done: "awaited", failed: "notAwaited" }),
    },
    view: (state) => ({ count: state.keys.length, last: state.keys.at(-1) ?? null }),
  });
};
