/**
 * What a backend gives the conformance suite: backends of several nodes on one fresh, private store
 * and power over that store's time and data.
 */
import type { Incarnation, NodeId } from "../../model/ids.ts";
import type { Backend } from "../../ports/backend.ts";

export interface OpenOptions {
  /** Callers of this backend hear of what so many replicas have. */
  readonly durability?: NonNullable<Backend["durability"]>;
}

export interface ConformanceContext {
  /** Opens one more backend on the store, as another process would. */
  open(
    node: { readonly nodeId: NodeId; readonly incarnation: Incarnation },
    options?: OpenOptions,
  ): Promise<Backend>;
  /** Moves the store's time on, or waits that long. */
  advance(ms: number): Promise<void>;
  /** Lets hints arrive: a few milliseconds really, or what is due in virtual time. */
  settle(): Promise<void>;
  /** Gives the store a new history id with all data kept, and waits until backends are connected. */
  restart?(): Promise<void>;
  /** Drops all data; the history id stays. */
  loseData?(): Promise<void>;
  /** Sets the store's time back. */
  rewind?(ms: number): Promise<void>;
  /** Lets so many replicas of the store keep up, 0 or 1. */
  setReplicas?(count: 0 | 1): Promise<void>;
  /** Ends everything that the context opened. */
  close(): Promise<void>;
}

/** What a case asks of its store beyond the ports themselves. */
export type Need = "restart" | "loseData" | "rewind" | "setReplicas";

/** One fact about a port, for any test runner. */
export interface ConformanceCase {
  readonly title: string;
  readonly needs?: Need;
  run(context: ConformanceContext): Promise<void>;
}
