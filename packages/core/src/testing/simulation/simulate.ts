/**
 * A whole cluster in one process, in virtual time, from one seed: the real engine over the memory
 * backend, with faults between nodes and store. The same seed takes the same course every time.
 */
import type { ActorKind } from "../../define-actor.ts";
import { isMusterError } from "../../errors.ts";
import { MemoryServer, memoryBackend } from "../../memory/index.ts";
import type { NodeId } from "../../model/ids.ts";
import { createMuster } from "../../muster.ts";
import type { Muster } from "../../muster-types.ts";
import { calmPlan, type FaultPlan, roughPlan } from "../fault-plan.ts";
import { FaultyBackend } from "../faulty-backend.ts";
import { NodeClock } from "../node-clock.ts";
import { type SeededRandom, seededRandom } from "../seeded-random.ts";
import { VirtualClock } from "../virtual-clock.ts";
import { checkLedgers, type LedgerContent } from "./check-ledgers.ts";
import { runClient, type Sent } from "./client.ts";
import { Ledger, ledgerProtocol } from "./ledger.ts";
import { type PlantedBug, plant } from "./planted.ts";
import { type Violation, Violations } from "./violations.ts";
import { Witness } from "./witness.ts";

export interface SimulationOptions {
  /** An integer; the only source of chance. */
  readonly seed: number;
  /** @defaultValue 3 */
  readonly nodes?: number;
  /** Virtual time under faults, in milliseconds. @defaultValue 12000 */
  readonly faultsMs?: number;
  /** @defaultValue {@link roughPlan} */
  readonly plan?: FaultPlan;
  /** A bug put in on purpose. */
  readonly planted?: PlantedBug;
  /** Kinds of the caller's own, run beside the ledger. */
  readonly actors?: readonly ActorKind[];
}

export interface SimulationReport {
  readonly seed: number;
  readonly violations: readonly Violation[];
  /** Hash of every claim, commit and fault: equal for equal seeds. */
  readonly traceHash: string;
  /** Faults that happened, in order. */
  readonly faults: readonly string[];
  readonly counts: {
    readonly sent: number;
    readonly acknowledged: number;
    readonly unknown: number;
    readonly commits: number;
    readonly refused: number;
    readonly takeOvers: number;
  };
}

const ledgers = ["a", "b", "c", "d", "e", "f"];
const clientsPerNode = 2;
const quietMs = 12_000;

