/**
 * One backend's link to the server: runs each call as one synchronous step, and answers later.
 */
import type { HistoryId, RedisMs, ShardId } from "../model/ids.ts";
import { type Backend, type BackendContext, BackendUnavailable } from "../ports/backend.ts";
import type { ClusterData } from "./cluster-data.ts";
import type { Connection, MemoryServer } from "./server.ts";

export class Link implements Connection {
  readonly server: MemoryServer;
  readonly context: BackendContext;
  readonly cluster: string;
  readonly nodeId: BackendContext["nodeId"];
  readonly incarnation: BackendContext["incarnation"];
  readonly durability: Backend["durability"];
  readonly #resets = new Set<() => void>();
  readonly #closers = new Set<() => void>();
  #open = false;

  constructor(server: MemoryServer, context: BackendContext, durability?: Backend["durability"]) {
    this.server = server;
    this.durability = durability;
    this.context = context;
    this.cluster = context.cluster;
    this.nodeId = context.nodeId;
    this.incarnation = context.incarnation;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  get data(): ClusterData {
    return this.server.cluster(this.cluster);
  }

  get historyId(): HistoryId {
    return this.server.historyId;
  }

  historyOf(shard: ShardId): HistoryId {
    return this.server.historyOf(shard);
  }

  get now(): RedisMs {
    return this.server.now();
  }

  open(): void {
    this.#open = true;
    this.server.connect(this);
  }

  close(): void {
    this.#open = false;
    this.server.disconnect(this);
    for (const closer of this.#closers) closer();
  }

  reset(): void {
    for (const reset of this.#resets) {
      this.context.clock.defer(() => {
        if (this.#open && this.#resets.has(reset)) reset();
      });
    }
  }

  onReset(reset: () => void): () => void {
    // A wrapper of its own, so that one function registered twice is two registrations.
    const own = () => reset();
    this.#resets.add(own);
    return () => this.#resets.delete(own);
  }

  /** Calls `closer` when the backend closes; the answer ends that. */
  onClose(closer: () => void): () => void {
    this.#closers.add(closer);
    return () => this.#closers.delete(closer);
  }

  /** Runs one step. @throws BackendUnavailable (rejects) while the backend is not open */
  async call<T>(op: string, step: () => T): Promise<T> {
    if (!this.#open) throw new BackendUnavailable(op);
    return step();
  }
}
