/**
 * A part of the product under simulation: what nodes are given for it, what its callers do, and
 * what must hold of it, after every step and when all has come to rest.
 */
import type { MusterOptions } from "../../options.ts";
import type { VirtualClock } from "../virtual-clock.ts";
import type { LeaseWatch } from "./lease-watch.ts";
import type { SimProcess, SimProcessSeed } from "./process.ts";
import type { PromiseWatch } from "./promise-watch.ts";
import type { StoreProbe } from "./store-probe.ts";
import type { InvariantId, Violations } from "./violations.ts";

/** What a run gives to its features. */
export interface World {
  readonly seed: number;
  /** Time that no freeze of a process stops. */
  readonly clock: VirtualClock;
  readonly violations: Violations;
  readonly promises: PromiseWatch;
  readonly lease: LeaseWatch;
  readonly store: StoreProbe;
  /** False once callers should end. */
  readonly isActive: boolean;
  /** True once data was lost: promises about what was acknowledged before do not hold. */
  readonly hasLost: boolean;
  /** True once the store's time has jumped. */
  readonly hasClockJumps: boolean;
  /** The present process of each node, ended ones included. */
  processes(): readonly SimProcess[];
  /** Ends a process at once; it is started again after `downMs`. */
  crash(process: SimProcessSeed, downMs: number): void;
  /** Takes a line into the hash of the run's course. */
  trace(line: string): void;
}

/** What a node is made with. */
export type Composition = Pick<MusterOptions, "actors" | "replicas" | "apps">;

/** Something that does not hold (yet). */
export interface Finding {
  readonly invariant: InvariantId;
  readonly detail: string;
}

export interface Feature {
  readonly name: string;
  /** Called before a process is made. */
  compose?(process: SimProcessSeed): Composition;
  /** The process begins: its callers may, too. */
  began?(process: SimProcess): void;
  /** The process has stopped in order, in good time. */
  stopped?(process: SimProcess): void;
  /** The process was killed, or has stopped. */
  ended?(process: SimProcess): void;
  /** Called with each state that a commit has written, by kind. */
  readonly states?: Readonly<Record<string, (id: string, state: unknown) => void>>;
  /** Called with each list row that a commit has written, by kind; `undefined` when removed. */
  readonly rows?: Readonly<Record<string, (id: string, row: unknown) => void>>;
  /** Data was lost: the store holds now what it holds. */
  lost?(): void;
  /** False while its own doing still ends processes: healing waits for it. */
  isCalm?(): boolean;
  /** An actor for each: all must answer within a bounded time after everything has healed (I6). */
  probes?(): readonly { readonly name: string; ask(process: SimProcess): Promise<unknown> }[];
  /** What does not hold yet; called again until nothing is left, or the time for it is over. */
  unsettled?(): readonly Finding[];
  /** Called once at the end, when all has come to rest. */
  conclude?(): Promise<void>;
  /** What was done, for the report. */
  counts?(): Readonly<Record<string, number>>;
}

export type FeatureFactory = (world: World) => Feature;
