/**
 * Runs one replica on this node: follows the view of its kind and keeps what this node has in step
 * with each row. One serial loop per unit; units side by side up to a bound.
 *
 *   view row ─▶ unit ─decideStep─▶ apply ─settleAttempt─▶ status row ─▶ (retry, or rest)
 *
 * Nothing runs before the view was read, nor while a row may be out of date: a node that was cut off
 * or frozen acts on the present intent, not on the one it last saw. Rows lost with data are not
 * removals: their units keep what they have. Stopping writes no row (I11).
 */

import type { Applied } from "../define-replica.ts";
import { actorKey } from "../model/actor-address.ts";
import type { Cancel } from "../ports/clock.ts";
import { forEachBounded, settledBy } from "./bounded-stop.ts";
import { Attempt, type Ended, type Target } from "./replica-attempt.ts";
import type { ReplicaLoopOptions, UnitSnapshot } from "./replica-options.ts";
import {
  decideStep,
  type Nudge,
  newUnitState,
  settleAttempt,
  type UnitState,
  type UnitStep,
} from "./replica-unit.ts";
import { rowIdentity } from "./row-identity.ts";
import type { OwnStatusRow } from "./status-row.ts";
import { type AboutRow, UnitReport } from "./unit-report.ts";

interface Unit<Row, Observed> {
  readonly id: string;
  readonly name: string;
  readonly report: UnitReport<Observed>;
  /** What the former incarnation observed. */
  readonly inherited: unknown;
  target: Target<Row>;
  state: UnitState;
  nudge: Nudge;
  tried: boolean;
  attempt: Attempt<Row, Observed> | undefined;
  timer: Cancel | undefined;
}

/** The end of an attempt, or what stands for one. */
interface Settled {
  readonly intent: string;
  readonly number: number;
  readonly aborted: boolean;
}

/** Intent id in the row of a unit whose actor's row was removed. */
export const removedIntent = "(removed)";
/** Longest time between two looks at a waiting unit, in milliseconds. */
const maxTimerMs = 3_600_000;

/** Names a unit on the status board: `kind/id`, so that replicas of several kinds share it. */
export const unitName = (kind: string, id: string): string => actorKey(kind, id);

export class ReplicaLoop<Row, Observed> {
  readonly #options: ReplicaLoopOptions<Row, Observed>;
  readonly #units = new Map<string, Unit<Row, Observed>>();
  /** Units to be applied, first come first served. */
  readonly #queue = new Set<Unit<Row, Observed>>();
  /** Units that wait until their row is fresh. */
  readonly #held = new Set<Unit<Row, Observed>>();
  readonly #running = new Set<Unit<Row, Observed>>();
  /** Names of all units that this incarnation has ever had. */
  readonly #met = new Set<string>();
  readonly #concurrency: number;
  #freeSlots: number;
  #ends: readonly (() => void)[] = [];
  #state: "idle" | "loading" | "live" | "stopping" = "idle";
  #stopping: Promise<void> | undefined;
  #quiet: (() => void) | undefined;

  constructor(options: ReplicaLoopOptions<Row, Observed>) {
    this.#options = options;
    this.#concurrency = options.concurrency ?? 32;
    this.#freeSlots = this.#concurrency;
  }

