/**
 * What `defineActor` refuses at compile time. Never run: each line marked as an error must be one,
 * or the type check fails.
 */
import { type ActorRef, createMuster, defineActor, tellTo } from "@muster/core";
import { z } from "zod";

const protocol = defineActor({
  kind: "counter",
  state: z.strictObject({ value: z.number().int() }),
  commands: {
    add: {
      input: z.strictObject({ by: z.number().int() }),
      output: z.number().int(),
      refusals: ["too-big", "closed"],
    },
    get: { input: z.strictObject({}), output: z.number().int(), readOnly: true },
    reset: { input: z.strictObject({}) },
  },
});

export const Counter = protocol.implement({
  initial: () => ({ value: 0 }),
  on: {
    add: (turn, state, { by }) =>
      by > 1_000
        ? turn.refuse("too-big")
        : turn.next({ value: state.value + by }).reply(state.value + by),
    get: (turn, state) => turn.reply(state.value),
    reset: (turn) => turn.next({ value: 0 }).reply(),
  },
});

export const refusedImplementations = () => {
  protocol.implement({
    initial: () => ({ value: 0 }),
    on: {
      // @ts-expect-error a refusal that was not declared
      add: (turn) => turn.refuse("too-small"),
      // @ts-expect-error a reply is missing
      get: (turn) => turn.reply(),
      // @ts-expect-error a command without output replies nothing
      reset: (turn) => turn.reply(1),
    },
  });
  protocol.implement({
    // @ts-expect-error the state does not fit
    initial: () => ({ value: "0" }),
    on: {
      // @ts-expect-error a reply of another type
      add: (turn) => turn.reply("1"),
      // @ts-expect-error an excess key in the state
      get: (turn, state) => turn.next({ value: state.value, other: 1 }).reply(1),
      // @ts-expect-error a decision without reply or refusal
      reset: (turn) => turn.next({ value: 0 }),
    },
  });
  protocol.implement({
    initial: () => ({ value: 0 }),
    // @ts-expect-error the handler of "reset" is missing
    on: { add: (turn) => turn.reply(1), get: (turn) => turn.reply(1) },
  });
};

export const typedCalls = async (ref: ActorRef<(typeof protocol)["commands"]>) => {
  const answer = await ref.ask.add({ by: 1 });
  if (answer.ok) answer.value satisfies number;
  else answer.refusal satisfies "too-big" | "closed";
  (await ref.ask.get({})) satisfies number;
  // @ts-expect-error a command with refusals does not answer its bare output
  answer satisfies number;
  // @ts-expect-error wrong input
  await ref.ask.add({ by: "1" });
  // @ts-expect-error an excess key in the input
  await ref.ask.add({ by: 1, and: 2 });
  // @ts-expect-error no such command
  await ref.ask.subtract({ by: 1 });
  // @ts-expect-error wrong input of a tell
  await ref.tell.add({});
  tellTo(protocol, "c-1").add({ by: 1 });
  // @ts-expect-error wrong input of a message
  tellTo(protocol, "c-1").add({ by: null });
};

export const typedNode = () => {
  const muster = createMuster({ cluster: "shop", actors: [Counter] });
  muster.actor(protocol, "c-1") satisfies ActorRef<(typeof protocol)["commands"]>;
  // @ts-expect-error intent is changed under a principal only
  muster.apps.enable("crm-sync", { reason: "x" });
  // @ts-expect-error a reason is required
  muster.as({ name: "ops", role: "operator" }).apps.enable("crm-sync", {});
};
