/**
 * Which server to follow, by what Sentinels say of it. Each fail-over has a higher epoch than the one
 * before, so that the highest told is the latest; a single Sentinel that was cut off from the others
 * tells an old one. Pure.
 */

/** What one Sentinel says, or why it does not. */
export type Said =
  | { readonly kind: "primary"; readonly address: string; readonly epoch: number }
  /** It watches nothing of that name. */
  | { readonly kind: "name-unknown" }
  /** It does not let us ask. */
  | {
      readonly kind: "refused";
      readonly why: "log-in" | "acl" | "no-sentinel";
      readonly detail: string;
    }
  | { readonly kind: "silent"; readonly detail: string };

export interface Followed {
  readonly address: string;
  readonly epoch: number;
}

/** The address that most of them tell, the earlier one of equals. */
const mostTold = (told: readonly Followed[]): Followed | undefined => {
  const times = (address: string) => told.filter((each) => each.address === address).length;
  return told.reduce<Followed | undefined>(
    (best, each) => (best && times(best.address) >= times(each.address) ? best : each),
    undefined,
  );
};

/**
 * Answers what to follow from now on; `undefined` as long as nobody ever told. An epoch lower than
 * what is followed is believed only to more than half of all Sentinels: then they were set up anew,
 * or took a fail-over back.
 */
export const decidePrimary = (
  followed: Followed | undefined,
  said: readonly Said[],
): Followed | undefined => {
  const told = said.flatMap((each) => (each.kind === "primary" ? [each] : []));
  const highest = Math.max(...told.map(({ epoch }) => epoch));
  const latest = told.filter(({ epoch }) => epoch === highest);
  const best = latest.find(({ address }) => address === followed?.address) ?? mostTold(latest);
  if (!best) return followed;
  const { address, epoch } = best;
  if (!followed || epoch >= followed.epoch) return { address, epoch };
  const believers = told.filter((each) => each.address === address).length;
  return believers * 2 > said.length ? { address, epoch } : followed;
};
