/**
 * One "Redis" of memory: the data of all clusters, the time all nodes compare by, the history id,
 * and what is connected. Nodes of one process share it through their backend factory.
 *
 * Every port method is one synchronous step on this data and therefore atomic; only its answer is
 * asynchronous, as a network's would be.
 */
import type { HistoryId, Incarnation, NodeId, RedisMs, ShardId } from "../model/ids.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import { systemClock } from "../ports/system-clock.ts";
import { systemRandom } from "../ports/system-random.ts";
import { cloneData } from "./clone-data.ts";
import { type ClusterData, emptyCluster } from "./cluster-data.ts";
import { Hub } from "./hub.ts";

/** All data at one moment; made by {@link MemoryServer.snapshot}. */
export interface Snapshot {
  readonly clusters: ReadonlyMap<string, ClusterData>;
}

/** What the server knows of one open backend. */
export interface Connection {
  readonly cluster: string;
  readonly nodeId: NodeId;
  readonly incarnation: Incarnation;
  /** Called when the connection was cut and made again: messages may have been missed. */
  reset(): void;
}

const aliveName = (cluster: string, nodeId: NodeId, incarnation: Incarnation): string =>
  `${cluster}:${nodeId}:${incarnation}`;

export class MemoryServer {
  readonly hub = new Hub();
  /** Replicas that have whatever was written; what backends with a durability wait for. */
  replicas = 0;
  readonly #random: Random;
  readonly #clock: Clock;
  readonly #connections = new Set<Connection>();
  readonly #alive = new Map<string, number>();
  #clusters = new Map<string, ClusterData>();
  #histories: readonly HistoryId[];
  #offsetMs = 0;

  /**
   * Keeps time by `clock` and draws ids from `random`; by default the machine's. `primaries`: behaves
   * as a Cluster of so many, each with a history of its own. @defaultValue 1
   */
  constructor(
    options: { readonly clock?: Clock; readonly random?: Random; readonly primaries?: number } = {},
  ) {
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? systemRandom;
    const { primaries = 1 } = options;
    this.#histories = Array.from({ length: primaries }, () => this.newId<HistoryId>());
  }

  /** Redis time, epoch milliseconds. */
  now(): RedisMs {
    return Math.floor(this.#clock.wall() + this.#offsetMs);
  }

  /** History of what belongs to the cluster as a whole. */
  get historyId(): HistoryId {
    return this.historyOf(0);
  }

  /** History of the primary that holds a shard. */
  historyOf(shard: ShardId): HistoryId {
    return this.#histories[this.primaryOf(shard)] as HistoryId;
  }

  /** Which primary holds a shard; what belongs to the whole cluster is on the first one. */
  primaryOf(shard: ShardId): number {
    return shard % this.#histories.length;
  }

  newId<T extends string>(): T {
    return this.#random.id() as T;
  }

  cluster(name: string): ClusterData {
    const known = this.#clusters.get(name);
    if (known) return known;
    const made = emptyCluster();
    this.#clusters.set(name, made);
    return made;
  }

  /** Takes a connection, and with it one alive subscription of its node. */
  connect(connection: Connection): void {
    if (this.#connections.has(connection)) return;
    this.#connections.add(connection);
    this.#countAlive(connection, 1);
  }

  disconnect(connection: Connection): void {
    if (this.#connections.delete(connection)) this.#countAlive(connection, -1);
  }

  /** Alive subscriptions of one incarnation of a node. */
  aliveCount(cluster: string, nodeId: NodeId, incarnation: Incarnation): number {
    return this.#alive.get(aliveName(cluster, nodeId, incarnation)) ?? 0;
  }

  /** Sets the store's time forward, or back when negative. */
  shiftTime(ms: number): void {
    this.#offsetMs += ms;
  }

  /** Drops all data; connections and history id stay, as with FLUSHALL. */
  flush(): void {
    this.#clusters = new Map();
  }

  /** Starts a new history; without `keepData` everything is gone, as without persistence. */
  restart(options: { readonly keepData: boolean }): void {
    if (!options.keepData) this.flush();
    this.#beginHistory();
  }

  /** One primary restarts with its data, and begins a new history. */
  restartPrimary(primary: number): void {
    this.#histories = this.#histories.map((history, i) =>
      i === primary ? this.newId<HistoryId>() : history,
    );
    for (const connection of this.#connections) connection.reset();
  }

  /** Keeps all data as it is now for {@link rollback}. */
  snapshot(): Snapshot {
    return { clusters: cloneData(this.#clusters) };
  }

  /** Goes back to a snapshot under a new history, as a fail-over that lost the last writes does. */
  rollback(snapshot: Snapshot): void {
    this.#clusters = cloneData(new Map(snapshot.clusters));
    this.#beginHistory();
  }

  #countAlive({ cluster, nodeId, incarnation }: Connection, change: number): void {
    const name = aliveName(cluster, nodeId, incarnation);
    const count = (this.#alive.get(name) ?? 0) + change;
    if (count === 0) this.#alive.delete(name);
    else this.#alive.set(name, count);
  }

  #beginHistory(): void {
    this.#histories = this.#histories.map(() => this.newId<HistoryId>());
    for (const connection of this.#connections) connection.reset();
  }
}
