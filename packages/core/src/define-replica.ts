/**
 * Declares the per-node counterpart of a kind: on every node it follows the view row of each actor
 * and reports what came of it. Level-triggered, one serial loop per unit.
 */

import type { RetryPolicy } from "./model/retry-policy.ts";

export interface ApplyContext<Observed> {
  /** Id of the actor this unit follows. */
  readonly id: string;
  /** Aborted when a newer intent arrives or the node stops. */
  readonly signal: AbortSignal;
  /** What the last attempt of this incarnation reported. */
  readonly previous: Observed | undefined;
  /**
   * What the former incarnation of this node reported last, as it was found: it may have been
   * written by another version of the program. `undefined` where it left nothing.
   */
  readonly inherited: unknown;
  /** 1 for the first attempt at this intent. */
  readonly attempt: number;
  /** Redis time, epoch milliseconds. */
  readonly now: number;
  /** Reports an interim value before the attempt has ended. */
  report(observed: Observed): void;
}

/** What an attempt came to, where the observed value alone does not say it. */
export interface Applied<Observed> {
  readonly observed: Observed;
  readonly converged: boolean;
  /** `policy`: as the replica's retry says; `never`: until the intent changes. */
  readonly retry: "policy" | "never" | { readonly afterMs: number };
  readonly error?: string;
}

/** What a replica may do to its units beside answering their attempts. */
export interface ReplicaControl<Observed> {
  /**
   * Has a unit looked at again: `soft` where its policy grants no further attempt, `now` where it
   * waits for one, `force` in any case and counting from 1. `unknown` for a unit that this node
   * does not have.
   */
  nudge(id: string, urgency: "soft" | "now" | "force"): "nudged" | "unknown";
  /**
   * Takes back what the last attempt of a unit came to, as if it had ended like this: for what ends
   * by itself. `busy` while an attempt runs, which then sees for itself.
   */
  lapsed(id: string, ended: Applied<Observed>): "taken" | "busy" | "unknown";
}

export interface ReplicaDefinition<Row, Observed> {
  readonly kind: string;
  /** Called once, before the first attempt. */
  begin?(control: ReplicaControl<Observed>): void;
  /** Makes this node act on one intent; `undefined` when the row was removed. */
  apply(intent: Row | undefined, context: ApplyContext<Observed>): Promise<Applied<Observed>>;
  /**
   * Tells of a row that what it is about is gone: units act on it as on a removed row, and a node
   * without such a unit has nothing to do, unless its former run had reported one.
   * @defaultValue never
   */
  removed?(intent: Row): boolean;
  /** Identity of an intent: equal identities are acted on once. @defaultValue a hash of the row */
  identity?(intent: Row): string;
  /** What is reported when `apply` throws. */
  failed?(error: unknown, previous: Observed | undefined): Observed | undefined;
  /** Called for each unit when the node stops, after its `apply` has ended; bounded by `stop`. */
  stopped?(unit: { readonly id: string; readonly observed: Observed | undefined }): Promise<void>;
  readonly retry: RetryPolicy;
}

/**
 * Declares a replica of a kind that has a view: `apply` gets the view's row as intent and answers
 * what this node now has. A throw is retried under `retry` (default: from 1 s, doubling, up to
 * 5 min, for ever).
 */
export const defineReplica = <Row, Observed>(
  protocol: { readonly kind: string },
  replica: {
    apply(intent: Row | undefined, context: ApplyContext<Observed>): Promise<Observed>;
    readonly retry?: Partial<RetryPolicy>;
    identity?(intent: Row): string;
  },
): ReplicaDefinition<Row, Observed> => ({
  kind: protocol.kind,
  apply: async (intent, context) => ({
    observed: await replica.apply(intent, context),
    converged: true,
    retry: "policy",
  }),
  ...(replica.identity && { identity: replica.identity }),
  retry: {
    strategy: "exponential",
    baseMs: 1_000,
    maxMs: 300_000,
    maxAttempts: 0,
    jitter: 0.2,
    ...replica.retry,
  },
});
