/** What is told of one shard, and of one actor. Instants are ISO-8601 UTC, ages milliseconds. */

export interface ShardExplanation {
  readonly subject: string;
  readonly shard: number;
  /** Node that owns it now; `null` while nobody does. */
  readonly owner: string | null;
  readonly epoch: number;
  /** Number of the last commit under this epoch. */
  readonly seq: number;
  /** Node that should own it by the present list of nodes. */
  readonly placedOn: string | null;
  readonly mailbox: {
    readonly entries: number;
    /** Messages waiting in them. */
    readonly messages: number;
    /** Age of the oldest entry. */
    readonly oldestMs: number | null;
  };
  readonly actors: number;
  readonly timers: number;
  readonly effects: number;
  /** Messages and events that have not been taken where they go. */
  readonly unsent: number;
  readonly deadLetters: number;
  /** Why it is so, in words. */
  readonly sentence: string;
  /** What happens next, in words. */
  readonly next: string;
  /** The command to run, where one helps. */
  readonly command: string | null;
  readonly asOf: string;
}

export interface ActorExplanation {
  readonly subject: string;
  readonly kind: string;
  readonly id: string;
  readonly shard: number;
  readonly owner: string | null;
  readonly epoch: number;
  /** Commit number of the shard under this epoch: the state is of this commit or an earlier one. */
  readonly revision: number;
  /** Among the oldest entries of the shard's mailbox. */
  readonly mailbox: { readonly waiting: number; readonly oldestMs: number | null };
  /** `null` where the shard has too many to look at. */
  readonly timers:
    | readonly { readonly name: string; readonly command: string; readonly dueAt: string }[]
    | null;
  /** `null` where the shard has too many to look at. */
  readonly effects:
    | readonly { readonly effect: string; readonly id: string; readonly attempts: number }[]
    | null;
  /** Asks that a later turn answers; `null` where the shard has too many to look at. */
  readonly openAsks: number | null;
  /** Unresolved ones, at most 100. */
  readonly deadLetters: readonly string[];
  readonly state: {
    /** `absent`: it has never changed; `unreadable`: its commands are refused. */
    readonly kind: "stored" | "absent" | "unreadable";
    readonly bytes: number;
    readonly error?: string;
    /** For admins; what stands under a name that says it is secret is left out. */
    readonly value?: unknown;
  };
  readonly sentence: string;
  readonly asOf: string;
}