class Simulation {
  readonly #options: SimulationOptions;
  readonly #clock = new VirtualClock();
  readonly #random: SeededRandom;
  readonly #violations = new Violations();
  readonly #witness: Witness;
  readonly #backend: FaultyBackend;
  readonly #sent: Sent[] = [];
  readonly #faults: string[] = [];
  readonly #running = new Map<string, { readonly muster: Muster; alive: boolean }>();
  #starts = 0;
  #active = true;
  #hash = 0x811c9dc5;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
    this.#witness = new Witness(this.#violations, (line) => this.#trace(line));
    const server = new MemoryServer({ clock: this.#clock, random: this.#random.fork() });
    this.#backend = new FaultyBackend(
      plant(this.#witness.over(memoryBackend({ server })), options.planted),
      { clock: this.#clock, random: this.#random.fork(), history: () => server.historyId },
    );
  }

  async run(): Promise<SimulationReport> {
    const names = Array.from({ length: this.#options.nodes ?? 3 }, (_, i) => `n${i + 1}`);
    for (const name of names) this.#start(name);
    await this.#clock.runFor(2_000);
    this.#backend.plan = this.#options.plan ?? roughPlan;
    await this.#trouble(names);
    this.#active = false;
    this.#backend.plan = calmPlan;
    for (const name of names) if (!this.#running.get(name)?.alive) this.#start(name);
    await this.#clock.runFor(quietMs);
    await this.#check();
    return this.#report();
  }

  #start(name: string): void {
    this.#starts += 1;
    const clock = new NodeClock(this.#clock);
    const random = this.#random.fork();
    const muster = createMuster({
      cluster: "sim",
      node: { id: name },
      backend: this.#backend,
      actors: [Ledger, ...(this.#options.actors ?? [])],
      clock,
      random,
      settings: { shardCount: 16 },
    });
    const node = { muster, alive: true };
    this.#running.set(name, node);
    this.#note(`start ${name}`);
    muster.start({ timeoutMs: 60_000 }).catch((error: unknown) => {
      if (!isMusterError(error)) this.#violations.add("error", String(error));
    });
    for (let i = 0; i < clientsPerNode; i++) {
      void runClient({
        name: `${name}.${this.#starts}.${i}`,
        muster,
        clock,
        random: random.fork(),
        ledgers,
        violations: this.#violations,
        sent: this.#sent,
        isRunning: () => node.alive && this.#active,
      });
    }
  }

  /** One fault after another on nodes drawn by the seed; each ends before the quiet period. */
  async #trouble(names: readonly string[]): Promise<void> {
    const until = this.#clock.monotonic() + (this.#options.faultsMs ?? 12_000);
    while (this.#clock.monotonic() < until) {
      const name = this.#random.pick(names);
      await this.#clock.runFor(this.#random.between(50, 1_500));
      const fault = this.#random.pick(["kill", "freeze", "cut", "stop"] as const);
      const lastsMs = this.#random.between(100, 4_000);
      if (!this.#running.get(name)?.alive) continue;
      this.#note(`${fault} ${name} for ${lastsMs} ms`);
      await this.#inflict(fault, name as NodeId, lastsMs);
    }
  }

  async #inflict(
    fault: "kill" | "freeze" | "cut" | "stop",
    name: NodeId,
    lastsMs: number,
  ): Promise<void> {
    const node = this.#running.get(name);
    if (!node) return;
    if (fault === "freeze") {
      this.#backend.freeze(name);
      await this.#clock.runFor(lastsMs);
      this.#backend.thaw(name);
    } else if (fault === "cut") {
      this.#backend.cut(name);
      await this.#clock.runFor(lastsMs);
      this.#backend.heal(name);
    } else {
      node.alive = false;
      if (fault === "stop") {
        const stopped = node.muster.stop({ timeoutMs: 3_000 });
        await this.#clock.runFor(3_500);
        void stopped;
      }
      this.#backend.kill(name);
      for (const sent of this.#sent) {
        if (sent.fate === "open" && sent.sender.startsWith(`${name}.`)) sent.fate = "unknown";
      }
      await this.#clock.runFor(lastsMs);
      this.#start(name);
    }
  }

  /** Everything has healed: every ledger must answer, and hold what its callers were told. */
  async #check(): Promise<void> {
    const contents = new Map<string, LedgerContent>();
    const [node] = this.#running.values();
    for (const id of ledgers) {
      const asked = node?.muster.actor(ledgerProtocol, id).ask.read({}, { timeoutMs: 3_000 });
      asked?.then(
        (content) => contents.set(id, content),
        (error: unknown) => this.#violations.add("I6", `ledger ${id}: ${String(error)}`),
      );
    }
    await this.#clock.runFor(5_000);
    for (const sent of this.#sent) {
      if (sent.fate === "open") {
        this.#violations.add("I5", `${sent.sender}/${sent.n} was never settled`);
        sent.fate = "unknown";
      }
    }
    checkLedgers(this.#sent, contents, this.#violations);
  }

  #report(): SimulationReport {
    const told = (fate: Sent["fate"]) => this.#sent.filter((sent) => sent.fate === fate).length;
    return {
      seed: this.#options.seed,
      violations: this.#violations.all,
      traceHash: (this.#hash >>> 0).toString(16).padStart(8, "0"),
      faults: this.#faults,
      counts: {
        sent: this.#sent.length,
        acknowledged: told("acknowledged"),
        unknown: told("unknown"),
        commits: this.#witness.accepted,
        refused: this.#witness.refused,
        takeOvers: this.#witness.takeOvers,
      },
    };
  }

  #note(fault: string): void {
    this.#faults.push(`${this.#clock.monotonic()} ms: ${fault}`);
    this.#trace(fault);
  }

  #trace(line: string): void {
    const text = `${this.#clock.monotonic()} ${line}`;
    for (let i = 0; i < text.length; i++) {
      this.#hash = Math.imul(this.#hash ^ text.charCodeAt(i), 0x01000193);
    }
  }
}

/** Runs one simulation to its end. Rejects only for a programming error in the simulation itself. */
export const simulate = (options: SimulationOptions): Promise<SimulationReport> =>
  new Simulation(options).run();
