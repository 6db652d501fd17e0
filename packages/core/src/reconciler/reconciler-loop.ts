/**
 * Runs the passes of the reconciler on the one node that is elected for it. Passes never overlap; a
 * leader whose term has ended writes nothing, since its fence is refused.
 *
 *   every few seconds: hold the role ─▶ look ─▶ nudge ─▶ reap ─▶ record (fenced) with alerts
 */
import type { ActorRef, CommandSpecs } from "../define-actor.ts";
import type { Cancel, Clock } from "../ports/clock.ts";
import type { Guard, Term } from "../ports/guard.ts";
import type { Logger } from "../ports/logger.ts";
import type { ReapedNode } from "../ports/membership-store.ts";
import type { Random } from "../ports/random.ts";
import { decidePass, driftName, type PassFacts, rowsOff } from "./decide-pass.ts";
import { alertId, type PassResult } from "./model.ts";
import type { SeenNode } from "./node-events.ts";
import type { reconcilerProtocol } from "./reconciler-actor.ts";

type Commands = (typeof reconcilerProtocol)["commands"];

export interface ReconcilerLoopContext {
  readonly nodeId: string;
  readonly guard: Guard;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly everyMs: number;
  /** The record of the reconciler. */
  readonly record: ActorRef<Commands extends CommandSpecs ? Commands : never>;
  /** What a pass looks at; `undefined` while it may be out of date. */
  look(): Omit<PassFacts, "offSince"> | undefined;
  /** Hears of each pass that was run. */
  passed(result: PassResult, durationMs: number): void;
  /** Asks a node to look at an app again; false when it did not answer. */
  nudge(nodeId: string, appId: string): Promise<boolean>;
  /** All nodes known, those included that left in order. */
  nodes(): readonly SeenNode[];
  /** Forgets nodes that are gone for long; rejects when the backend does not answer. */
  reap(term: Term): Promise<readonly ReapedNode[] | "fenced">;
}

/** A pass of which nothing came is recorded this seldom. */
const quietRecordMs = 60_000;
/** The role outlives a few missed passes. */
const terms = 3;
const jitter = 0.2;
const role = "reconciler";
const askTimeoutMs = 5_000;

const nameOf = ({ nodeId, appId }: { nodeId: string; appId: string }): string =>
  `${nodeId}/${appId}`;

export class ReconcilerLoop {
  readonly #context: ReconcilerLoopContext;
  #term: Term | undefined;
  #timer: Cancel | undefined;
  #running: Promise<PassResult | undefined> | undefined;
  #stopped = false;
  /** Nudged by the last pass: repaired when they agree at the next. */
  #nudged: ReadonlySet<string> = new Set();
  #recordedAt = Number.NEGATIVE_INFINITY;
  /** Since when this leader sees rows off; how often they are tried meanwhile does not matter. */
  #offSince: ReadonlyMap<string, number> = new Map();

  /** Nodes as they were last recorded under this term. */
  #seen = "";

  constructor(context: ReconcilerLoopContext) {
    this.#context = context;
  }

  /** True while this node holds the role, as far as it knows. */
  get isLeader(): boolean {
    return this.#term !== undefined;
  }

  start(): void {
    if (!this.#stopped) this.#schedule();
  }

  /** Gives the role back. Never rejects. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.();
    await this.#running?.catch(() => {});
    const term = this.#term;
    this.#term = undefined;
    if (term) await this.#context.guard.resign({ term }).catch(() => {});
  }

  /** Runs a pass now, or joins the one that runs; `undefined` when another node leads. */
  run(): Promise<PassResult | undefined> {
    this.#running ??= this.#pass().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  #schedule(): void {
    const { clock, everyMs, random } = this.#context;
    const delay = everyMs * (1 - jitter / 2 + jitter * random.draw());
    this.#timer = clock.after(delay, () => {
      void this.run()
        .catch((error: unknown) => {
          this.#context.logger.debug({ error: String(error) }, "a pass was not finished");
        })
        .finally(() => {
          if (!this.#stopped) this.#schedule();
        });
    });
  }

