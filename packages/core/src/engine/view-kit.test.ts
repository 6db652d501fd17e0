/** What the tests of views, boards and replicas share: a clock to move, and a store that can fail. */
import { encode } from "../codec.ts";
import type { HistoryId, Incarnation, NodeId, ShardId } from "../model/ids.ts";
import { BackendUnavailable } from "../ports/backend.ts";
import type { Bus, BusMessage, Topic } from "../ports/bus.ts";
import type { Cancel, Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { Random } from "../ports/random.ts";
import type { ViewStore, ViewVersion } from "../ports/view-store.ts";

/** Moves only when told; `freeze` lets time pass without running anything. */
export class TestClock implements Clock {
  #now = 0;
  #deferred: (() => void)[] = [];
  #timers: { at: number; task: () => void }[] = [];

  monotonic(): number {
    return this.#now;
  }
  wall(): number {
    return 1_700_000_000_000 + this.#now;
  }
  after(delayMs: number, task: () => void): Cancel {
    const timer = { at: this.#now + delayMs, task };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }
  defer(task: () => void): void {
    this.#deferred.push(task);
  }

  freeze(ms: number): void {
    this.#now += ms;
  }
  get timers(): number {
    return this.#timers.length;
  }

  /** Runs what can run now, without time passing. */
  async settle(): Promise<void> {
    do {
      for (const task of this.#deferred.splice(0)) task();
      await new Promise((resolve) => setImmediate(resolve));
    } while (this.#deferred.length > 0);
  }

  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await this.settle();
      this.#timers.sort((a, b) => a.at - b.at);
      const next = this.#timers[0];
      if (!next || next.at > end) break;
      this.#timers.shift();
      this.#now = Math.max(this.#now, next.at);
      next.task();
    }
    this.#now = Math.max(this.#now, end);
    await this.settle();
  }
}

export const seededRandom = (seed: number): Random & { below(limit: number): number } => {
  let state = seed >>> 0;
  const draw = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return { draw, id: () => draw().toString(36), below: (limit) => Math.floor(draw() * limit) };
};

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: object;
}
export const memoryLogger = (): Logger & { readonly lines: LogLine[] } => {
  const lines: LogLine[] = [];
  const at = (level: string) => (fields: object, message: string) => {
    lines.push({ level, message, fields });
  };
  return { lines, debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
};

export const eventually = async (clock: TestClock, fact: () => boolean): Promise<void> => {
  for (let waited = 0; waited < 60_000; waited += 50) {
    if (fact()) return;
    await clock.advance(50);
  }
  throw new Error("it did not come true within a minute of virtual time");
};

export interface Call {
  readonly method: string;
  readonly keys: readonly (ShardId | NodeId)[];
  readonly kinds?: readonly string[];
}
interface Rows<V> {
  n: number;
  readonly rows: Map<string, V>;
}
interface StatusKey extends Rows<Uint8Array> {
  incarnation: Incarnation | "none";
  readonly replaced: Set<Incarnation>;
  seq: number;
}
type Publish = "deliver" | "lose" | "bare";

/** One store and bus for one reader; what is published can be lost, kept back or doubled. */
export class FakeCluster implements ViewStore, Bus {
  historyId = "h1" as HistoryId;
  /** Where status rows are on another server than list rows. */
  statusHistoryId: HistoryId | undefined;
  away = false;
  /** Shards that fail every call that names them. */
  readonly broken = new Set<ShardId | NodeId>();
  readonly calls: Call[] = [];
  /** Takes messages instead of the subscribers while set. */
  held: BusMessage[] | undefined;
  /** Answers wait for their release while set. */
  gate: Promise<void> | undefined;
  readonly #views = new Map<string, Rows<Uint8Array>>();
  readonly #status = new Map<NodeId, StatusKey>();
  readonly #subscribers = new Set<{ topic: Topic; deliver: (message: BusMessage) => void }>();
  readonly #resets = new Set<() => void>();

  /** Changes rows of a shard as a commit would. */
  commit(
    kind: string,
    shard: ShardId,
    rows: Readonly<Record<string, unknown>>,
    publish: Publish = "deliver",
  ): BusMessage {
    const encoded = Object.entries(rows).map(([id, row]) => ({
      id,
      row: row === "removed" ? ("removed" as const) : row instanceof Uint8Array ? row : encode(row),
    }));
    const key = this.#view(kind, shard);
    key.n += 1;
    for (const { id, row } of encoded) {
      if (row === "removed") key.rows.delete(id);
      else key.rows.set(id, row);
    }
    const version = { historyId: this.historyId, n: key.n };
    const message: BusMessage = {
      topic: "view",
      kind,
      shard,
      version,
      ...(publish !== "bare" && { rows: encoded }),
    };
    if (publish !== "lose") this.publishNow(message);
    return message;
  }

  publishNow(message: BusMessage): void {
    if (this.held) this.held.push(message);
    else this.deliver(message);
  }
  deliver(message: BusMessage): void {
    for (const { topic, deliver } of [...this.#subscribers]) {
      if (topic.topic !== message.topic) continue;
      if (topic.topic === "view" && message.topic === "view" && topic.kind !== message.kind)
        continue;
      deliver(message);
    }
  }
  reset(): void {
    for (const reset of [...this.#resets]) reset();
  }
  get subscribers(): number {
    return this.#subscribers.size;
  }

  snapshot(): () => void {
    const views = structuredClone(this.#views);
    const status = structuredClone(this.#status);
    return () => {
      this.#views.clear();
      for (const [key, value] of structuredClone(views)) this.#views.set(key, value);
      this.#status.clear();
      for (const [key, value] of structuredClone(status)) this.#status.set(key, value);
    };
  }
  rows(kind: string, shard: ShardId): ReadonlyMap<string, Uint8Array> {
    return this.#view(kind, shard).rows;
  }
  status(node: NodeId): Readonly<StatusKey> {
    return this.#node(node);
  }
  count(method: string): number {
    return this.calls.filter((call) => call.method === method).length;
  }

  async subscribe(topic: Topic, deliver: (message: BusMessage) => void) {
    this.calls.push({ method: "subscribe", keys: [] });
    this.#check([]);
    const subscriber = { topic, deliver };
    this.#subscribers.add(subscriber);
    return async () => {
      this.#subscribers.delete(subscriber);
    };
  }
  async publish(_topic: Topic, message: BusMessage): Promise<void> {
    this.publishNow(message);
  }
  onReset(reset: () => void): () => void {
    this.#resets.add(reset);
    return () => {
      this.#resets.delete(reset);
    };
  }

  async list(request: { readonly kind: string; readonly shards: readonly ShardId[] }) {
    const { kind, shards } = request;
    return this.#call({ method: "list", keys: shards, kinds: [kind] }, () =>
      shards.map((shard) => {
        const { n, rows } = this.#view(kind, shard);
        const version: ViewVersion = { historyId: this.historyId, n };
        return { shard, version, rows: [...rows].map(([id, row]) => ({ id, row })) };
      }),
    );
  }
  async versions(request: {
    readonly kinds: readonly string[];
    readonly shards: readonly ShardId[];
  }) {
    const { kinds, shards } = request;
    return this.#call({ method: "versions", keys: shards, kinds }, () =>
      shards.map((shard) => ({
        shard,
        historyId: this.historyId,
        n: kinds.map((kind) => this.#view(kind, shard).n),
      })),
    );
  }
  async writeStatus(request: Parameters<ViewStore["writeStatus"]>[0]) {
    const { incarnation, nodeId, reset, rows, seq } = request;
    return this.#call({ method: reset ? "reset" : "write", keys: [nodeId] }, () => {
      const key = this.#node(nodeId);
      const mine = key.incarnation === incarnation;
      if (!mine && (!reset || key.replaced.has(incarnation))) {
        return { kind: "superseded" as const, incarnation: key.incarnation };
      }
      const version = () => ({ historyId: this.statusHistoryId ?? this.historyId, n: key.n });
      if (mine && seq <= key.seq) return { kind: "written" as const, version: version() };
      if (!mine && key.incarnation !== "none") key.replaced.add(key.incarnation);
      key.incarnation = incarnation;
      key.seq = seq;
      key.n += 1;
      if (reset) key.rows.clear();
      for (const { row, unit } of rows) {
        if (row === "removed") key.rows.delete(unit);
        else key.rows.set(unit, row);
      }
      this.publishNow({ topic: "status", nodeId, incarnation, version: version(), reset, rows });
      return { kind: "written" as const, version: version() };
    });
  }
  async dropStatus({ nodeId }: Parameters<ViewStore["dropStatus"]>[0]) {
    this.#status.delete(nodeId);
    return { kind: "dropped" } as const;
  }
  async listStatus({ nodes }: { readonly nodes: readonly NodeId[] }) {
    return this.#call({ method: "listStatus", keys: nodes }, () =>
      nodes.map((nodeId) => {
        const { incarnation, n, rows } = this.#node(nodeId);
        return {
          nodeId,
          incarnation,
          version: { historyId: this.statusHistoryId ?? this.historyId, n },
          rows: [...rows].map(([unit, row]) => ({ unit, row })),
        };
      }),
    );
  }
  async statusVersions({ nodes }: { readonly nodes: readonly NodeId[] }) {
    return this.#call({ method: "statusVersions", keys: nodes }, () =>
      nodes.map((nodeId) => ({
        nodeId,
        version: { historyId: this.statusHistoryId ?? this.historyId, n: this.#node(nodeId).n },
      })),
    );
  }

  /** Executes at once; the answer may be kept back, or lost. */
  async #call<T>(call: Call, execute: () => T): Promise<T> {
    this.calls.push(call);
    this.#check(call.keys);
    const answer = execute();
    await this.gate;
    this.#check(call.keys);
    return answer;
  }
  #check(keys: readonly (ShardId | NodeId)[]): void {
    if (this.away || keys.some((key) => this.broken.has(key))) throw new BackendUnavailable("fake");
  }
  #view(kind: string, shard: ShardId): Rows<Uint8Array> {
    const name = `${kind}/${shard}`;
    const known = this.#views.get(name);
    if (known) return known;
    const made = { n: 0, rows: new Map<string, Uint8Array>() };
    this.#views.set(name, made);
    return made;
  }
  #node(node: NodeId): StatusKey {
    const known = this.#status.get(node);
    if (known) return known;
    const made: StatusKey = {
      n: 0,
      rows: new Map(),
      incarnation: "none",
      replaced: new Set(),
      seq: 0,
    };
    this.#status.set(node, made);
    return made;
  }
}

/** A gate that answers wait at until it is opened. */
export const closedGate = (): { readonly gate: Promise<void>; open(): void } => {
  let open = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { gate, open };
};
