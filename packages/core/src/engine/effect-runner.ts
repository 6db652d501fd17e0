/**
 * Runs the recorded effects of one shard: started after their commit, bounded per node, retried
 * under the stored policy; the outcome is a command, deduplicated by the effect's record.
 * `interrupt` effects start only behind a committed mark, and at most once.
 */
import type { EffectContext, EffectSpec, Facts } from "../define-actor.ts";
import { isMusterError } from "../errors.ts";
import { deepFreeze } from "../freeze.ts";
import { parseActorKey } from "../model/actor-address.ts";
import type { RedisMs } from "../model/ids.ts";
import { hasAttemptLeft, retryDelayMs } from "../model/retry-policy.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { Random } from "../ports/random.ts";
import type { CallOrigin } from "./call-chain.ts";
import { type EffectPolicy, policyOf } from "./effect-policy.ts";
import { fieldErrorsOf, type Kinds } from "./kinds.ts";
import type { NewLetter } from "./letter-desk.ts";
import type { Meter } from "./meter.ts";
import type { Slots } from "./slots.ts";
import { describeThrown } from "./turn.ts";
import type { EffectRecord } from "./wire.ts";

export interface EffectOutcome {
  readonly effectId: string;
  readonly record: EffectRecord;
  readonly command: string;
  readonly input: unknown;
  /** Written with the commit that takes the outcome. */
  readonly letter?: NewLetter;
}

export interface EffectRunnerContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly kinds: Kinds;
  readonly slots: Slots;
  /** Taken by one effect at a time that may have ended its process. */
  readonly alone: Slots;
  readonly meter: Pick<Meter, "effectAttempts" | "effectsSucceeded" | "effectsFailed">;
  readonly fence: Facts["fence"];
  readonly historyId: string;
  /** Freezes what users' code is given. */
  readonly development: boolean;
  now(): RedisMs;
  trusted(): boolean;
  /** References to actors for an effect that calls them. */
  callsOf(origin: CallOrigin): EffectContext["actor"];
  /** Writes a changed record with the next commit; resolves when it is committed. */
  save(effectId: string, record: EffectRecord): Promise<void>;
  /** Marks as started what may not be survived; resolves when that is committed. */
  mark(effectId: string): Promise<void>;
  /** Takes the mark away with the next commit. */
  unmark(effectId: string): void;
  /** Tells the outcome to the actor, wherever it lives by then. */
  finish(outcome: EffectOutcome): void;
}

/** Calls that come to the same however often they are made. */
const isHopeless = (thrown: unknown): boolean =>
  isMusterError(thrown, "CALL_CYCLE") || isMusterError(thrown, "CALL_TOO_DEEP");

export const effectIdOf = (record: Pick<EffectRecord, "actor" | "effect" | "id">): string =>
  `${record.actor}\u0000${record.effect}\u0000${record.id}`;

export class EffectRunner {
  readonly #context: EffectRunnerContext;
  readonly #recorded = new Map<string, EffectRecord>();
  readonly #running = new Map<string, AbortController>();
  /** Due while the node could not be sure of its lease. */
  readonly #stalled = new Set<string>();
  /** Under suspicion: they start behind a mark. */
  readonly #probes = new Map<string, "together" | "alone">();
  /** Given back once the effect was survived. */
  readonly #turns = new Map<string, () => void>();
  #stopped = false;

  constructor(context: EffectRunnerContext) {
    this.#context = context;
  }

  /** Effects whose outcome has not been taken. */
  get recordedCount(): number {
    return this.#recorded.size;
  }

  get runningCount(): number {
    return this.#running.size;
  }

  /** True while the effect's outcome has not been taken. */
  isRecorded(effectId: string): boolean {
    return this.#recorded.has(effectId);
  }

  /** The outcome has been taken; a former owner may have told it while an attempt runs here. */
  forget(effectId: string): void {
    this.#recorded.delete(effectId);
    this.#running.get(effectId)?.abort(new Error("its outcome has been taken"));
    this.#running.delete(effectId);
    this.#probes.delete(effectId);
    this.#endTurn(effectId);
  }

