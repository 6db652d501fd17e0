/**
 * A whole cluster in one process, in virtual time, from one seed: the real engine and features over
 * the memory backend, with faults between nodes and store. The same seed takes the same course
 * every time.
 *
 *   start ─ calm ─ faults ─ heal ─ every actor answers (I6) ─ all comes to rest ─ checks
 */
import { MemoryServer, memoryBackend, type Snapshot } from "../../memory/index.ts";
import { type ClusterSettings, defaultSettings, type MusterOptions } from "../../options.ts";
import { FaultyBackend } from "../faulty-backend.ts";
import { VirtualClock } from "../virtual-clock.ts";
import { checkBounds } from "./bounds.ts";
import { randomFor } from "./chance.ts";
import { SimCluster } from "./cluster.ts";
import { Course, describeFault } from "./course.ts";
import {
  type Fault,
  type FaultKind,
  faultKinds,
  formatFault,
  isLoss,
  lossFaults,
  parseFault,
  type TimedFault,
} from "./fault.ts";
import type { Feature, FeatureFactory, Finding, World } from "./feature.ts";
import { type FeatureName, featureNames, features } from "./features/index.ts";
import { LeaseWatch } from "./lease-watch.ts";
import { type PlantedBug, plantInNode, plantInStore } from "./planted.ts";
import { PromiseWatch } from "./promise-watch.ts";
import { type ScriptFactory, scripted } from "./script.ts";
import { StoreProbe } from "./store-probe.ts";
import { Trace } from "./trace.ts";
import { type Violation, Violations } from "./violations.ts";
import { drawWeather, type Weather } from "./weather.ts";
import { Witness } from "./witness.ts";

export interface SimulationOptions {
  /** An integer; the only source of chance. */
  readonly seed: number;
  /** Processes of the cluster, 1 to 7. @defaultValue 3 to 7, by the seed */
  readonly nodes?: number;
  /**
   * What goes wrong. `"rough"`: kinds of faults and their times by the seed; with a `script` none
   * that loses data or moves the store's time. `"none"`: nothing. `{ kinds }`: only those kinds, by
   * the seed. A list of faults in their short text form: exactly these, as a report gives them.
   * @defaultValue "rough"
   */
  readonly faults?: "rough" | "none" | { readonly kinds: readonly FaultKind[] } | readonly string[];
  /** Virtual time under faults, in milliseconds. @defaultValue 8000 */
  readonly faultsMs?: number;
  /**
   * What your callers do and what must hold in the end; {@link actors} are given to every node for
   * it. A function, called once for each run, so that no run sees what another has noted.
   */
  readonly script?: ScriptFactory;
  /** Kinds of your own that every node is given. */
  readonly actors?: MusterOptions["actors"];
  /** Replicas of your own that every node is given. */
  readonly replicas?: MusterOptions["replicas"];
  /** Settings of the cluster; bounds are small unless said otherwise here. */
  readonly settings?: Partial<ClusterSettings>;
  /** Parts of Muster itself that are put to use. @defaultValue all without a `script`, else none */
  readonly features?: readonly FeatureName[];
  /** A bug put in on purpose. */
  readonly planted?: PlantedBug;
  /** Takes what the nodes log, line by line. */
  readonly log?: (line: string) => void;
}

export interface SimulationReport {
  readonly seed: number;
  readonly violations: readonly Violation[];
  /** Hash of all that happened: equal for equal courses. */
  readonly traceHash: string;
  /** Faults that happened, in order, in their short text form: given as `faults` they happen again. */
  readonly faults: readonly string[];
  /** What happened, with its virtual time: starts, ends and faults. */
  readonly events: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
}

const calmMs = 1_500;
/** Ordinary operation that must be left when all has healed, before anything is compared. */
const restMs = 3_000;
/** After that time whatever does not hold never will; sooner where something is broken already. */
const settleMs = 20_000;
const settleBrokenMs = 3_000;
const settleStepMs = 500;
const stopMs = 4_000;
/** Until a message that ends processes is put aside, by nodes that are all at work. */
const calmingMs = 20_000;
/** Lease, detection, activation, and a pause of one second before a call is repeated (I6). */
const answerMs = 5_000;
const boundsEveryMs = 100;

/** What breaks promises that a script may take for granted. */
const unusual: ReadonlySet<FaultKind> = new Set([...lossFaults, "shift-store"]);