  async #pass(): Promise<PassResult | undefined> {
    const { clock, logger } = this.#context;
    const startedAt = clock.monotonic();
    if (this.#stopped || !this.#context.look()) return undefined;
    const term = await this.#hold();
    // Looked at once the role is held, so that what is decided is not older than that.
    const facts = term && this.#context.look();
    if (!term || !facts) return undefined;
    const off = rowsOff(facts.drifted);
    const named = [
      ...off.map(driftName),
      ...(facts.troubles ?? []).map(({ about }) => alertId(about)),
    ];
    this.#offSince = new Map(named.map((name) => [name, this.#offSince.get(name) ?? facts.now]));
    const plan = decidePass({ ...facts, offSince: this.#offSince });
    const drifting = new Set(off.map(nameOf));
    const repaired = [...this.#nudged].filter((name) => !drifting.has(name)).length;
    const answers = await Promise.all(
      plan.nudges.map(({ nodeId, appId }) => this.#context.nudge(nodeId, appId)),
    );
    this.#nudged = new Set(plan.nudges.map(nameOf));
    const reaped = facts.mode === "enforce" ? await this.#reap(term) : [];
    if (reaped === "fenced") {
      this.#lose("it does not hold the role any more");
      return undefined;
    }
    const result: PassResult = {
      at: facts.now,
      node: this.#context.nodeId,
      fence: term.fence,
      checked: facts.rowCount,
      drifted: plan.drifted,
      repaired,
      failed: answers.filter((heard) => !heard).length,
      skipped: plan.skipped,
      because: facts.mode === "enforce" ? null : facts.mode,
      opened: plan.open.length,
      closed: plan.close.length,
      reaped: reaped.length,
      durationMs: Math.round(clock.monotonic() - startedAt),
    };
    this.#context.passed(result, clock.monotonic() - startedAt);
    const { open, close, forget } = plan;
    const nodes = this.#context.nodes();
    const seen = JSON.stringify(nodes);
    const done =
      open.length + close.length + forget.length + plan.nudges.length + repaired + reaped.length;
    const isQuiet = done === 0 && seen === this.#seen;
    logger[isQuiet ? "debug" : "info"]({ ...result }, "a pass of the reconciler");
    if (isQuiet && startedAt - this.#recordedAt < quietRecordMs) return result;
    const input = {
      fence: term.fence,
      pass: result,
      open: [...open],
      close: [...close],
      forget: [...forget],
      ...(seen !== this.#seen && { nodes: [...nodes] }),
    };
    const answer = await this.#context.record.ask.record(input, { timeoutMs: askTimeoutMs });
    if (!answer.ok) {
      this.#lose("its fence was refused");
      return undefined;
    }
    this.#recordedAt = startedAt;
    this.#seen = seen;
    return result;
  }

  /** Nodes that could not be reaped now are reaped by a later pass. */
  async #reap(term: Term): Promise<readonly ReapedNode[] | "fenced"> {
    try {
      return await this.#context.reap(term);
    } catch (error) {
      this.#context.logger.debug({ error: String(error) }, "nodes wait to be reaped");
      return [];
    }
  }

  /** Holds the role, or tries to take it. */
  async #hold(): Promise<Term | undefined> {
    const { everyMs, guard, nodeId, record } = this.#context;
    const ttlMs = terms * everyMs;
    if (this.#term) {
      const answer = await guard.extend({ term: this.#term, ttlMs });
      if (answer.kind === "extended") return this.#term;
      this.#lose("its term had ended");
    }
    const elected = await guard.elect({ role, ttlMs });
    if (elected.kind === "held") return undefined;
    const { term } = elected;
    const heard = await record.ask
      .lead({ fence: term.fence, node: nodeId }, { timeoutMs: askTimeoutMs })
      .catch(() => undefined);
    if (!heard?.ok) {
      await guard.resign({ term });
      return undefined;
    }
    this.#term = term;
    this.#nudged = new Set();
    this.#offSince = new Map();
    this.#seen = "";
    this.#context.logger.info({ fence: term.fence }, "this node runs the reconciler");
    return term;
  }

  #lose(why: string): void {
    this.#context.logger.warn({ fence: this.#term?.fence, why }, "lost the reconciler");
    this.#term = undefined;
  }
}
