/** One app's actor without a runtime: each command is one turn. */
import type { z } from "zod";
import type { Decision, Deferral, Facts, More, Turn } from "../define-actor.ts";
import { createAppActor } from "./actor.ts";
import { type AppIntentRow, type AppState, appState } from "./intent.ts";

export const kind = createAppActor({
  survey: () => Promise.reject(new Error("no effect is run here")),
  purge: () => Promise.reject(new Error("no effect is run here")),
});

export type Command = keyof typeof kind.commands;
interface Came {
  next?: { readonly state: AppState; readonly more: More | undefined };
  reply?: unknown;
  refusal?: string;
}

const schemaOf = (command: Command, side: "input" | "output"): z.ZodType => {
  const spec = kind.commands[command] as { readonly input: z.ZodType; readonly output?: z.ZodType };
  return spec[side] ?? spec.input.optional();
};

/** One turn as the runtime has it: input and state are checked, a refusal keeps nothing of `next`. */
const takeTurn = (command: Command, state: AppState, input: unknown, facts: Facts): Came => {
  const came: Came = {};
  const decided = {} as Decision<never>;
  const turn = {
    next: (next: AppState, more?: More) => {
      came.next = { state: appState.parse(next), more };
      return turn;
    },
    reply: (value: unknown) => {
      came.reply = schemaOf(command, "output").parse(value);
      return decided;
    },
    refuse: (refusal: string) => {
      delete came.next;
      came.refusal = refusal;
      return decided;
    },
  };
  const handler = kind.implementation.on[command] as unknown as (
    turn: Turn<AppState, never>,
    state: AppState,
    input: unknown,
    facts: Facts,
  ) => Decision<never>;
  handler(
    turn as unknown as Turn<AppState, never>,
    state,
    schemaOf(command, "input").parse(input),
    facts,
  );
  return came;
};

export const newApp = (state: AppState = kind.implementation.initial("crm-sync")) => {
  let turns = 0;
  const run = (command: Command, input: unknown, facts: Partial<Facts> = {}) => {
    turns += 1;
    const came = takeTurn(command, state, input, {
      now: 1_000 * turns,
      self: { kind: "app", id: "crm-sync" },
      fence: { datasetId: "d", epoch: 1 },
      sender: "node:web-1",
      principal: "ops",
      idempotencyKey: undefined,
      attempt: 1,
      turnId: `turn-${turns}`,
      ask: `turn-${turns}` as Deferral,
      ...facts,
    });
    if (came.next) state = came.next.state;
    const { events, effects = [], timers = [] } = came.next?.more ?? {};
    return { ...came, events, effects, timers };
  };
  return {
    run,
    get state() {
      return state;
    },
    get row() {
      return kind.implementation.view?.(state, "crm-sync") as AppIntentRow | undefined;
    },
  };
};

export const installed = () => {
  const app = newApp();
  app.run("install", { version: "1.0.0", settings: { url: "https://crm" }, reason: "first use" });
  return app;
};
