/** Tells what a server refused apart from what went wrong. */
import { BackendUnavailable } from "@muster/core/ports";

/** The server's own words in what a connection rejected or failed with; empty when there are none. */
export const wordsOf = (error: unknown): string => {
  const cause = error instanceof BackendUnavailable ? error.cause : error;
  return cause instanceof Error ? cause.message : "";
};

/** Tells whether the server answered that the user may not do this. */
export const isDenied = (error: unknown): boolean =>
  /^(NOPERM|ERR unknown command)/i.test(wordsOf(error));

/** Tells whether the server refused the user or its password. */
export const isAuthRefusal = (error: unknown): boolean =>
  /^(WRONGPASS|NOAUTH|ERR invalid password)/.test(wordsOf(error));
