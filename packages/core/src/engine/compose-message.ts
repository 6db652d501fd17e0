/** Makes a message of what a caller asked for, once everything about it was found to be in order. */
import type { z } from "zod";
import { encode } from "../codec.ts";
import type { AskOptions, CommandSpecs, Protocol } from "../define-actor.ts";
import { MusterError } from "../errors.ts";
import { maxActorIdLength } from "../model/actor-address.ts";
import type { RedisMs, ShardId } from "../model/ids.ts";
import type { Message } from "../model/message.ts";
import { mostBytesPerWeight, weighPlain } from "../plain.ts";
import { checkKey } from "./ask-options.ts";
import type { CallOrigin } from "./call-chain.ts";
import { fieldErrorsOf } from "./kinds.ts";

/** A protocol with its types erased. */
export type AnyProtocol = Protocol<z.ZodType, CommandSpecs>;

/** The actor that a reference stands for. */
export interface ActorTarget {
  readonly protocol: AnyProtocol;
  readonly id: string;
  /** Worked out with the first command. */
  shard: ShardId | undefined;
  /** Set where an effect calls. */
  readonly origin: CallOrigin | undefined;
}

/** A message, and its input as the schema of the command has it. */
export interface Composed {
  readonly message: { -readonly [K in keyof Message]: Message[K] };
  readonly checked: unknown;
}

/** A copy that the caller cannot change any more, the same for every path. */
const plainInput = (op: string, input: unknown, maxMessageBytes: number): unknown => {
  const { value, weight } = weighPlain(input);
  // Measuring costs more than weighing, so only what may be over the bound is measured.
  if (weight * mostBytesPerWeight > maxMessageBytes) {
    const size = encode(value).byteLength;
    if (size > maxMessageBytes) {
      const text = `The input of ${op} is ${size} bytes, the bound is ${maxMessageBytes}.`;
      throw new MusterError("PAYLOAD_TOO_LARGE", text, { outcome: "not-applied" });
    }
  }
  return value;
};

/** @throws MusterError `COMMAND_UNKNOWN`, `VALIDATION`, `PAYLOAD_TOO_LARGE` */
export const composeMessage = (
  { protocol, id, origin }: ActorTarget,
  command: string,
  input: unknown,
  options: AskOptions,
  from: {
    readonly sender: string;
    readonly sentAt: RedisMs;
    readonly maxMessageBytes: number;
  },
): Composed => {
  const { kind, commands } = protocol;
  const spec = Object.hasOwn(commands, command) ? commands[command] : undefined;
  if (!spec) {
    throw new MusterError("COMMAND_UNKNOWN", `The kind "${kind}" has no command "${command}".`);
  }
  if (typeof id !== "string" || id.length === 0 || id.length > maxActorIdLength) {
    throw new MusterError(
      "VALIDATION",
      `An actor id has 1 to ${maxActorIdLength} characters, not ${id?.length ?? "none"}.`,
    );
  }
  checkKey(options);
  const plain = plainInput(`${kind}.${command}`, input, from.maxMessageBytes);
  const checked = spec.input.safeParse(plain);
  if (!checked.success) {
    throw new MusterError("VALIDATION", `The input of ${kind}.${command} is not valid.`, {
      fieldErrors: fieldErrorsOf(checked.error),
      outcome: "not-applied",
    });
  }
  const { sender, sentAt } = from;
  const message: Composed["message"] = {
    kind,
    id,
    command,
    input: plain,
    sender,
    depth: origin ? origin.depth : 0,
    sentAt,
  };
  if (options.idempotencyKey !== undefined) message.idempotencyKey = options.idempotencyKey;
  if (options.keepKeyMs !== undefined) message.keepKeyMs = options.keepKeyMs;
  if (options.principal) message.principal = options.principal.name;
  if (origin) {
    if (origin.chain) message.chain = origin.chain;
    if (origin.principal !== undefined) message.principal ??= origin.principal;
  }
  return { message, checked: checked.data };
};
