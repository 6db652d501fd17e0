/**
 * Which work may have ended its process. Pure. Work that was there at the last two unclean take-overs
 * of its shard starts only behind a committed mark; a mark whose process ended counts, and then the
 * work starts alone; after two of them it is put aside.
 */
import type { EntryId, Epoch, RedisMs } from "../model/ids.ts";
import type { UncleanTakeover } from "../ports/shard-store.ts";
import { isAfter } from "./inbox.ts";
import type { Tries } from "./tries.ts";

export type Suspicion =
  | "none"
  /** May have done it: starts behind a mark, with others like it. */
  | "together"
  /** Was among those that started when the process ended: starts behind a mark, alone. */
  | "alone"
  /** Started twice behind a mark, the second time alone, and was not survived. */
  | "crash-loop";

/** Starts of marked work that were not survived. A mark of a claim that ended well is void. */
export const startsOf = (tries: Tries | undefined, unclean: readonly UncleanTakeover[]): number => {
  if (!tries) return 0;
  const counts = tries.mark > 0 && unclean.some(({ ended }) => ended === tries.mark);
  return tries.starts + (counts ? 1 : 0);
};

const judge = (
  wasThere: boolean,
  tries: Tries | undefined,
  unclean: readonly UncleanTakeover[],
): Suspicion => {
  const starts = startsOf(tries, unclean);
  if (starts >= 2) return "crash-loop";
  if (starts === 1) return "alone";
  return wasThere ? "together" : "none";
};

/** The earlier of two unclean take-overs; `undefined` while there were not as many. */
const earlier = (unclean: readonly UncleanTakeover[]): UncleanTakeover | undefined =>
  unclean.length < 2 ? undefined : unclean.at(-2);

export const judgeMessage = (
  entry: EntryId,
  tries: Tries | undefined,
  unclean: readonly UncleanTakeover[],
): Suspicion => {
  const first = earlier(unclean);
  return judge(first !== undefined && !isAfter(entry, first.entry), tries, unclean);
};

export const judgeTimer = (
  dueAt: RedisMs,
  tries: Tries | undefined,
  unclean: readonly UncleanTakeover[],
): Suspicion => {
  const first = earlier(unclean);
  return judge(first !== undefined && dueAt <= first.at, tries, unclean);
};

/** `recorded`: epoch of the claim under which the effect was recorded. */
export const judgeEffect = (
  recorded: Epoch,
  tries: Tries | undefined,
  unclean: readonly UncleanTakeover[],
): Suspicion => {
  const first = earlier(unclean);
  return judge(first !== undefined && recorded <= first.ended, tries, unclean);
};
