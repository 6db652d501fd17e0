/** Whether work is to be put aside before it is run again, by what is remembered of it. Pure. */
import { isoInstant } from "../model/instant.ts";
import type { UncleanTakeover } from "../ports/shard-store.ts";
import type { Verdict } from "./asides.ts";
import { type Suspicion, startsOf } from "./suspicion.ts";
import type { Tries } from "./tries.ts";

export const verdictOn = (
  tries: Tries,
  suspicion: Suspicion,
  unclean: readonly UncleanTakeover[],
): Verdict | undefined => {
  if (tries.verdict) return { reason: tries.verdict, error: tries.error };
  if (suspicion !== "crash-loop") return undefined;
  const starts = startsOf(tries, unclean);
  const last = isoInstant(tries.lastAt);
  const error = `each process that ran it ended: it was started ${starts} times behind a mark, the last time alone at ${last}, after the shard had twice lost its owner with it waiting`;
  return { reason: "crash_loop", error, starts };
};
