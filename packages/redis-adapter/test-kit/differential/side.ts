/**
 * One store with the processes that use it, an observer that hears every hint, and what its answers
 * made known: later steps refer to that.
 */
import type {
  AppendRequest,
  Backend,
  BusMessage,
  ClaimId,
  ClaimRequest,
  CommitRequest,
  EntryId,
  EventId,
  HistoryId,
  Incarnation,
  NodeId,
  OutId,
  ShardId,
  Term,
  Topic,
} from "@muster/core/ports";
import { Plain } from "./plain.ts";
import { type Process, type Store, time } from "./store.ts";

export const nodeNames = ["web-1", "web-2", "web-3"] as const;
export const startedAt = 1_700_000_000_000;
const observerName = "observer" as NodeId;

export interface HeldClaim {
  readonly shard: ShardId;
  readonly claimId: ClaimId;
  readonly historyId: HistoryId;
  readonly epoch: number;
  seq: number;
}

/** What a sequence has learnt; begun anew with each. */
const nothingKnown = () => ({
  plain: new Plain(),
  /** The newest first. */
  claims: [] as HeldClaim[],
  claimRequests: [] as ClaimRequest[],
  appends: [] as AppendRequest[],
  commits: [] as CommitRequest[],
  /** Entries of the last reading of each shard. */
  entries: new Map<ShardId, readonly EntryId[]>(),
  /** Last number of each producer, source and status writer, by name. */
  numbers: new Map<string, number>(),
  outIds: new Map<ShardId, OutId>(),
  outNumber: 0,
  datasetId: "none",
  version: 0,
  terms: [] as Term[],
  events: [] as EventId[],
  losses: 0,
  steps: 0,
  rollBack: undefined as (() => Promise<void>) | undefined,
});

interface Life {
  readonly process: Process;
  readonly backend: Backend;
  isUp: boolean;
}

export class Side {
  readonly store: Store;
  known = nothingKnown();
  readonly #lives: (Life | undefined)[] = [];
  #births = 0;
  #observer: Backend | undefined;
  #heard: BusMessage[] = [];
  #marks = 0;
  #marked: (() => void) | undefined;

  constructor(store: Store) {
    this.store = store;
  }

  /** Empties the store and begins a new sequence; processes that are up are used again. */
  async begin(): Promise<void> {
    await this.store.flush();
    this.#observer ??= await this.#observe();
    for (let node = 0; node < nodeNames.length; node++) {
      if (!this.#lives[node]?.isUp) await this.startProcess(node);
    }
    await this.heard();
    this.known = nothingKnown();
  }

  async end(): Promise<void> {
    for (const life of this.#lives) await life?.backend.close();
    await this.#observer?.close();
    await this.store.close();
  }

  process(node: number): Process {
    const life = this.#lives[node];
    if (!life) throw new Error(`there is no process ${node}`);
    return life.process;
  }

  /** Name of a former or of the present life of a node's process, and its number for callers. */
  incarnation(node: number, former = false): Incarnation {
    return (former ? `${nodeNames[node]}-former` : this.process(node).incarnation) as Incarnation;
  }

  isUp(node: number): boolean {
    return this.#lives[node]?.isUp ?? false;
  }

  /** Backend of a process, or of the observer where that is not up: stores ask for none. */
  backend(node = 0): Backend {
    const life = this.#lives[node];
    return life?.isUp ? life.backend : this.lasting;
  }

  /** A backend that no step ends: a term is of the process that was elected. */
  get lasting(): Backend {
    if (!this.#observer) throw new Error("the side was not begun");
    return this.#observer;
  }

  async startProcess(node: number): Promise<void> {
    await this.endProcess(node);
    this.#births += 1;
    const nodeId = nodeNames[node] as string as NodeId;
    const process = { nodeId, incarnation: `${nodeId}-${this.#births}` as Incarnation };
    const backend = this.store.backend(process);
    await backend.open();
    this.#lives[node] = { process, backend, isUp: true };
  }

  async endProcess(node: number): Promise<void> {
    const life = this.#lives[node];
    if (!life?.isUp) return;
    life.isUp = false;
    await life.backend.close();
    await this.store.untilDead(life.process);
  }

  /** Hints that were published since the last call. */
  async heard(): Promise<readonly unknown[]> {
    const topic = { topic: "node", node: observerName } as const;
    this.#marks += 1;
    const payload = new TextEncoder().encode(`mark ${this.#marks}`);
    // What was published before arrives before.
    await new Promise<void>((resolve) => {
      this.#marked = resolve;
      void this.#observer?.bus.publish(topic, { topic: "node", payload });
    });
    return this.known.plain.hints(this.#heard.splice(0));
  }

  async #observe(): Promise<Backend> {
    const process = { nodeId: observerName, incarnation: "observer-1" as Incarnation };
    const observer = this.store.backend(process);
    await observer.open();
    const listen = (topic: Topic) =>
      observer.bus.subscribe(topic, (message) => this.#heard.push(message));
    const replies = nodeNames.map((name) =>
      listen({ topic: "replies", node: name as string as NodeId }),
    );
    await Promise.all([
      ...replies,
      listen({ topic: "wake", shard: 0 }),
      listen({ topic: "wake", shard: 1 }),
      listen({ topic: "view", kind: "k" }),
      listen({ topic: "status" }),
      listen({ topic: "membership" }),
      listen({ topic: "ownership" }),
      listen({ topic: "events" }),
      observer.bus.subscribe({ topic: "node", node: observerName }, () => this.#marked?.()),
    ]);
    return observer;
  }
}

/** Both sides, driven step by step at one time. */
export const setTime = (now: number): void => {
  time.now = now;
};
