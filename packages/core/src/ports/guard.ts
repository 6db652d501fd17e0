/**
 * Elects the one node that does a job of the cluster. An election only decides who should try: a
 * holder may pause and not notice that its time is over, so whatever it writes carries the fence of
 * its term, and what takes the write refuses a lower one than it has seen.
 */

/** One holding of a role. */
export interface Term {
  readonly role: string;
  /** Random; tells this holding from every other. */
  readonly token: string;
  /** Grows with each election, also across a loss of data. */
  readonly fence: number;
}

export type ElectAnswer =
  | { readonly kind: "elected"; readonly term: Term }
  /** Another node, or another call of this one, holds the role. */
  | { readonly kind: "held" };

export interface Guard {
  /**
   * Takes the role for `ttlMs`, unless it is held. Atomic; each success gives a new fence. Rejects
   * when the store does not answer: the role may then be held by a term that nobody knows, until it
   * ends by itself.
   */
  elect(request: { readonly role: string; readonly ttlMs: number }): Promise<ElectAnswer>;
  /** Holds on to the role for another `ttlMs`. Atomic; a term that has ended stays ended. */
  extend(request: {
    readonly term: Term;
    readonly ttlMs: number;
  }): Promise<{ readonly kind: "extended" } | { readonly kind: "lost" }>;
  /** Gives the role back; harmless for a term that has ended. */
  resign(request: { readonly term: Term }): Promise<void>;
}