  /** Notes an effect of a batch that is being committed, so that a repeat is seen. */
  note(effectId: string, record: EffectRecord): void {
    this.#recorded.set(effectId, record);
  }

  /** Tells whether this node can run it. */
  knows(record: EffectRecord): boolean {
    return this.#specOf(record) !== undefined;
  }

  /** Tells its actor that it failed, without running it. */
  giveUp(effectId: string, record: EffectRecord, error: string, letter: NewLetter): void {
    this.#fail(effectId, record, error, this.#specOf(record), letter);
  }

  /** Takes over what a former owner recorded; nothing reruns before `notBefore`. */
  adopt(
    effectId: string,
    record: EffectRecord,
    notBefore: RedisMs,
    probe?: "together" | "alone",
  ): void {
    const adopted = { ...record, notBefore: Math.max(record.notBefore, notBefore) };
    this.#recorded.set(effectId, adopted);
    if (probe) this.#probes.set(effectId, probe);
    const spec = this.#specOf(record);
    const interrupt = spec && this.#policyOf(record, spec).isInterrupt;
    if (interrupt && (record.started || record.historyId !== this.#context.historyId)) {
      this.#fail(effectId, adopted, "interrupted: the node that ran it is gone", spec);
      return;
    }
    this.#plan(effectId, adopted);
  }

  /** Starts an effect whose record is committed. */
  begin(effectId: string): void {
    const record = this.#recorded.get(effectId);
    if (record) this.#plan(effectId, record);
  }

  /** Aborts the attempts under way; each counts as a failed one. */
  abortRunning(): void {
    for (const controller of this.#running.values()) {
      controller.abort(new Error("the node could not be sure of its lease"));
    }
  }

  /** Begins what fell due while the node could not be sure of its lease. */
  resume(): void {
    const stalled = [...this.#stalled];
    this.#stalled.clear();
    for (const effectId of stalled) this.begin(effectId);
  }

  /** Aborts what runs; the outcome of an aborted effect is not told from here. */
  stop(): void {
    this.#stopped = true;
    for (const controller of this.#running.values()) controller.abort();
    for (const effectId of [...this.#turns.keys()]) this.#endTurn(effectId);
  }

  #specOf(record: EffectRecord): EffectSpec | undefined {
    const kind = this.#context.kinds.get(parseActorKey(record.actor).kind);
    const effects = kind?.implementation.effects;
    return effects && Object.hasOwn(effects, record.effect) ? effects[record.effect] : undefined;
  }

  /** False once its outcome was taken, also when it was started again under the same id (I12). */
  #isCurrent(effectId: string, record: EffectRecord): boolean {
    return !this.#stopped && this.#recorded.get(effectId) === record;
  }

  /** As it was when the effect was started. */
  #policyOf(record: EffectRecord, spec: EffectSpec): EffectPolicy {
    return record.policy ?? policyOf(spec);
  }

  #plan(effectId: string, record: EffectRecord): void {
    const wait = Math.max(0, record.notBefore - this.#context.now());
    if (wait === 0) void this.#run(effectId, record);
    else this.#context.clock.after(wait, () => void this.#run(effectId, record));
  }

  async #run(effectId: string, record: EffectRecord): Promise<void> {
    const spec = this.#specOf(record);
    if (!this.#isCurrent(effectId, record) || this.#running.has(effectId)) return;
    if (!spec) {
      this.#context.logger.warn(
        { actor: record.actor, effect: record.effect },
        "an effect waits: this node does not know it",
      );
      return;
    }
    const controller = new AbortController();
    this.#running.set(effectId, controller);
    const probe = this.#probes.get(effectId);
    if (probe === "alone") this.#turns.set(effectId, await this.#context.alone.take());
    const giveBack = await this.#context.slots.take();
    try {
      if (!this.#isCurrent(effectId, record)) {
        this.#endTurn(effectId);
        return;
      }
      let current = record;
      if (probe) await this.#context.mark(effectId);
      if (this.#policyOf(record, spec).isInterrupt) {
        current = { ...record, started: true };
        this.#recorded.set(effectId, current);
        await this.#context.save(effectId, current);
      }
      if (!this.#isCurrent(effectId, current)) {
        this.#endTurn(effectId);
        return;
      }
      if (!this.#context.trusted()) {
        this.#endTurn(effectId);
        this.#stalled.add(effectId);
        return;
      }
      await this.#attempt(effectId, current, spec, controller);
    } catch {
      // The mark could not be committed: this owner has fallen, the next one decides.
      this.#endTurn(effectId);
    } finally {
      giveBack();
      if (this.#running.get(effectId) === controller) this.#running.delete(effectId);
    }
  }

  async #attempt(
    effectId: string,
    record: EffectRecord,
    spec: EffectSpec,
    controller: AbortController,
  ): Promise<void> {
    this.#context.meter.effectAttempts += 1;
    const timeoutMs = spec.timeoutMs ?? 30_000;
    const cancel = this.#context.clock.after(timeoutMs, () =>
      controller.abort(new Error(`timed out after ${timeoutMs} ms`)),
    );
    try {
      const input = spec.input.safeParse(record.input);
      if (!input.success) {
        this.#fail(effectId, record, JSON.stringify(fieldErrorsOf(input.error)), spec);
        return;
      }
      const aborted = new Promise<never>((_, reject) =>
        controller.signal.addEventListener("abort", () => reject(controller.signal.reason)),
      );
      aborted.catch(() => {});
      const output = await Promise.race([
        spec.run(this.#context.development ? deepFreeze(input.data) : input.data, {
          signal: controller.signal,
          idempotencyKey: effectId,
          fence: this.#context.fence,
          attempt: record.attempts + 1,
          actor: this.#context.callsOf({
            actor: record.actor,
            chain: record.chain,
            depth: record.depth + 1,
            principal: record.principal,
          }),
        }),
        aborted,
      ]);
      if (this.#recorded.get(effectId) !== record) return;
      const checked = spec.output.safeParse(output);
      if (!checked.success) {
        const fields = JSON.stringify(fieldErrorsOf(checked.error));
        throw new Error(`the effect's output is not valid: ${fields}`);
      }
      this.#context.meter.effectsSucceeded += 1;
      this.#finish(effectId, record, spec.then, {
        id: record.id,
        input: record.input,
        output: checked.data,
      });
    } catch (thrown) {
      if (!this.#isCurrent(effectId, record)) return;
      const error = describeThrown(thrown);
      if (isHopeless(thrown)) {
        this.#fail(effectId, { ...record, attempts: record.attempts + 1 }, error, spec);
      } else await this.#retryOrFail(effectId, record, spec, error);
    } finally {
      cancel();
    }
  }

  async #retryOrFail(
    effectId: string,
    record: EffectRecord,
    spec: EffectSpec,
    error: string,
  ): Promise<void> {
    const { isInterrupt, retry } = this.#policyOf(record, spec);
    const attempts = record.attempts + 1;
    if (isInterrupt || !hasAttemptLeft(retry, attempts)) {
      this.#fail(effectId, { ...record, attempts }, error, spec);
      return;
    }
    const delay = retryDelayMs(retry, attempts, this.#context.random.draw());
    const next: EffectRecord = { ...record, attempts, notBefore: this.#context.now() + delay };
    this.#recorded.set(effectId, next);
    // It was survived.
    if (this.#probes.delete(effectId)) this.#context.unmark(effectId);
    await this.#context.save(effectId, next);
    this.#endTurn(effectId);
    this.#context.clock.after(delay, () => void this.#run(effectId, next));
  }

  #endTurn(effectId: string): void {
    this.#turns.get(effectId)?.();
    this.#turns.delete(effectId);
  }

  #fail(
    effectId: string,
    record: EffectRecord,
    error: string,
    spec: EffectSpec | undefined,
    letter?: NewLetter,
  ): void {
    if (!spec) return;
    const { id, input, attempts } = record;
    this.#context.meter.effectsFailed += 1;
    this.#finish(effectId, record, spec.failed, { id, input, error, attempts }, letter);
  }

  #finish(
    effectId: string,
    record: EffectRecord,
    command: string,
    input: unknown,
    letter?: NewLetter,
  ): void {
    this.#context.finish({ effectId, record, command, input, ...(letter && { letter }) });
  }
}
