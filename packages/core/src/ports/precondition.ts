/** Something that has to be so for a node to work well, and whether it is. */
export interface Precondition {
  /** Lower case with hyphens, such as `redis-eviction`. */
  readonly id: string;
  readonly title: string;
  /** `warn`: it works, and something is to be gained; `bad`: it does not work, or data may be lost. */
  readonly state: "ok" | "warn" | "bad";
  /** What was found. */
  readonly message: string;
  /** What to do; `null` where nothing needs doing. */
  readonly remedy: string | null;
}
