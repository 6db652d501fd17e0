/** The processes of a simulated cluster, and what can be done to them and to their store. */
import { isMusterError } from "../../errors.ts";
import type { MemoryServer } from "../../memory/index.ts";
import type { NodeId } from "../../model/ids.ts";
import { createMuster } from "../../muster.ts";
import type { ClusterSettings, MusterOptions } from "../../options.ts";
import type { BackendFactory } from "../../ports/backend.ts";
import type { FaultyBackend } from "../faulty-backend.ts";
import { NodeClock } from "../node-clock.ts";
import type { VirtualClock } from "../virtual-clock.ts";
import { randomFor } from "./chance.ts";
import type { Feature } from "./feature.ts";
import type { SimProcess } from "./process.ts";
import { processLogger } from "./process-log.ts";
import type { PromiseWatch } from "./promise-watch.ts";
import { clusterName } from "./store-probe.ts";
import type { Violations } from "./violations.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export interface ClusterOptions {
  readonly seed: number;
  readonly clock: VirtualClock;
  /** Where faults are made. */
  readonly faulty: FaultyBackend;
  /** What nodes are given; goes over `faulty`. */
  readonly backend: BackendFactory;
  readonly server: MemoryServer;
  readonly settings: Partial<ClusterSettings>;
  readonly violations: Violations;
  readonly promises: PromiseWatch;
  features(): readonly Feature[];
  /** Called with the clock of a process before anything else is made of it. */
  prepare(clock: NodeClock): void;
  note(line: string): void;
  readonly log: ((line: string) => void) | undefined;
}

const stopMs = 3_000;
/** A process that does not end by itself when it was told to stop is ended so much later. */
const patienceMs = 500;
const admin = { name: "sim-admin", role: "admin" } as const;

export class SimCluster {
  readonly #options: ClusterOptions;
  readonly #processes = new Map<string, Mutable<SimProcess>>();
  readonly #runs = new Map<string, number>();
  readonly #drained = new Set<string>();
  #healed = false;

  constructor(options: ClusterOptions) {
    this.#options = options;
  }

