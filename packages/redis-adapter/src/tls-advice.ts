/** Says where to look when a connection was made and came to nothing: TLS on one side only, most often. */
import { BackendUnavailable } from "@muster/core/ports";
import type { ResolvedRedisOptions } from "./options.ts";

const asksForTls = (options: ResolvedRedisOptions): boolean =>
  ("tls" in options && options.tls !== undefined && options.tls !== false) ||
  ("url" in options && options.url.startsWith("rediss:"));

const adviceFor = (why: string, options: ResolvedRedisOptions): string | undefined => {
  if (/ECONNREFUSED|ENOTFOUND|EAI_AGAIN/.test(why)) return undefined;
  if (asksForTls(options))
    return "TLS is asked for: check that the server speaks it and that its certificate is trusted";
  return /ECONNRESET|closed/i.test(why) ? "check whether the server asks for TLS" : undefined;
};

/** The same error, with advice on TLS in its reason where that may be the trouble. */
export const withAdviceOnTls = (
  error: BackendUnavailable,
  options: ResolvedRedisOptions,
): BackendUnavailable => {
  const { op, cause } = error;
  const why = cause instanceof Error ? cause.message : String(cause);
  // Sentinels have a setting of their own, which the error names.
  const advice = op === "sentinels" ? undefined : adviceFor(why, options);
  return advice === undefined
    ? error
    : new BackendUnavailable(op, new Error(`${why}; ${advice}`, { cause }));
};
