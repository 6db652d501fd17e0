/** An answer as its asker is to have it: a copy that is part of no state, plain and within its bound. */
import { encode } from "../codec.ts";
import { mostBytesPerWeight, weighPlain } from "../plain.ts";
import { describeThrown } from "./turn.ts";
import type { Outcome } from "./wire.ts";

type ErrorOutcome = Extract<Outcome, { kind: "error" }>;

/** Answers the outcome with its value copied, or why it cannot be given. */
export const checkReply = (
  outcome: Extract<Outcome, { kind: "value" }>,
  maxMessageBytes: number,
): { readonly outcome: Outcome; readonly refused?: ErrorOutcome } => {
  try {
    const { value, weight } = weighPlain(outcome.value);
    if (weight * mostBytesPerWeight > maxMessageBytes) {
      const size = encode(value).byteLength;
      if (size > maxMessageBytes) {
        const message = `the reply would be ${size} bytes, the bound is ${maxMessageBytes}`;
        return { outcome, refused: { kind: "error", code: "PAYLOAD_TOO_LARGE", message } };
      }
    }
    return { outcome: { kind: "value", value } };
  } catch (thrown) {
    const message = `the reply cannot be sent: ${describeThrown(thrown)}`;
    return { outcome, refused: { kind: "error", code: "HANDLER_FAILED", message } };
  }
};
