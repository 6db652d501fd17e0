/** What the store keeps stays within its bounds, whatever happens (I7). */
import type { ClusterSettings } from "../../options.ts";
import type { StoreProbe } from "./store-probe.ts";
import type { Violations } from "./violations.ts";

/** Messages between actors use a reserve beyond the bound of the mailbox. */
const reserve = 1_000;
/** What a commit lets go of at once, twice. */
const mostLog = 2_000;
const mostFinals = 16;
/** Records of producers that one run of a node may leave at a shard. */
const producersPerRun = 8;

export const checkBounds = (
  store: StoreProbe,
  settings: ClusterSettings,
  runs: number,
  violations: Violations,
): void => {
  const { shardCount } = settings;
  for (const [shard, data] of store.shards) {
    const sizes: readonly [what: string, size: number, most: number][] = [
      ["waiting messages", data.pending, settings.mailboxPerShard + reserve],
      ["kept replies", data.replies.size, settings.idempotencyPerShard],
      ["records of history", data.log.length, mostLog],
      ["final numbers of claims", data.own.finals.size, mostFinals],
      ["producers", data.producers.size, runs * producersPerRun],
      ["sources", data.sources.size, shardCount * runs],
      ["partly handled entries", data.partial.size, data.pending],
    ];
    for (const [what, size, most] of sizes) {
      if (size > most) violations.add("I7", `shard ${shard} keeps more ${what} than it may`);
    }
  }
  const members = store.membership?.members.size ?? 0;
  if (members > runs) violations.add("I7", "the cluster keeps more nodes than were started");
};
