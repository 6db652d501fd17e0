/** One simulated process: one run of a node, from its start until it is stopped or killed. */
import type { NodeId } from "../../model/ids.ts";
import type { Muster } from "../../muster-types.ts";
import type { NodeClock } from "../node-clock.ts";
import type { SeededRandom } from "../seeded-random.ts";

/** What is known of a process before its node is made. */
export interface SimProcessSeed {
  readonly node: NodeId;
  /** Counts the runs of the node, from 1. */
  readonly run: number;
  /** Node and run: `n2.3`. */
  readonly name: string;
  readonly clock: NodeClock;
  readonly random: SeededRandom;
}

export interface SimProcess extends SimProcessSeed {
  readonly muster: Muster;
  /** `stopping` since stop() was called; `ended`: nothing of it goes on. */
  /** Errors it has logged. */
  readonly errors: Set<string>;
  readonly state: "running" | "stopping" | "ended";
}
