/** What a verification of the cluster's data looks at, and what it tells. */

/** Every check, with what it makes sure of. */
export const verifyChecks = Object.freeze({
  shards: "Every shard has its ownership record, held by a node that is there",
  owners: "A shard runs on one node, the recorded one, under the recorded epoch",
  sequence: "Commits that were acknowledged are in the record of their shard",
  mailboxes: "Mailbox entries can be read, and are counted right",
  partial: "What is remembered of mailbox entries is of entries that are there",
  outbox: "Messages for other shards have numbers that were given",
  timers: "Timers can be read, and belong to actors that are there",
  effects: "Effects can be read, and belong to actors that are there",
  deferrals: "Open asks can be read, and belong to actors that are there",
  rows: "List rows can be read, and belong to actors that are there",
  versions: "Rows have a version, and no node shows a newer one",
  intents: "The intent of each app can be read, and its row tells the same",
  replies: "Kept replies are within their bound, each with an expiry",
  "dead-letters": "Dead letters are within their bound, each with its head and body",
  nodes: "What nodes report is of nodes that are there, and can be read",
} as const);
export type VerifyCheck = keyof typeof verifyChecks;

export interface VerifyFinding {
  readonly check: VerifyCheck;
  /** `shard/3`, `actor/app/crm-sync`, `node/web-1`. */
  readonly subject: string;
  readonly message: string;
  /** What to do about it. */
  readonly remedy: string;
}

export interface VerifyReport {
  /** Nothing was found, and everything was looked at. */
  readonly clean: boolean;
  readonly checks: readonly {
    readonly check: VerifyCheck;
    readonly title: string;
    /** Things looked at. */
    readonly looked: number;
    readonly findings: number;
    /** Things not looked at: too many for one reading, or their server or node did not answer. */
    readonly skipped: number;
  }[];
  readonly findings: readonly VerifyFinding[];
  /** Findings beyond those listed. */
  readonly more: number;
  readonly asOf: string;
}

/** What one pass over some part of the data came to. */
export class Findings {
  readonly found: VerifyFinding[] = [];
  readonly looked: Partial<Record<VerifyCheck, number>> = {};
  readonly skipped: Partial<Record<VerifyCheck, number>> = {};

  look(check: VerifyCheck, count: number): void {
    this.looked[check] = (this.looked[check] ?? 0) + count;
  }
  skip(check: VerifyCheck, count: number): void {
    this.skipped[check] = (this.skipped[check] ?? 0) + count;
  }
  find(check: VerifyCheck, subject: string, message: string, remedy: string): void {
    this.found.push({ check, subject, message, remedy });
  }
}
