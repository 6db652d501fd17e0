/**
 * One node of the runtime: composes membership, ownership, routing, views and replicas, and gives
 * them one life-cycle. Knows nothing of apps or any other feature.
 */

import { createActorRef } from "../actor-ref.ts";
import type { AskOptions } from "../define-actor.ts";
import type { ReplicaDefinition } from "../define-replica.ts";
import { MusterError } from "../errors.ts";
import { shardOf } from "../model/actor-address.ts";
import type { ActorKey, HistoryId, Incarnation, NodeId, RedisMs, ShardId } from "../model/ids.ts";
import type { Message } from "../model/message.ts";
import type { NodeInfo, NodeRecord, NodeStats } from "../model/node-record.ts";
import type { LifecycleState } from "../muster-types.ts";
import type { ClusterSettings } from "../options.ts";
import type { Backend } from "../ports/backend.ts";
import type { BusMessage, Topic } from "../ports/bus.ts";
import type { Cancel, Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { Random } from "../ports/random.ts";
import { Availability } from "./availability.ts";
import { backoff } from "./backoff.ts";
import { type BootContext, connect, joinCluster, nodeIdTaken, notJoined } from "./boot.ts";
import type { ActorTarget } from "./compose-message.ts";
import { EventFeed } from "./event-feed.ts";
import { type AnyKind, Kinds } from "./kinds.ts";
import { LoopLag } from "./loop-lag.ts";
import { LossWatch } from "./loss-watch.ts";
import { Membership } from "./membership.ts";
import { Meter } from "./meter.ts";
import { NodeCalls } from "./node-calls.ts";
import { type NodeGauges, oldestOf, readGauges } from "./node-gauges.ts";
import { NodeViews } from "./node-views.ts";
import type { OwnerContext } from "./owner-context.ts";
import { Ownership } from "./ownership.ts";
import { Pace } from "./pace.ts";
import { PerTick } from "./per-tick.ts";
import { ReplicaLoop } from "./replica-loop.ts";
import type { Nudge } from "./replica-unit.ts";
import { Residency } from "./residency.ts";
import { Router } from "./router.ts";
import { Slots } from "./slots.ts";
import type { StatusBoard } from "./status-board.ts";
import { StoreTime } from "./store-time.ts";
import { sweepMail } from "./sweep-mail.ts";
import { Sweeps } from "./sweeps.ts";
import type { ViewTable } from "./view-table.ts";
import { encodeBatch, type Outcome } from "./wire.ts";

export interface NodeOptions {
  readonly nodeId: NodeId;
  readonly incarnation: Incarnation;
  readonly info: NodeInfo;
  readonly backend: Backend;
  readonly kinds: readonly AnyKind[];
  readonly replicas: readonly ReplicaDefinition<unknown, unknown>[];
  readonly settings: ClusterSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Freezes what users' code is given. */
  readonly development: boolean;
  memoryBytes(): number;
}

/** How long a stopping node waits for answers to what it has asked. */
const lastAnswersMs = 1_000;
const passivateEveryMs = 10_000;
/** Records are read again by many at once after a loss: what is found is compared together. */
const compareSoonMs = 50;

export class Node {
  readonly time: StoreTime;
  readonly membership: Membership;
  readonly kinds: Kinds;
  /** Calls between nodes: at most once. */
  readonly calls: NodeCalls;
  readonly losses: LossWatch;
  readonly events: EventFeed;
  readonly meter = new Meter();
  readonly #options: NodeOptions;
  readonly #router: Router;
  readonly #unavailable: PerTick<MusterError | undefined>;
  readonly #monotonic: PerTick<number>;
  readonly #storeNow: PerTick<RedisMs>;
  readonly #loops: ReplicaLoop<unknown, unknown>[] = [];
  readonly #availability: Availability;
  readonly #views: NodeViews;
  readonly #lag: LoopLag;
  readonly #sweeps: Sweeps;
  readonly #listeners = new Set<() => void>();
  #ownership: Ownership | undefined;
  #hashCount = 0;
  #hashSeed: string;
  #away = false;
  #state: LifecycleState = "idle";
  #ready = false;
  /** Why the last attempt to connect or join failed. */
  #failure: unknown;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  readonly #ends: (() => Promise<void>)[] = [];
  readonly #residency: Residency;

  constructor(options: NodeOptions) {
    const { backend, clock, random, logger, settings, nodeId, incarnation } = options;
    this.#options = options;
    this.#hashSeed = random.id();
    this.#residency = new Residency(settings.residentActors);
    this.kinds = new Kinds(options.kinds);
    this.time = new StoreTime(clock);
    this.#lag = new LoopLag(clock, 2 * settings.heartbeatMs, (lagMs) =>
      this.meter.loopLagMs.add(lagMs),
    );
    this.#sweeps = new Sweeps(clock, random, logger);
    this.losses = new LossWatch({
      store: backend.losses,
      nodeId,
      random,
      logger,
      now: () => this.time.now(),
      written: (shard) => this.#ownership?.get(shard)?.written,
      senders: (shard) => this.#router.acked(shard),
      forget: (shard, senders) => this.#router.forget(shard, senders),
      soon: () => this.#sweeps.soon("losses-soon", compareSoonMs, () => this.losses.run()),
      changed: () => this.#tell(),
    });
    this.membership = new Membership(
      {
        store: backend.membership,
        bus: backend.bus,
        clock,
        random,
        time: this.time,
        logger,
        settings,
        nodeId,
        incarnation,
        info: options.info,
        stats: () => ({
          shards: this.#ownership?.owned ?? 0,
          loopLagMs: this.#lag.worstMs(),
          memoryBytes: options.memoryBytes(),
          ...this.#waiting(),
          ...oldestOf(this.#ownership?.all() ?? []),
        }),
      },
      {
        changed: () => this.#membershipChanged(),
        historyChanged: (ended) => this.#historyChanged(ended),
        datasetChanged: (former) => this.losses.datasetWas(former),
        listed: (lossMark) => this.losses.sawCluster(lossMark),
        wasGone: async (version) => (await this.#ownership?.recheck(version)) ?? true,
        trusted: () => {
          for (const owner of this.#ownership?.all() ?? []) owner.resume();
          this.#ownership?.evaluate();
          this.#tell();
        },
        distrusted: () => {
          for (const owner of this.#ownership?.all() ?? []) owner.suspend();
          this.#tell();
        },
      },
    );
    this.#availability = new Availability(backend, this.membership, settings.heartbeatMs);
    this.#views = new NodeViews({
      nodeId,
      incarnation,
      backend,
      kinds: this.kinds,
      shardCount: settings.shardCount,
      sweepMs: this.#sweepMs(settings.viewSweepMs),
      clock,
      random,
      logger,
      development: options.development,
      now: () => this.time.now(),
      shardOf: (partition) => this.shardOf(partition),
      mayWrite: () => this.membership.trusted(),
    });
    this.calls = new NodeCalls({
      nodeId,
      clock,
      logger,
      publish: (topic, message) => backend.bus.publish(topic, message),
    });
    this.events = new EventFeed({
      store: backend.events,
      bus: backend.bus,
      clock,
      random,
      logger,
      sweepMs: settings.viewSweepMs,
    });
    this.#unavailable = new PerTick(clock, () => this.unavailable());
    this.#monotonic = new PerTick(clock, () => clock.monotonic());
    this.#storeNow = new PerTick(clock, () => this.time.now());
    this.#router = new Router({
      store: backend.shards,
      clock,
      random,
      settings,
      nodeId,
      incarnation,
      now: () => this.#storeNow.get(),
      unavailable: () => this.#unavailable.get(),
      monotonic: () => this.#monotonic.get(),
      shardOf: (partition) => this.shardOf(partition),
      ownerOf: (shard) => this.#ownership?.get(shard),
      join: () => this.membership.joined?.join ?? 0,
      newHash: () => this.#newHash(),
      isChoked: (shard) => this.#views.isChoked(shard),
      lost: (shard) => {
        this.losses.suspect(shard);
        void this.membership.beat();
      },
      accepted: (shard, at) => this.losses.accepted(shard, at),
    });
    const followed = options.replicas.map(({ kind }) => kind);
    for (const kind of followed) {
      if (this.kinds.get(kind)?.implementation.view) continue;
      throw new MusterError(
        "OPTIONS_INVALID",
        `A replica follows the kind "${kind}", which has no view on this node.`,
        { hint: "Give the kind in `actors`, with a `view`." },
      );
    }
  }

  get state(): LifecycleState {
    return this.#state;
  }
  /** True once joined with all views loaded; stays true while the backend is away. */
  get ready(): boolean {
    return this.#ready;
  }
  get ownedShards(): number {
    return this.#ownership?.owned ?? 0;
  }
  /** Shards of the cluster that a live node holds, as far as this node knows. */
  get ownedInCluster(): number {
    return this.heldInCluster().size;
  }
  heldInCluster(): ReadonlySet<ShardId> {
    return this.#ownership?.heldInCluster() ?? new Set();
  }
  get nodes(): readonly NodeRecord[] {
    return this.membership.nodes;
  }
  get historyId(): HistoryId | undefined {
    return this.membership.historyId;
  }
  get shardCount(): number {
    return this.#options.settings.shardCount;
  }

  /** The shards that run here: number, claim, epoch, last commit that was acknowledged. */
  running(): readonly (readonly [ShardId, string, number, number])[] {
    return [...(this.#ownership?.all() ?? [])].map(
      ({ shard, claim, epoch, written }) => [shard, claim.claimId, epoch, written.seq] as const,
    );
  }

  /** What this node holds at this moment. */
  gauges(): NodeGauges {
    return readGauges({
      owners: this.#ownership?.all() ?? [],
      residents: this.#residency.size,
      now: this.now(),
      views: this.#views.ages(),
    });
  }

  /** Asks this node's replica of a kind to look at one unit again. */
  nudge(kind: string, id: string, urgency: Exclude<Nudge, "none">): "nudged" | "unknown" {
    const loop = this.#loops.find((candidate) => candidate.kind === kind);
    return loop?.nudge(id, urgency) ?? "unknown";
  }

  now(): RedisMs {
    return this.time.now();
  }

  shardOf(partition: string): ShardId {
    return shardOf(partition, this.#options.settings.shardCount);
  }

  view(kind: string): ViewTable<unknown> | undefined {
    return this.#views.get(kind);
  }

  /** The rows that all nodes report. */
  get board(): StatusBoard {
    return this.#views.board;
  }

  /** True while list or status rows may be out of date. */
  get viewsStale(): boolean {
    return !this.#ready || this.#views.stale;
  }

  /** Calls back whenever status may have changed: membership, trust, ownership. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Why no change can be taken now. */
  unavailable(): MusterError | undefined {
    return this.#availability.refusal(this.#state);
  }

  /** True while this node cannot reach the backend. */
  get isAway(): boolean {
    return this.#availability.isAway;
  }

  ask<A>(
    target: ActorTarget,
    command: string,
    input: unknown,
    options: AskOptions,
    answerOf: (outcome: Outcome) => A,
  ): Promise<A> {
    return this.#router.ask(target, command, input, options, answerOf);
  }

  tell(target: ActorTarget, command: string, input: unknown): Promise<void> {
    return this.#router.tell(target, command, input);
  }

  /** Joins, loads views, then takes shards and runs replicas; see `Muster.start`. */
  async start(timeoutMs: number): Promise<void> {
    if (this.#state === "stopping" || this.#state === "stopped") {
      throw new MusterError("STOPPED", "The node was stopped: make a new one to start again.");
    }
    if (this.#state === "idle") {
      this.#state = "starting";
      this.#starting = this.#run();
      this.#starting.catch(() => {});
    }
    const starting = this.#starting ?? Promise.resolve();
    let cancel: Cancel | undefined;
    const late = new Promise<"late">((resolve) => {
      cancel = this.#options.clock.after(timeoutMs, () => resolve("late"));
    });
    const outcome = await Promise.race([starting, late]).finally(() => cancel?.());
    if (outcome !== "late") return;
    const conflict = this.membership.conflict;
    if (conflict !== undefined) throw nodeIdTaken(this.#options.nodeId, conflict);
    throw notJoined(timeoutMs, this.#failure, this.#options.backend.health().findings);
  }

  /** Stops intake, hands over, leaves. Never rejects; what is late is cut off. */
  stop(timeoutMs: number): Promise<void> {
    this.#stopping ??= this.#stop(timeoutMs);
    return this.#stopping;
  }

  async #run(): Promise<void> {
    await this.#enter();
    if (this.#state !== "starting") return;
    const { backend, settings } = this.#options;
    await this.#listen({ topic: "replies", node: this.#options.nodeId }, (message) => {
      if (message.topic === "replies") this.#router.replies(message.payload);
    });
    await this.#listen({ topic: "node", node: this.#options.nodeId }, (message) => {
      if (message.topic === "node") this.calls.deliver(message.payload);
    });
    await this.#listen({ topic: "ownership" }, () => this.#ownership?.evaluate());
    this.#ends.push(async () => endReset());
    const endReset = backend.bus.onReset(() => {
      void this.membership.relist();
      for (const owner of this.#ownership?.all() ?? []) owner.read();
      this.#ownership?.evaluate();
    });
    await this.#views.start(this.membership.nodes);
    await this.#views.whenLoaded(() => this.#state === "starting");
    if (this.#state !== "starting") return;
    await this.#beginOwning();
    await this.membership.announce("up");
    this.#ready = true;
    this.#state = "running";
    const sweepMs = this.#sweepMs(settings.mailSweepMs);
    this.#sweeps.every("mail", sweepMs, () =>
      sweepMail(this.#ownership?.all() ?? [], backend.shards),
    );
    this.#sweeps.every("audit", sweepMs, () => this.#ownership?.audit());
    this.#sweeps.every("losses", sweepMs, () => this.losses.run());
    this.#sweeps.every("passivate", passivateEveryMs, () => this.#passivate());
    this.#sweeps.every("away", settings.heartbeatMs, () => this.#watchAway());
    for (const loop of this.#loops) await loop.start();
    this.#views.board.begin();
    this.#tell();
  }

  async #enter(): Promise<void> {
    const { backend, clock, logger, nodeId, settings } = this.#options;
    const context: BootContext = {
      backend,
      membership: this.membership,
      clock,
      logger,
      nodeId,
      leaseMs: settings.leaseMs,
      isWanted: () => this.#state === "starting",
      attempted: (failure) => {
        this.#failure = failure;
      },
    };
    try {
      await connect(context);
      await joinCluster(context);
    } catch (error) {
      this.#state = "stopped";
      this.membership.halt();
      void backend.close();
      throw error;
    }
  }

  /** Subscribes, trying again until it stands or the node is stopped. */
  async #listen(topic: Topic, deliver: (message: BusMessage) => void): Promise<void> {
    const { backend, clock } = this.#options;
    for (let attempt = 1; this.#state === "starting"; attempt++) {
      try {
        this.#ends.push(await backend.bus.subscribe(topic, deliver));
        return;
      } catch {
        await backoff(clock, attempt);
      }
    }
  }

  async #beginOwning(): Promise<void> {
    const { backend, clock, random, logger, settings, nodeId, incarnation } = this.#options;
    const context: OwnerContext = {
      store: backend.shards,
      events: backend.events,
      clock,
      random,
      logger,
      kinds: this.kinds,
      settings,
      isReplicated: backend.durability !== undefined,
      development: this.#options.development,
      pace: new Pace(clock),
      effectSlots: new Slots(settings.concurrentEffects),
      startSlot: new Slots(1),
      loneEffects: new Slots(1),
      residency: this.#residency,
      meter: this.meter,
      suspects: new Set<ActorKey>(),
      losses: this.losses,
      now: () => this.#storeNow.get(),
      monotonic: () => this.#monotonic.get(),
      trusted: () => {
        this.membership.checkTrust();
        return this.membership.trusted();
      },
      shardOf: (partition) => this.shardOf(partition),
      newHash: () => this.#newHash(),
      asBatch: (actor, message) => encodeBatch(`actor:${actor}`, [message]),
      tell: (message) => this.#post(message, false),
      tellStored: (message) => this.#post(message, true),
      callsOf: (origin) => (protocol, id) => createActorRef(this, protocol, id, origin),
      fallen: (owner, refusal) => this.#ownership?.fallen(owner, refusal),
    };
    this.#ownership = new Ownership({
      owner: context,
      membership: this.membership,
      bus: backend.bus,
      nodeId,
      incarnation,
      shardCount: settings.shardCount,
      ownersChanged: () => {
        this.#sweeps.soon("audit-soon", 100, () => this.#ownership?.audit());
        this.#tell();
      },
    });
    for (const definition of this.#options.replicas) {
      const view = this.#views.get(definition.kind);
      if (!view) continue; // refused by the constructor
      this.#loops.push(
        new ReplicaLoop({
          definition,
          view,
          board: this.#views.board,
          clock,
          random,
          logger,
          now: () => this.time.now(),
        }),
      );
    }
    this.#ownership.evaluate();
  }

  async #stop(timeoutMs: number): Promise<void> {
    const before = this.#state;
    this.#state = before === "idle" ? "stopped" : "stopping";
    if (before === "idle" || before === "stopped") {
      this.#state = "stopped";
      return;
    }
    const { clock, backend, logger } = this.#options;
    const deadline = clock.monotonic() + timeoutMs;
    const left = () => Math.max(1, deadline - clock.monotonic());
    this.#sweeps.stop();
    const part = async (name: string, work: Promise<unknown>) => {
      try {
        await this.#within(work, left());
      } catch (error) {
        logger.warn({ part: name, error: String(error) }, "was cut off while stopping");
      }
    };
    if (!this.isAway) await part("announce", this.membership.announce("draining"));
    const bound = Math.max(1, left() * 0.8);
    await Promise.all([
      ...this.#loops.map((loop) => part("replica", loop.stop({ timeoutMs: bound }))),
      part("ownership", this.#ownership?.stop(this.isAway ? 1 : bound) ?? Promise.resolve()),
    ]);
    // Asks under way elsewhere are as good as answered: cut off now, their outcome would be unknown.
    if (!this.isAway && this.#hasPeer())
      await this.#router.asks.whenEmpty(Math.min(lastAnswersMs, left()));
    this.#router.stop();
    this.events.stop();
    await this.#views.stop(part);
    for (const end of this.#ends.splice(0)) await part("subscription", end());
    if (this.isAway) this.membership.halt();
    else await part("leave", this.membership.leave());
    this.membership.halt();
    this.#lag.stop();
    await part("close", backend.close());
    this.#state = "stopped";
    this.#tell();
  }

  /** Tells whether another node is there that could own what this one hands over. */
  #hasPeer(): boolean {
    const { nodeId } = this.#options;
    return this.membership.nodes.some(({ id, state }) => id !== nodeId && state === "up");
  }

  async #within(work: Promise<unknown>, timeoutMs: number): Promise<void> {
    let cancel: Cancel | undefined;
    const late = new Promise<never>((_, reject) => {
      cancel = this.#options.clock.after(timeoutMs, () => reject(new Error("time is up")));
    });
    await Promise.race([work, late]).finally(() => cancel?.());
  }

  #membershipChanged(): void {
    this.#views.board.follow(this.membership.nodes);
    this.#ownership?.evaluate();
    this.#ownership?.audit().catch(() => {});
    this.#tell();
  }

  #historyChanged(ended: HistoryId | undefined): void {
    this.#options.logger.error(
      { historyId: this.membership.historyId },
      "the store runs under another history: claims are dropped and taken afresh",
    );
    this.#router.renew();
    this.#ownership?.drop(ended);
    this.#views.renew();
    this.#tell();
  }

  /** How often all shards are looked at. */
  #sweepMs(wantedMs: number): number {
    return Math.max(wantedMs, this.#options.backend.leastSweepMs ?? 0);
  }

  #passivate(): void {
    const { clock, settings } = this.#options;
    this.#residency.dropIdle(clock.monotonic() - settings.passivateAfterMs);
    this.#residency.retry();
  }

  #watchAway(): void {
    const away = this.isAway;
    this.membership.checkTrust();
    // Each time, not only at the change: a short return in between may have gone unseen.
    if (away) this.#router.refuseUnsent();
    if (away === this.#away) return;
    this.#away = away;
    this.#tell();
  }

  /** What waits on this node for another that knows it. */
  #waiting(): Pick<NodeStats, "waiting"> {
    const waiting: Record<string, number> = {};
    for (const owner of this.#ownership?.all() ?? []) {
      for (const [kind, count] of owner.waiting) waiting[kind] = (waiting[kind] ?? 0) + count;
    }
    return Object.keys(waiting).length > 0 ? { waiting } : {};
  }

  #post(message: Message, mustStore: boolean): void {
    const kind = this.kinds.get(message.kind);
    if (kind) this.#router.post(this.shardOf(kind.partition(message.id)), message, mustStore);
  }

  #newHash(): string {
    this.#hashCount += 1;
    return `${this.#hashSeed}.${this.#hashCount.toString(36)}`;
  }

  #tell(): void {
    for (const listener of this.#listeners) {
      try {
        listener();
      } catch (error) {
        this.#options.logger.error({ error: String(error) }, "a listener threw");
      }
    }
  }
}