/** Few shards, so that runs are quick. */
const ownSettings: Partial<ClusterSettings> = { shardCount: 8 };
/** Small bounds besides, so that runs meet them. */
const simSettings: Partial<ClusterSettings> = {
  ...ownSettings,
  mailboxPerShard: 40,
  idempotencyPerShard: 60,
  // Longer than all jumps of the store's time together.
  keepIdempotencyMs: 600_000,
  residentActors: 12,
  passivateAfterMs: 3_000,
  concurrentEffects: 4,
  drainMs: 2_000,
};

const idle: ScriptFactory = () => ({ act: async () => {} });

class Simulation {
  readonly #options: SimulationOptions;
  readonly #clock = new VirtualClock();
  readonly #violations = new Violations(() => this.#clock.monotonic());
  readonly #promises = new PromiseWatch(this.#violations);
  readonly #lease = new LeaseWatch(this.#clock, this.#violations);
  readonly #trace = new Trace();
  readonly #happened: Fault[] = [];
  readonly #events: string[] = [];
  readonly #nodes: readonly string[];
  readonly #given: Partial<ClusterSettings>;
  readonly #settings: ClusterSettings;
  readonly #server: MemoryServer;
  readonly #store: StoreProbe;
  readonly #witness: Witness;
  readonly #course: Course;
  readonly #cluster: SimCluster;
  readonly #features: readonly Feature[];
  #phase: "calm" | "rough" | "healed" = "calm";
  #isActive = true;
  #hasLost = false;
  #runs = 0;
  #healedAt = 0;

