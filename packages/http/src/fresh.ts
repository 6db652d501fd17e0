/** What a node does not see while its views are out of date may be there all the same (I10). */
import { isMusterError, type Listing, type Muster } from "@muster/core";
import { HttpProblem } from "./problem.ts";

/** How old the view of apps is; asks for none of them. */
export const appsFreshness = ({ apps }: Muster): Pick<Listing<unknown>, "asOf" | "stale"> => {
  const { asOf, stale } = apps.list({ limit: 0 });
  return { asOf, stale };
};

/**
 * Looks for one thing by id.
 * @throws HttpProblem `BACKEND_UNAVAILABLE` where "not found" would be more than this node knows
 */
export const unlessStale = <T>(stale: boolean, read: () => T): T => {
  try {
    return read();
  } catch (error) {
    const isMissing =
      isMusterError(error, "APP_NOT_FOUND") || isMusterError(error, "NODE_NOT_FOUND");
    if (!stale || !isMissing) throw error;
    throw new HttpProblem("BACKEND_UNAVAILABLE", `${error.message} But its view may be old.`, {
      hint: "Ask again when the node's views are up to date, or ask another node.",
      retryAfterMs: 1_000,
    });
  }
};
