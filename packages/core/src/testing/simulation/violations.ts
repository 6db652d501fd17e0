/** Broken promises found by a run, each with the id of the invariant it breaks. */
export interface Violation {
  readonly invariant: "I1" | "I2" | "I3" | "I4" | "I5" | "I6" | "I11" | "error";
  readonly detail: string;
}

/** Collects violations; each text once. */
export class Violations {
  readonly #found = new Map<string, Violation>();

  add(invariant: Violation["invariant"], detail: string): void {
    this.#found.set(`${invariant} ${detail}`, { invariant, detail });
  }

  get all(): readonly Violation[] {
    return [...this.#found.values()];
  }
}
