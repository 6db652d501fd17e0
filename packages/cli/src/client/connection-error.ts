/** Turns what fetch throws, on Node and on Bun, into a sentence. */
import { CliError, interrupted } from "../cli-error.ts";
import { defaultUrl, type Target } from "../config/target.ts";
import { formatDuration } from "../duration.ts";

export interface RequestFacts {
  readonly target: Target;
  readonly timeoutMs: number;
  readonly limit: AbortSignal;
  readonly interrupt: AbortSignal;
}

const sentences: Readonly<Record<string, string>> = {
  ECONNREFUSED: "the connection was refused",
  ConnectionRefused: "the connection was refused",
  ECONNRESET: "the connection was closed",
  ConnectionClosed: "the connection was closed",
  UND_ERR_SOCKET: "the connection was closed",
  ENOTFOUND: "the host name is not known",
  EAI_AGAIN: "the host name cannot be looked up now",
  FailedToOpenSocket: "no connection could be made",
  ENETUNREACH: "there is no route to it",
  EHOSTUNREACH: "there is no route to it",
  ETIMEDOUT: "the connection timed out",
  UND_ERR_CONNECT_TIMEOUT: "the connection timed out",
};

const codeOf = (error: unknown): string | undefined => {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 4; depth += 1) {
    if ("code" in at && typeof at.code === "string") return at.code;
    at = at instanceof AggregateError ? at.errors[0] : at.cause;
  }
  return undefined;
};

const messageOf = (error: unknown): string => {
  let message = String(error);
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 4; depth += 1) {
    if (at.message !== "") message = at.message;
    at = at.cause;
  }
  return message;
};

/** Names why no answer came. */
export const connectionError = (
  cause: unknown,
  { target, timeoutMs, limit, interrupt }: RequestFacts,
): CliError => {
  if (interrupt.aborted) return interrupted();
  if (limit.aborted) {
    return new CliError(
      "TIMED_OUT",
      `${target.url} did not answer within ${formatDuration(timeoutMs)}`,
      { cause },
    );
  }
  const code = codeOf(cause);
  const why = (code === undefined ? undefined : sentences[code]) ?? messageOf(cause);
  const hint =
    target.url === defaultUrl
      ? "Start a node with `muster dev` or `muster demo`, or name one with --url or MUSTER_URL."
      : `The address comes from ${target.from}: is a node running there?`;
  return new CliError("UNREACHABLE", `cannot reach ${target.url}: ${why}`, { hint, cause });
};
