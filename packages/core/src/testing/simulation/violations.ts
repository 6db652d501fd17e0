/** Broken promises found by a run, each with the id of the invariant it breaks. */

/** `script`: what a user's own check says; `error`: something threw that should not have. */
export type InvariantId =
  | "I1"
  | "I2"
  | "I3"
  | "I4"
  | "I5"
  | "I6"
  | "I7"
  | "I8"
  | "I10"
  | "I11"
  | "I12"
  | "script"
  | "error";

export interface Violation {
  readonly invariant: InvariantId;
  readonly detail: string;
  /** Virtual milliseconds since the run began, when it was first seen. */
  readonly at: number;
}

/** Beyond it a run is broken enough. */
const mostViolations = 100;

/** Collects violations; each text once. */
export class Violations {
  readonly #found = new Map<string, Violation>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  add(invariant: InvariantId, detail: string): void {
    const key = `${invariant} ${detail}`;
    if (this.#found.has(key) || this.#found.size >= mostViolations) return;
    this.#found.set(key, { invariant, detail, at: Math.round(this.#now()) });
  }

  get all(): readonly Violation[] {
    return [...this.#found.values()];
  }
}
