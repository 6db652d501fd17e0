/**
 * Says what becomes of each call and hint of a run: by the weather, or by a list of faults that is
 * given. What is struck is noted as a fault of its own, so that a run by the weather can be run
 * again by the list of what happened in it.
 */
import type { CallFate, CallOf, Fates, HintFate, HintOf } from "../fates.ts";
import type { SeededRandom } from "../seeded-random.ts";
import { randomFor } from "./chance.ts";
import {
  type CallFault,
  type CallFaultKind,
  type Fault,
  formatFault,
  type HintFault,
  type HintFaultKind,
  type TimedFault,
} from "./fault.ts";
import type { Trigger, Weather } from "./weather.ts";

/** What a fault can do to a process; `ms` is how long it lasts. */
export interface Verbs {
  crash(node: string, ms: number): void;
  freeze(node: string, ms: number): void;
}

export interface CourseOptions {
  readonly seed: number;
  readonly weather: Weather;
  /** Faults to be had instead of those of the weather. */
  readonly given: readonly Fault[] | undefined;
  readonly verbs: Verbs;
  /** False before the faults begin and after all has healed. */
  isRough(): boolean;
  now(): number;
  happened(fault: Fault): void;
}

const calmDelay = [0, 1] as const;
const calmTimeoutMs = 1_000;

const callKinds = ["lose-request", "lose-reply", "copy", "slow"] as const;
const hintKinds = ["lose-hint", "double-hint", "slow-hint"] as const;

const sizeOf = (kind: CallFaultKind | HintFaultKind, random: SeededRandom): number => {
  if (kind === "copy" || kind === "slow") return random.between(1, 3_000);
  return kind === "slow-hint" ? random.between(50, 2_000) : 0;
};

export class Course implements Fates {
  readonly #options: CourseOptions;
  readonly #given = new Map<string, (CallFault | HintFault)[]>();
  readonly #triggers: Set<Trigger>;
  /** Virtual time until which a node, or a topic, gets no hints. */
  readonly #silentUntil = new Map<string, number>();
  readonly timed: readonly TimedFault[];

  constructor(options: CourseOptions) {
    const { given, weather } = options;
    this.#options = options;
    this.#triggers = new Set(given ? [] : weather.triggers);
    this.timed = given ? given.filter((fault) => "at" in fault) : weather.timed;
    for (const fault of given ?? []) {
      if ("at" in fault) continue;
      const where =
        "op" in fault
          ? `${fault.target} ${fault.op} ${fault.nth}`
          : `${fault.target}~${fault.topic} ${fault.nth}`;
      const others = this.#given.get(where);
      if (others) others.push(fault);
      else this.#given.set(where, [fault]);
    }
  }

  /** Keeps hints away from a node, or those of a topic from everybody. */
  silence(nodeOrTopic: string, ms: number): void {
    this.#silentUntil.set(nodeOrTopic, this.#options.now() + ms);
  }

  /** Ends everything that would still go on. */
  heal(): void {
    this.#silentUntil.clear();
    this.#triggers.clear();
  }

  call(of: CallOf): CallFate {
    const { seed, weather, verbs } = this.#options;
    const isRough = this.#options.isRough();
    const where = `${of.nodeId} ${of.op} ${of.nth}`;
    const random = randomFor(seed, where);
    const delayMs = isRough ? weather.delayMs : calmDelay;
    const thereMs = random.between(...delayMs);
    const backMs = random.between(...delayMs);
    const fate: { -readonly [K in keyof CallFate]: CallFate[K] } = {
      thereMs,
      backMs,
      timeoutMs: isRough ? weather.timeoutMs : calmTimeoutMs,
      requestLost: false,
      replyLost: false,
    };
    if (!isRough) return fate;
    for (const fault of this.#faultsOf(of, where, random)) {
      this.#options.happened(fault);
      const { kind, ms } = fault;
      if (kind === "lose-request") fate.requestLost = true;
      else if (kind === "lose-reply") fate.replyLost = true;
      else if (kind === "copy") fate.copyAfterMs = ms;
      else if (kind === "slow") fate.thereMs += ms;
      else if (kind === "crash-before") fate.onSend = () => verbs.crash(of.nodeId, ms);
      else if (kind === "crash-after") fate.onExecuted = () => verbs.crash(of.nodeId, ms);
      else if (kind === "freeze-before") fate.onSend = () => verbs.freeze(of.nodeId, ms);
      else if (kind === "freeze-after") fate.onExecuted = () => verbs.freeze(of.nodeId, ms);
    }
    return fate;
  }

  hint(of: HintOf): HintFate {
    const { seed, weather, now } = this.#options;
    const where = `${of.nodeId}~${of.topic} ${of.nth}`;
    const random = randomFor(seed, where);
    if (!this.#options.isRough()) return [random.between(...calmDelay)];
    const first = random.between(...weather.messageDelayMs);
    const second = random.between(...weather.messageDelayMs);
    const silentUntil = Math.max(
      this.#silentUntil.get(of.nodeId) ?? 0,
      this.#silentUntil.get(of.topic) ?? 0,
    );
    if (silentUntil > now()) return [];
    let fate: readonly number[] = [first];
    for (const fault of this.#faultsOfHint(of, where, random)) {
      this.#options.happened(fault);
      if (fault.kind === "lose-hint") return [];
      fate = fault.kind === "double-hint" ? [first, second] : [first + fault.ms];
    }
    return fate;
  }

  #faultsOf(of: CallOf, where: string, random: SeededRandom): readonly CallFault[] {
    const { given, weather, now } = this.#options;
    if (given) return (this.#given.get(where) ?? []).filter((fault) => "op" in fault);
    const { nodeId: target, op, nth } = of;
    const faults: CallFault[] = [];
    for (const kind of callKinds) {
      if (!random.chance(weather.rates[kind] ?? 0)) continue;
      if (kind === "copy" && !of.mayCopy) continue;
      faults.push({ kind, target, op, nth, ms: sizeOf(kind, random) });
    }
    for (const trigger of this.#triggers) {
      if (trigger.target !== target || trigger.op !== op || trigger.after > now()) continue;
      this.#triggers.delete(trigger);
      faults.push({ kind: trigger.kind, target, op, nth, ms: trigger.ms });
      break;
    }
    return faults;
  }

  #faultsOfHint(of: HintOf, where: string, random: SeededRandom): readonly HintFault[] {
    const { given, weather } = this.#options;
    if (given) return (this.#given.get(where) ?? []).filter((fault) => "topic" in fault);
    const { nodeId: target, topic, nth } = of;
    const kind = hintKinds.find((each) => random.chance(weather.rates[each] ?? 0));
    return kind ? [{ kind, target, topic, nth, ms: sizeOf(kind, random) }] : [];
  }
}

/** How a fault is told in a list of what happened. */
export const describeFault = (at: number, fault: Fault): string =>
  "at" in fault ? formatFault(fault) : `${formatFault(fault)} (at ${Math.round(at)} ms)`;
