/** Turns outcomes of the engine into what a typed caller gets: a value, a refusal, or a throw. */
import type { z } from "zod";
import type { ActorRef, AskOptions, CommandSpecs, Protocol } from "./define-actor.ts";
import type { CallOrigin } from "./engine/call-chain.ts";
import type { ActorTarget, AnyProtocol } from "./engine/compose-message.ts";
import type { Outcome } from "./engine/wire.ts";
import { type ErrorCode, errorCodes, MusterError } from "./errors.ts";

const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(errorCodes, code);

const answerOf = (op: string, outcome: Outcome, hasRefusals: boolean): unknown => {
  switch (outcome.kind) {
    case "value":
      return hasRefusals ? { ok: true, value: outcome.value } : outcome.value;
    case "refusal":
      return { ok: false, refusal: outcome.refusal };
    case "error":
      throw new MusterError(
        isErrorCode(outcome.code) ? outcome.code : "HANDLER_FAILED",
        `${op}: ${outcome.message}`,
        {
          op,
          outcome: "not-applied",
          ...(outcome.fieldErrors && { fieldErrors: outcome.fieldErrors }),
        },
      );
  }
};

const noOptions: AskOptions = Object.freeze({});

/** What sends commands; the node. */
export interface Commander {
  ask(
    target: ActorTarget,
    command: string,
    input: unknown,
    options: AskOptions,
    answerOf: (outcome: Outcome) => unknown,
  ): Promise<unknown>;
  tell(target: ActorTarget, command: string, input: unknown): Promise<void>;
}

type Commands = Readonly<Record<string, unknown>>;

// Symbols, since a command may have any name.
const nodeOf = Symbol("node");
const targetOf = Symbol("target");

/**
 * The prototype of an object with one function for each command. Functions are made when they are
 * read, since most references are used for one command.
 */
const commandsOf = (
  protocol: AnyProtocol,
  functionOf: (node: Commander, target: ActorTarget, command: string) => unknown,
): (new (
  node: Commander,
  target: ActorTarget,
) => Commands) => {
  class CommandsOfActor {
    readonly [nodeOf]: Commander;
    readonly [targetOf]: ActorTarget;
    constructor(node: Commander, target: ActorTarget) {
      this[nodeOf] = node;
      this[targetOf] = target;
    }
  }
  Object.setPrototypeOf(CommandsOfActor.prototype, null);
  for (const command of Object.keys(protocol.commands)) {
    Object.defineProperty(CommandsOfActor.prototype, command, {
      enumerable: true,
      get(this: CommandsOfActor) {
        return functionOf(this[nodeOf], this[targetOf], command);
      },
    });
  }
  return CommandsOfActor as unknown as new (
    node: Commander,
    target: ActorTarget,
  ) => Commands;
};

/** What the references of one protocol have in common. */
const shared = new WeakMap<AnyProtocol, ReturnType<typeof sharedOf>>();
const sharedOf = (protocol: AnyProtocol) => {
  const answers = new Map(
    Object.entries(protocol.commands).map(([command, spec]) => {
      const op = `${protocol.kind}.${command}`;
      const hasRefusals = (spec.refusals?.length ?? 0) > 0;
      return [command, (outcome: Outcome) => answerOf(op, outcome, hasRefusals)];
    }),
  );
  const answerTo = (command: string) =>
    answers.get(command) ?? ((outcome: Outcome) => answerOf(command, outcome, false));
  return {
    Ask: commandsOf(protocol, (node, target, command) => {
      const answer = answerTo(command);
      return (input: unknown, options: AskOptions = noOptions) =>
        node.ask(target, command, input, options, answer);
    }),
    Tell: commandsOf(
      protocol,
      (node, target, command) => (input: unknown) => node.tell(target, command, input),
    ),
  };
};

/** Makes the reference of one actor, called by an effect where `origin` is given; nothing is sent before a command is called. */
export const createActorRef = <St extends z.ZodType, P extends CommandSpecs>(
  node: Commander,
  typed: Protocol<St, P>,
  id: string,
  origin?: CallOrigin,
): ActorRef<P> => {
  const protocol = typed as unknown as AnyProtocol;
  let known = shared.get(protocol);
  if (!known) {
    known = sharedOf(protocol);
    shared.set(protocol, known);
  }
  const target: ActorTarget = { protocol, id, shard: undefined, origin };
  const { Ask, Tell } = known;
  return { ask: new Ask(node, target), tell: new Tell(node, target) } as unknown as ActorRef<P>;
};
