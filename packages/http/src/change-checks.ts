/** What every change must pass, whoever asks for it. */
import { HttpProblem } from "./problem.ts";

/**
 * A page of another site must not act with what a browser of an operator is allowed. One known by a
 * session has to say where it comes from; programs know no sessions, and say nothing.
 */
export const refuseCrossSite = ({ headers }: Request, isBySession: boolean): void => {
  if (headers.get("authorization")?.toLowerCase().startsWith("bearer ")) return;
  const site = headers.get("sec-fetch-site");
  if (site === "same-origin") return;
  if (site === null && headers.get("origin") === null && !isBySession) return;
  throw new HttpProblem("CROSS_SITE", "Changes from a browser must come from this page itself.", {
    hint:
      site === null
        ? "Browsers tell where a request comes from to https and to localhost only: use one of them, or send a bearer token."
        : "Open the page of this node and change it there.",
  });
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
