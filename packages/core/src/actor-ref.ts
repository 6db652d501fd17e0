/** Turns outcomes of the engine into what a typed caller gets: a value, a refusal, or a throw. */
import type { z } from "zod";
import type { ActorRef, AskOptions, CommandSpecs, Protocol } from "./define-actor.ts";
import type { Node } from "./engine/node.ts";
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

/** Makes the reference of one actor; nothing is sent before a command is called. */
export const createActorRef = <St extends z.ZodType, P extends CommandSpecs>(
  node: Node,
  protocol: Protocol<St, P>,
  id: string,
): ActorRef<P> => {
  const untyped = protocol as unknown as Protocol<z.ZodType, CommandSpecs>;
  const ask: Record<string, (input: unknown, options?: AskOptions) => Promise<unknown>> = {};
  const tell: Record<string, (input: unknown) => Promise<void>> = {};
  for (const [command, spec] of Object.entries(protocol.commands)) {
    const op = `${protocol.kind}.${command}`;
    const hasRefusals = (spec.refusals?.length ?? 0) > 0;
    const answer = (outcome: Outcome) => answerOf(op, outcome, hasRefusals);
    ask[command] = (input, options = {}) => node.ask(untyped, id, command, input, options, answer);
    tell[command] = (input) => node.tell(untyped, id, command, input);
  }
  return { ask, tell } as unknown as ActorRef<P>;
};