  /** Begins once the view was listed and the former rows were read; resolves at once. */
  async start(): Promise<void> {
    if (this.#state !== "idle") return;
    this.#state = "loading";
    const { board, view } = this.#options;
    this.#ends = [
      view.onChange((id) => this.#look(id)),
      view.onSettled(() => this.#refreshed()),
      board.onLoaded(() => this.#refreshed()),
    ];
    this.#refreshed();
  }

  /**
   * Aborts what runs, waits for it, then calls `stopped` for each unit that was tried, all within
   * the time given (default 10 s). Writes no row.
   */
  stop({ timeoutMs = 10_000 }: { readonly timeoutMs?: number } = {}): Promise<void> {
    this.#stopping ??= this.#stop(timeoutMs);
    return this.#stopping;
  }

  /**
   * Looks at a unit again, as urgently as it says. `unknown` for a unit this node does not have.
   */
  nudge(id: string, urgency: Exclude<Nudge, "none">): "nudged" | "unknown" {
    const unit = this.#units.get(id);
    if (!unit || this.#state !== "live") return "unknown";
    // an attempt under way is what a plain nudge asks for
    if (urgency === "force" || (!unit.attempt && unit.nudge !== "force")) unit.nudge = urgency;
    this.#wake(unit);
    return "nudged";
  }

  get kind(): string {
    return this.#options.definition.kind;
  }

  /** Takes back what the last attempt of a unit came to: it counts as one more that failed. */
  lapsed(id: string, ended: Applied<Observed>): "taken" | "busy" | "unknown" {
    const unit = this.#units.get(id);
    if (!unit || this.#state !== "live") return "unknown";
    if (unit.attempt) return "busy";
    const { intent } = unit.state;
    this.#observe(unit, ended.observed);
    this.#settle(unit, { intent, number: unit.state.attempts + 1, aborted: false }, ended);
    this.#wake(unit);
    return "taken";
  }

  units(): readonly UnitSnapshot[] {
    return [...this.#units.values()].map((unit) => ({
      id: unit.id,
      doing: this.#doing(unit),
      standing: unit.state.standing,
      attempts: unit.state.attempts,
      nextAttemptAt: unit.state.nextAttemptAt,
    }));
  }

  #doing(unit: Unit<Row, Observed>): UnitSnapshot["doing"] {
    if (unit.attempt) return unit.attempt.overdue ? "overdue" : "running";
    if (this.#queue.has(unit)) return "queued";
    if (this.#held.has(unit)) return "held";
    return unit.timer ? "waiting" : "resting";
  }

  /** Rows may be there, or fresh, by now: goes live, and lets go what was held. */
  #refreshed(): void {
    if (this.#state === "loading") this.#goLive();
    if (this.#state === "live") for (const unit of [...this.#held]) this.#wake(unit);
  }

  #goLive(): void {
    const { board, definition, logger, view } = this.#options;
    if (!view.ready || !board.loaded) return;
    this.#state = "live";
    definition.begin?.(this);
    board.begin();
    for (const [id] of view.entries()) this.#look(id);
    const prefix = unitName(definition.kind, "");
    for (const [name, row] of board.inherited()) {
      const id = name.slice(prefix.length);
      if (!name.startsWith(prefix) || this.#units.has(id)) continue;
      // removed while this node was down: what it left outside this process is torn down now
      const now = view.get(id);
      const history = row.intentHistoryId ?? row.historyId;
      if (now !== undefined || view.isRemoved(id, history)) {
        this.#aim(id, { intent: removedIntent, row: now });
      }
    }
    logger.debug({ kind: definition.kind, units: this.#units.size }, "the replica is live");
  }

  /** Takes the present row of one id as its unit's intent. */
  #look(id: string): void {
    if (this.#state !== "live") return;
    const { definition, logger, view } = this.#options;
    const row = view.get(id);
    // absent by a loss of data: nobody wanted it removed, so the unit keeps what it has
    if (row === undefined && view.lost.has(id)) return;
    if (row === undefined || definition.removed?.(row)) {
      if (this.#units.has(id)) this.#aim(id, { intent: removedIntent, row });
      return;
    }
    try {
      this.#aim(id, { intent: definition.identity?.(row) ?? rowIdentity(row), row });
    } catch (error) {
      logger.error({ kind: definition.kind, id, error }, "the identity of an intent threw");
    }
  }

  #aim(id: string, target: Target<Row>): void {
    const known = this.#units.get(id);
    if (known) {
      known.target = target;
      this.#wake(known);
      return;
    }
    const name = unitName(this.#options.definition.kind, id);
    // told once: what a unit came to since then is not what the former run had left
    const inherited = this.#met.has(name) ? undefined : this.#options.board.inherited().get(name);
    this.#met.add(name);
    const unit: Unit<Row, Observed> = {
      id,
      name,
      report: new UnitReport(),
      inherited: inherited?.observed,
      target,
      state: newUnitState(target.intent, inherited),
      nudge: "none",
      tried: false,
      attempt: undefined,
      timer: undefined,
    };
    this.#units.set(id, unit);
    this.#wake(unit);
  }

  /** Decides what a unit does now. */
  #wake(unit: Unit<Row, Observed>): void {
    if (this.#state !== "live") return;
    unit.timer?.();
    unit.timer = undefined;
    this.#held.delete(unit);
    if (unit.attempt) {
      if (unit.target.intent !== unit.attempt.target.intent) {
        unit.attempt.abort(`a newer intent of ${unit.name} came`);
      }
      return;
    }
    const step = this.#step(unit);
    if (step.kind === "attempt") {
      this.#queue.add(unit);
      this.#pump();
      return;
    }
    this.#queue.delete(unit);
    unit.nudge = "none";
    if (step.kind === "wait") {
      const ms = Math.min(step.ms, maxTimerMs);
      unit.timer = this.#options.clock.after(ms, () => this.#wake(unit));
    }
  }

  #step(unit: Unit<Row, Observed>): UnitStep {
    return decideStep(unit.state, {
      intent: unit.target.intent,
      nudge: unit.nudge,
      mono: this.#options.clock.monotonic(),
    });
  }

  #pump(): void {
    const { view } = this.#options;
    for (const unit of this.#queue) {
      if (this.#freeSlots <= 0) return;
      this.#queue.delete(unit);
      // looked at last of all: time may have passed in the queue, as when the process was frozen
      if (view.isStale(unit.id) || view.lost.has(unit.id)) {
        this.#held.add(unit);
        continue;
      }
      const step = this.#step(unit);
      if (step.kind === "attempt") this.#attempt(unit, step.attempt);
    }
  }

  #attempt(unit: Unit<Row, Observed>, number: number): void {
    const { abortGraceMs, clock, definition, logger, slowAfterMs } = this.#options;
    const { target } = unit;
    unit.nudge = "none";
    unit.tried = true;
    this.#running.add(unit);
    this.#freeSlots -= 1;
    // what was reported no longer holds while it is being changed: after a loss of data the former
    // intent may come back, and the old row would claim to agree with it (I10)
    const unsettled = unit.report.unsettled();
    if (unsettled) this.#tell(unit, unsettled);
    let holdsSlot = true;
    const freeSlot = () => {
      if (holdsSlot) this.#freeSlots += 1;
      holdsSlot = false;
    };
    const lastError = target.intent === unit.state.intent ? unit.state.lastError : undefined;
    unit.attempt = new Attempt<Row, Observed>({
      definition,
      id: unit.id,
      unit: unit.name,
      target,
      number,
      previous: unit.report.observed,
      inherited: unit.inherited,
      now: this.#options.now(),
      clock,
      logger,
      abortGraceMs: abortGraceMs ?? 10_000,
      slowAfterMs: slowAfterMs ?? 60_000,
      onReport: (observed) => {
        if (this.#state !== "live") return;
        this.#observe(unit, observed);
        const interim = { converged: false, attempts: number - 1, nextAttemptAt: 0, lastError };
        this.#publish(unit, { intentId: target.intent, ...interim });
      },
      onOverdue: () => {
        freeSlot();
        if (this.#state === "live") this.#pump();
      },
      onEnded: (ended) => {
        freeSlot();
        this.#ended(unit, ended);
      },
    });
  }

  #ended(unit: Unit<Row, Observed>, ended: Ended<Observed>): void {
    const { attempt } = unit;
    unit.attempt = undefined;
    this.#running.delete(unit);
    if (!attempt) return;
    this.#observe(unit, ended.observed);
    if (this.#state !== "live") {
      if (this.#running.size === 0) this.#quiet?.();
      return;
    }
    const { aborted, number, target } = attempt;
    this.#settle(unit, { intent: target.intent, number, aborted }, ended);
    this.#wake(unit);
    this.#pump();
  }

  #settle(
    unit: Unit<Row, Observed>,
    { aborted, intent, number }: Settled,
    ended: Ended<Observed>,
  ): void {
    const { board, clock, definition, logger, random } = this.#options;
    const { converged, error, retry } = ended;
    unit.state = settleAttempt(
      unit.state,
      { intent, attempt: number, outcome: { converged, retry, error }, aborted },
      {
        policy: definition.retry,
        now: this.#options.now(),
        mono: clock.monotonic(),
        draw: random.draw(),
      },
    );
    const { attempts, lastError, nextAttemptAt, standing } = unit.state;
    const entry = { unit: unit.name, intentId: intent, attempt: number, standing };
    if (converged || aborted) logger.info({ ...entry, aborted }, "an attempt ended");
    else logger.warn({ ...entry, error, nextAttemptAt }, "an attempt failed");
    if (converged && intent === removedIntent) {
      unit.report.forget();
      board.set(unit.name, "removed");
      if (unit.target.intent === removedIntent) this.#units.delete(unit.id);
    } else {
      this.#publish(unit, { intentId: intent, converged, attempts, nextAttemptAt, lastError });
    }
  }

  #observe(unit: Unit<Row, Observed>, observed: Observed | undefined): void {
    try {
      unit.report.observe(observed, this.#options.now());
    } catch (error) {
      this.#options.logger.error({ unit: unit.name, error }, "an observed value cannot be encoded");
    }
  }

  #publish(unit: Unit<Row, Observed>, about: AboutRow): void {
    this.#tell(unit, unit.report.row(about));
  }

  /** Says with the row whose history it follows: a row absent under that one later was removed. */
  #tell(unit: Unit<Row, Observed>, row: OwnStatusRow): void {
    const { board, view } = this.#options;
    const intentHistoryId = view.historyOf?.(unit.id);
    board.set(unit.name, intentHistoryId === undefined ? row : { ...row, intentHistoryId });
  }

  async #stop(timeoutMs: number): Promise<void> {
    this.#state = "stopping";
    for (const end of this.#ends) end();
    this.#queue.clear();
    this.#held.clear();
    for (const unit of this.#units.values()) unit.timer?.();
    const deadline = this.#options.clock.monotonic() + timeoutMs;
    await this.#stopAttempts(deadline);
    await this.#stopUnits(deadline);
  }

  async #stopAttempts(deadline: number): Promise<void> {
    if (this.#running.size === 0) return;
    const quiet = new Promise<void>((resolve) => {
      this.#quiet = resolve;
    });
    for (const { attempt } of this.#running) attempt?.abort("the node stops");
    await settledBy(this.#options.clock, deadline, quiet);
    for (const { attempt, name } of this.#running) {
      attempt?.abandon();
      this.#options.logger.warn(
        { unit: name },
        `the apply of ${name} did not return before the stop`,
      );
    }
  }

  async #stopUnits(deadline: number): Promise<void> {
    const { clock, definition, logger } = this.#options;
    const tried = [...this.#units.values()].filter((unit) => unit.tried && !unit.attempt);
    if (!definition.stopped) return;
    const { done, pending } = forEachBounded(tried, this.#concurrency, async (unit) => {
      try {
        await definition.stopped?.({ id: unit.id, observed: unit.report.observed });
      } catch (error) {
        logger.error({ unit: unit.name, error }, "the replica's `stopped` threw");
      }
    });
    await settledBy(clock, deadline, done);
    for (const { name } of pending) {
      logger.warn({ unit: name }, `the stop of ${name} did not end in time`);
    }
  }
}