  /** The latest process of each node. */
  get processes(): readonly SimProcess[] {
    return [...this.#processes.values()];
  }

  start(node: string): void {
    const { seed, clock: base, backend, settings, violations, features } = this.#options;
    const run = (this.#runs.get(node) ?? 0) + 1;
    this.#runs.set(node, run);
    const name = `${node}.${run}`;
    const clock = new NodeClock(base);
    this.#options.prepare(clock);
    const random = randomFor(seed, name);
    const made = { node: node as NodeId, run, name, clock, random: random.fork() };
    const parts = features().flatMap((feature) => feature.compose?.(made) ?? []);
    const options: MusterOptions = {
      cluster: clusterName,
      node: { id: node },
      backend,
      clock,
      random: random.fork(),
      settings,
      reconciler: false,
      logger: processLogger(name, base, {
        log: this.#options.log,
        onError: (message) => process?.errors.add(message),
      }),
      actors: parts.flatMap(({ actors }) => actors ?? []),
      replicas: parts.flatMap(({ replicas }) => replicas ?? []),
      ...Object.assign({}, ...parts.map(({ apps }) => apps && { apps })),
    };
    let process: Mutable<SimProcess> | undefined;
    const muster = createMuster(options);
    process = { ...made, muster, state: "running", errors: new Set() };
    this.#processes.set(node, process);
    this.#options.note(`start ${name}`);
    muster.start({ timeoutMs: 60_000 }).catch((error: unknown) => {
      if (!isMusterError(error)) violations.add("error", `${name}: ${String(error)}`);
    });
    for (const feature of features()) feature.began?.(process);
  }

  /** Starts whatever does not run. */
  startAll(): void {
    for (const [node, process] of this.#processes) if (process.state === "ended") this.start(node);
  }

  /** Ends a process without a word; it is started again after `downMs`. */
  kill(node: string, downMs: number): boolean {
    const process = this.#processes.get(node);
    if (!process || process.state === "ended") return false;
    this.#end(process);
    this.#options.clock.after(downMs, () => {
      if (this.#processes.get(node) === process) this.start(node);
    });
    return true;
  }

  /** Stops a process in order, then starts it again. */
  stop(node: string, downMs: number): boolean {
    const { clock, promises } = this.#options;
    const process = this.#processes.get(node);
    if (process?.state !== "running") return false;
    process.state = "stopping";
    const startedAt = process.clock.monotonic();
    const gone = (inOrder: boolean) => {
      if (process.state !== "stopping") return;
      if (inOrder) promises.stopped(process);
      if (inOrder && process.clock.monotonic() - startedAt < stopMs / 2) {
        for (const feature of this.#options.features()) feature.stopped?.(process);
      }
      this.#end(process);
      clock.after(downMs, () => {
        if (this.#processes.get(node) === process) this.start(node);
      });
    };
    process.muster.stop({ timeoutMs: stopMs }).then(
      () => clock.defer(() => gone(true)),
      (error: unknown) =>
        this.#options.violations.add("error", `${process.name}: stop: ${String(error)}`),
    );
    clock.after(stopMs + patienceMs, () => gone(false));
    return true;
  }

  freeze(node: string, ms: number): boolean {
    return this.#holdStill(node, ms, () => this.#options.faulty.freeze(node as NodeId));
  }

  suspend(node: string, ms: number): boolean {
    return this.#holdStill(node, ms, () => this.#options.faulty.suspend(node as NodeId));
  }

  cut(node: string, ms: number): boolean {
    const { faulty } = this.#options;
    const process = this.#processes.get(node);
    if (!process || process.state === "ended") return false;
    faulty.cut(node as NodeId);
    this.#later(process, ms, () => faulty.heal(node as NodeId));
    return true;
  }

  jumpWall(node: string, ms: number): boolean {
    const process = this.#processes.get(node);
    if (!process || process.state === "ended") return false;
    process.clock.jumpWall(ms);
    return true;
  }

  jumpMonotonic(node: string, ms: number): boolean {
    const process = this.#processes.get(node);
    if (!process || process.state === "ended" || process.clock.isFrozen) return false;
    process.clock.jumpMonotonic(ms);
    return true;
  }

  /** Keeps shards away from a node, by whichever other node takes the request. */
  drain(node: string, ms: number): boolean {
    if (this.#drained.has(node)) return false;
    this.#drained.add(node);
    this.#ask(node, true);
    this.#options.clock.after(ms, () => this.#undrain(node));
    return true;
  }

  stallStore(ms: number): boolean {
    const { faulty, clock } = this.#options;
    if (faulty.store.isShut) return false;
    faulty.stallStore();
    clock.after(ms, () => faulty.resumeStore());
    return true;
  }

  restartStore(ms: number, keepData: boolean): boolean {
    this.#options.server.restart({ keepData });
    this.stallStore(ms);
    return true;
  }

  /** True while a process is being stopped. */
  get isStopping(): boolean {
    return this.processes.some(({ state }) => state === "stopping");
  }

  /** Ends every fault that still lasts, and starts whatever does not run. */
  heal(): void {
    const { faulty } = this.#options;
    this.#healed = true;
    faulty.resumeStore();
    for (const [node, process] of this.#processes) {
      if (process.state === "ended") continue;
      faulty.thaw(node as NodeId);
      faulty.heal(node as NodeId);
    }
    this.startAll();
    for (const node of this.#drained) this.#undrain(node);
  }

  #holdStill(node: string, ms: number, hold: () => void): boolean {
    const process = this.#processes.get(node);
    if (!process || process.state === "ended" || process.clock.isFrozen) return false;
    hold();
    this.#later(process, ms, () => this.#options.faulty.thaw(node as NodeId));
    return true;
  }

  /** Ends a fault of a process that may have ended before. */
  #later(process: SimProcess, ms: number, end: () => void): void {
    this.#options.clock.after(ms, () => {
      if (process.state !== "ended" && !this.#healed) end();
    });
  }

  #end(process: Mutable<SimProcess>): void {
    const { faulty, promises, features, note } = this.#options;
    process.state = "ended";
    faulty.kill(process.node);
    promises.ended(process);
    note(`end ${process.name}`);
    for (const feature of features()) feature.ended?.(process);
  }

  /** Nodes that the store keeps shards away from, though nobody asks for it any more. */
  undrain(nodes: readonly string[]): void {
    for (const node of nodes) if (!this.#drained.has(node)) this.#ask(node, false);
  }

  #undrain(node: string): void {
    if (this.#drained.delete(node)) this.#ask(node, false);
  }

  /** Sets or clears the flag; asks again until it was taken. */
  #ask(node: string, drained: boolean): void {
    const again = () => {
      const isWanted = this.#drained.has(node) === drained;
      if (isWanted) this.#options.clock.after(300, () => this.#ask(node, drained));
    };
    const able = this.processes.filter(({ state, muster }) => state === "running" && muster.ready);
    const process = able.find((each) => each.node !== node) ?? able[0];
    if (!process) {
      again();
      return;
    }
    const { nodes } = process.muster.as(admin);
    const reason = { reason: "simulated" };
    const change = drained ? nodes.drain(node, reason) : nodes.undrain(node, reason);
    let settled = false;
    change.then(
      () => {
        settled = true;
      },
      () => {
        settled = true;
        again();
      },
    );
    // The process may be killed before it was answered.
    this.#options.clock.after(2_000, () => {
      if (!settled) again();
    });
  }
}
