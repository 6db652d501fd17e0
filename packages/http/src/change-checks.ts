/** What every change must pass, whoever asks for it. */
import { HttpProblem } from "./problem.ts";

/** A page of another site must not act with what a browser of an operator is allowed. */
export const refuseCrossSite = ({ headers }: Request): void => {
  if (headers.get("authorization")?.toLowerCase().startsWith("bearer ")) return;
  const site = headers.get("sec-fetch-site");
  if (site === "same-origin" || (site === null && headers.get("origin") === null)) return;
  throw new HttpProblem("CROSS_SITE", "Changes from a browser must come from this page itself.");
};

/** The key of a change that may be sent twice. @throws HttpProblem `VALIDATION` */
export const idempotencyKeyOf = ({ headers }: Request): { readonly idempotencyKey?: string } => {
  const key = headers.get("idempotency-key");
  if (key === null) return {};
  if (/^[\x21-\x7e]{1,255}$/.test(key)) return { idempotencyKey: key };
  throw new HttpProblem("VALIDATION", "The Idempotency-Key is not valid.", {
    fieldErrors: { "Idempotency-Key": "must be 1 to 255 printable characters without spaces" },
  });
};
