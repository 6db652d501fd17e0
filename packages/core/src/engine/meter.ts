/**
 * What the engine of one node has done since it was made, as plain numbers: counting costs an
 * addition, and whoever scrapes reads them when it wants to.
 */

/** Counts of values by upper bound; bounds and values in milliseconds. */
export class Distribution {
  readonly bounds: readonly number[];
  /** By bound, and last those beyond all of them. */
  readonly counts: number[];
  sum = 0;
  count = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = [...bounds.map(() => 0), 0];
  }

  add(value: number): void {
    let at = 0;
    while (at < this.bounds.length && value > (this.bounds[at] ?? 0)) at += 1;
    this.counts[at] = (this.counts[at] ?? 0) + 1;
    this.sum += value;
    this.count += 1;
  }
}

/** Turns are pure and short; a slow one holds back its whole node. */
const turnBounds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 50, 250, 1_000];
const commitBounds = [0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 10_000];
const lagBounds = [1, 5, 10, 25, 50, 100, 250, 500, 1_000, 5_000];
const passBounds = [1, 5, 10, 25, 50, 100, 250, 500, 1_000, 5_000];

export class Meter {
  /** Commands whose handler decided, whatever it answered. */
  commandsDone = 0;
  /** Commands ended without their handler, or by a decision that may not be carried out. */
  commandsRefused = 0;
  /** Commands given up because of their handler or state. */
  commandsFailed = 0;
  /** Turns whose handler threw; a told message may have several. */
  turnsThrown = 0;
  readonly turnMs = new Distribution(turnBounds);
  commits = 0;
  /** Commits whose answer did not come, and which were sent again. */
  commitsResent = 0;
  /** Commits that were refused: the shard has another owner, or lost data. */
  commitsRefused = 0;
  readonly commitMs = new Distribution(commitBounds);
  effectAttempts = 0;
  effectsSucceeded = 0;
  effectsFailed = 0;
  timersFired = 0;
  deadLetters = 0;
  readonly loopLagMs = new Distribution(lagBounds);
  passes = 0;
  rowsChecked = 0;
  rowsDrifted = 0;
  rowsRepaired = 0;
  rowsFailed = 0;
  rowsSkipped = 0;
  readonly passMs = new Distribution(passBounds);
}
