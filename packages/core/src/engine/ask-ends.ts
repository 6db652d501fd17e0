/** How an ask that was not answered is told: what the store said of it, as an error for its caller. */
import { MusterError } from "../errors.ts";
import type { AskEnd } from "./ask.ts";
import type { AppendEnd } from "./producer.ts";
import type { Outcome } from "./wire.ts";

export const outOfMemory = "the backend has no memory left for new commands";

const notSent = {
  stopped: { code: "STOPPED", message: "the node was stopped" },
  unavailable: { code: "BACKEND_UNAVAILABLE", message: "the backend is away" },
  "out-of-memory": { code: "BACKEND_UNAVAILABLE", message: outOfMemory },
} as const;

/** `isChoked`: failed messages wait in the mailbox for room among the shard's dead letters. */
export const endOfAppend = (
  end: Exclude<AppendEnd, { kind: "appended" }>,
  isChoked: boolean,
): AskEnd => {
  switch (end.kind) {
    case "full":
      if (isChoked) {
        return {
          kind: "failed",
          code: "DEAD_LETTERS_FULL",
          known: "not-applied",
          message: `${end.pending} messages wait for this shard, failed ones among them for room among its dead letters`,
        };
      }
      return {
        kind: "failed",
        code: "MAILBOX_FULL",
        known: "not-applied",
        message: `${end.pending} messages wait for this shard`,
      };
    case "unknown":
      return {
        kind: "failed",
        code: "OUTCOME_UNKNOWN",
        known: "unknown",
        message: "the store cannot tell whether the command arrived",
      };
    case "not-applied":
      return { kind: "failed", known: "not-applied", ...notSent[end.why] };
  }
};

/** What an owner answered; it may not know itself whether the turn will last. */
export const endOfOutcome = (outcome: Outcome): AskEnd =>
  outcome.kind === "error" && outcome.code === "OUTCOME_UNKNOWN"
    ? { kind: "failed", code: outcome.code, known: "unknown", message: outcome.message }
    : { kind: "answered", outcome };

export const unexpected = (op: string, error: unknown): MusterError =>
  new MusterError(
    "VALIDATION",
    `${op}: ${error instanceof Error ? error.message : String(error)}`,
    {
      op,
      cause: error,
      outcome: "not-applied",
    },
  );

export const errorOfEnd = (
  op: string,
  end: Exclude<AskEnd, { kind: "answered" }>,
  timeoutMs: number,
): MusterError =>
  end.kind === "expired"
    ? new MusterError("ASK_TIMEOUT", `${op} was not answered within ${timeoutMs} ms.`, {
        op,
        outcome: end.known,
        hint: "Repeating it with the same idempotency key is safe.",
      })
    : new MusterError(end.code, `${op}: ${end.message}.`, {
        op,
        outcome: end.known,
        ...(end.code === "BACKEND_UNAVAILABLE" && { retryAfterMs: 1_000 }),
        ...(end.known === "unknown" && {
          hint: "Repeating it with the same idempotency key is safe.",
        }),
      });