  constructor(options: SimulationOptions) {
    const { seed, planted } = options;
    this.#options = options;
    this.#given = { ...(options.script ? ownSettings : simSettings), ...options.settings };
    this.#settings = { ...defaultSettings, ...this.#given };
    const count = options.nodes ?? randomFor(seed, "nodes").pick([3, 3, 3, 4, 5, 7]);
    this.#nodes = Array.from({ length: count }, (_, i) => `n${i + 1}`);
    this.#server = new MemoryServer({ clock: this.#clock, random: randomFor(seed, "store") });
    this.#store = new StoreProbe(this.#server, this.#settings.shardCount);
    this.#course = new Course({
      seed,
      weather: this.#weather(),
      given: typeof options.faults === "object" ? givenFaults(options.faults) : undefined,
      verbs: {
        // What was struck may take effect only when all has healed.
        crash: (node, ms) => void (this.#isRough && this.#cluster.kill(node, ms)),
        freeze: (node, ms) => void (this.#isRough && this.#cluster.freeze(node, ms)),
      },
      isRough: () => this.#isRough,
      now: () => this.#clock.monotonic(),
      happened: (fault) => this.#note(fault),
    });
    this.#features = this.#chosen().map((make) => make(this.#world()));
    this.#witness = new Witness(this.#violations, {
      watches: (what, kind) => this.#features.some((feature) => feature[what]?.[kind]),
      state: (kind, id, state) => {
        for (const feature of this.#features) feature.states?.[kind]?.(id, state);
      },
      row: (kind, id, row) => {
        for (const feature of this.#features) feature.rows?.[kind]?.(id, row);
      },
    });
    const watched = this.#witness.over(memoryBackend({ server: this.#server }));
    const faulty = new FaultyBackend(plantInStore(watched, planted), {
      clock: this.#clock,
      random: randomFor(seed, "links"),
      history: () => this.#server.historyId,
      fates: this.#course,
      onStep: ({ nodeId, op, point }) =>
        this.#trace.add(this.#clock.monotonic(), `${nodeId} ${op} ${point}`),
    });
    this.#cluster = new SimCluster({
      seed,
      clock: this.#clock,
      faulty,
      backend: this.#lease.over(faulty),
      server: this.#server,
      settings: this.#given,
      violations: this.#violations,
      promises: this.#promises,
      features: () => this.#features,
      prepare: (clock) => {
        this.#runs += 1;
        plantInNode(clock, planted);
      },
      note: (line) => this.#event(line),
      log: options.log,
    });
  }

  async run(): Promise<SimulationReport> {
    const clock = this.#clock;
    for (const node of this.#nodes) this.#cluster.start(node);
    for (const fault of this.#course.timed) this.#schedule(fault);
    this.#watchBounds();
    await clock.run(calmMs);
    this.#phase = "rough";
    await clock.run(this.#roughUntil);
    await this.#heal();
    await this.#everyActorAnswers();
    await clock.run(this.#healedAt + restMs);
    await this.#settle();
    for (const feature of this.#features) await feature.conclude?.();
    return this.#report();
  }

  get #isRough(): boolean {
    return this.#phase === "rough";
  }

  get #roughUntil(): number {
    return calmMs + (this.#options.faultsMs ?? 8_000);
  }

  #chosen(): readonly FeatureFactory[] {
    const { script, actors, replicas } = this.#options;
    const names = this.#options.features ?? (script ? [] : featureNames);
    const own = { ...(actors && { actors }), ...(replicas && { replicas }) };
    const scripts = script || actors || replicas ? [scripted(script ?? idle, own)] : [];
    return [...names.map((name) => features[name]), ...scripts];
  }

  #world(): World {
    const simulation = this;
    return {
      seed: this.#options.seed,
      clock: this.#clock,
      violations: this.#violations,
      promises: this.#promises,
      lease: this.#lease,
      store: this.#store,
      get isActive() {
        return simulation.#isActive;
      },
      get hasLost() {
        return simulation.#hasLost;
      },
      get hasClockJumps() {
        return simulation.#happened.some(({ kind }) => kind === "shift-store");
      },
      processes: () => this.#cluster.processes,
      crash: ({ name, node }, downMs) => {
        const process = this.#cluster.processes.find((each) => each.name === name);
        if (process) this.#cluster.kill(node, downMs);
      },
      trace: (line) => this.#trace.add(this.#clock.monotonic(), line),
    };
  }

  #weather(): Weather {
    const { seed, script, faults = "rough" } = this.#options;
    const usual = script ? faultKinds.filter((kind) => !unusual.has(kind)) : faultKinds;
    const kinds: readonly FaultKind[] =
      faults === "none"
        ? []
        : typeof faults === "object" && "kinds" in faults
          ? faults.kinds
          : usual;
    return drawWeather({
      seed,
      nodes: this.#nodes,
      kinds,
      from: calmMs,
      until: this.#roughUntil - 500,
    });
  }

  #schedule(fault: TimedFault): void {
    const { kind, at, ms } = fault;
    let snapshot: Snapshot | undefined;
    if (kind === "roll-back") {
      this.#clock.after(at - ms, () => {
        snapshot = this.#server.snapshot();
      });
    }
    this.#clock.after(at, () => {
      if (this.#phase === "healed" || !this.#inflict(fault, snapshot)) return;
      this.#note(fault);
      if (isLoss(fault)) this.#lose();
    });
  }

  /** Tells whether the fault could happen. */
  #inflict({ kind, target, ms }: TimedFault, snapshot: Snapshot | undefined): boolean {
    const cluster = this.#cluster;
    switch (kind) {
      case "kill":
        return cluster.kill(target, ms);
      case "stop":
        return cluster.stop(target, ms);
      case "freeze":
        return cluster.freeze(target, ms);
      case "suspend":
        return cluster.suspend(target, ms);
      case "cut":
        return cluster.cut(target, ms);
      case "drain":
        return cluster.drain(target, ms);
      case "jump-wall":
        return cluster.jumpWall(target, ms);
      case "jump-monotonic":
        return cluster.jumpMonotonic(target, ms);
      case "deaf":
      case "mute":
        this.#course.silence(target, ms);
        return true;
      case "stall-store":
        return cluster.stallStore(ms);
      case "restart-store":
        return cluster.restartStore(ms, true);
      case "wipe-store":
        return cluster.restartStore(ms, false);
      case "flush-store":
        this.#server.flush();
        return true;
      case "shift-store":
        this.#server.shiftTime(ms);
        return true;
      case "roll-back":
        if (snapshot) this.#server.rollback(snapshot);
        return snapshot !== undefined;
    }
  }

  #lose(): void {
    this.#hasLost = true;
    for (const feature of this.#features) feature.lost?.();
  }

  /** Ends callers and faults; a stop that was asked for comes to its end before. */
  async #heal(): Promise<void> {
    this.#isActive = false;
    const isCalm = () => this.#features.every((feature) => feature.isCalm?.() ?? true);
    await this.#clock.runUntil(isCalm, calmingMs).catch(() => {});
    await this.#clock.runUntil(() => !this.#cluster.isStopping, stopMs).catch(() => {});
    this.#phase = "healed";
    this.#healedAt = this.#clock.monotonic();
    this.#course.heal();
    this.#event("heal");
    this.#cluster.heal();
  }

  /** After everything has healed, every actor answers within a bounded time (I6). */
  async #everyActorAnswers(): Promise<void> {
    const probes = this.#features.flatMap((feature) => feature.probes?.() ?? []);
    const waiting = new Map(probes.map(({ name }) => [name, "never asked"]));
    const until = this.#clock.monotonic() + answerMs;
    probes.forEach(({ name, ask }, i) => {
      const again = () => {
        if (this.#clock.monotonic() > until) return;
        const { processes } = this.#cluster;
        const process = processes[i % processes.length];
        if (!process) return;
        ask(process).then(
          () => waiting.delete(name),
          (error: unknown) => {
            waiting.set(name, String(error));
            this.#clock.after(50, again);
          },
        );
      };
      again();
    });
    await this.#clock.runUntil(() => waiting.size === 0, answerMs).catch(() => {});
    this.#trace.add(this.#clock.monotonic(), "all actors answer");
    for (const [name, why] of waiting) {
      this.#violations.add(
        "I6",
        `${name} did not answer ${answerMs} ms after all had healed: ${why}`,
      );
    }
  }

  /** Looks again and again until nothing is left that does not hold. */
  async #settle(): Promise<void> {
    const isBroken = this.#violations.all.length > 0;
    const until = this.#clock.monotonic() + (isBroken ? settleBrokenMs : settleMs);
    let left = this.#unsettled();
    while (left.length > 0 && this.#clock.monotonic() < until) {
      this.#cluster.undrain(this.#cordoned());
      await this.#clock.runFor(settleStepMs);
      left = this.#unsettled();
    }
    for (const { invariant, detail } of left) this.#violations.add(invariant, detail);
  }

  #unsettled(): readonly Finding[] {
    const findings = this.#features.flatMap((feature) => feature.unsettled?.() ?? []);
    // Timers of a user's actors may set themselves again for ever.
    for (const what of this.#store.unfinished(this.#options.script === undefined)) {
      findings.push({ invariant: "I6", detail: `${what} at the end` });
    }
    if (this.#promises.open > 0) {
      findings.push({
        invariant: "I5",
        detail: `still open: ${this.#promises.names().join(", ")}`,
      });
    }
    return findings;
  }

  #cordoned(): readonly string[] {
    const members = this.#store.membership?.members.values() ?? [];
    return [...members].filter(({ record }) => record.cordoned).map(({ record }) => record.id);
  }

  #watchBounds(): void {
    checkBounds(this.#store, this.#settings, this.#runs, this.#violations);
    this.#clock.after(boundsEveryMs, () => this.#watchBounds());
  }

  #report(): SimulationReport {
    return {
      seed: this.#options.seed,
      violations: this.#violations.all,
      traceHash: this.#trace.hash,
      faults: this.#happened.map(formatFault),
      events: this.#events,
      counts: {
        nodes: this.#nodes.length,
        ...Object.assign({}, ...this.#features.map((feature) => feature.counts?.() ?? {})),
        putAside: this.#store.putAside,
        commits: this.#witness.accepted,
        refused: this.#witness.refused,
        takeOvers: this.#witness.takeOvers,
      },
    };
  }

  #note(fault: Fault): void {
    this.#happened.push(fault);
    this.#event(describeFault(this.#clock.monotonic(), fault));
  }

  #event(line: string): void {
    const at = this.#clock.monotonic();
    this.#events.push(`${Math.round(at)} ms  ${line}`);
    this.#options.log?.(`${Math.round(at)} ms  ${line}`);
    this.#trace.add(at, line);
  }
}

const givenFaults = (
  faults: { readonly kinds: readonly FaultKind[] } | readonly string[],
): readonly Fault[] | undefined => ("kinds" in faults ? undefined : faults.map(parseFault));

/** Runs one simulation to its end. Rejects only for a programming error in the simulation itself. */
export const simulate = (options: SimulationOptions): Promise<SimulationReport> =>
  new Simulation(options).run();
