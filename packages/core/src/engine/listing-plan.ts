/** Which partitions are listed together. Pure. */

export interface DuePartition<K> {
  readonly key: K;
  /** Listings of this partition that failed in a row. */
  readonly failures: number;
}

/**
 * Groups partitions into calls: all in one at first; each failure halves the size of the next calls, so
 * that in the end a partition that cannot be listed holds back nobody but itself.
 */
export const planListings = <K>(due: readonly DuePartition<K>[]): readonly (readonly K[])[] => {
  const byFailures = new Map<number, K[]>();
  for (const { key, failures } of due) {
    const group = byFailures.get(failures);
    if (group) group.push(key);
    else byFailures.set(failures, [key]);
  }
  const calls: K[][] = [];
  for (const [failures, keys] of byFailures) {
    const size = Math.max(1, Math.ceil(keys.length / 2 ** Math.min(failures, 30)));
    for (let at = 0; at < keys.length; at += size) calls.push(keys.slice(at, at + size));
  }
  return calls;
};
