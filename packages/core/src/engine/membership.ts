/**
 * This node's place in the cluster: joins, beats, keeps the list of nodes, and says how long the
 * node may trust itself. Trust is reckoned from the start of the last accepted heartbeat on the
 * monotonic clock, and ends when wall and monotonic time part (a suspended machine).
 */
import { MusterError } from "../errors.ts";
import type { DatasetId, HistoryId, Incarnation, NodeId } from "../model/ids.ts";
import type { NodeInfo, NodeRecord, NodeStats } from "../model/node-record.ts";
import type { ClusterSettings } from "../options.ts";
import type { Bus } from "../ports/bus.ts";
import type { Cancel, Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { HeartbeatAnswer, JoinAnswer, MembershipStore } from "../ports/membership-store.ts";
import type { Random } from "../ports/random.ts";
import { isGuarded } from "./guards.ts";
import type { StoreTime } from "./store-time.ts";

export interface MembershipContext {
  readonly store: MembershipStore;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly time: StoreTime;
  readonly logger: Logger;
  readonly settings: ClusterSettings;
  readonly nodeId: NodeId;
  readonly incarnation: Incarnation;
  readonly info: NodeInfo;
  stats(): NodeStats;
}

/** What the rest of the node must act upon. */
export interface MembershipEvents {
  /** The list of nodes is another one. */
  changed(): void;
  /**
   * The server that holds the cluster's own records runs under another history than `ended`: claims
   * made under that have ended. Without it, the data was created anew, and every claim has.
   */
  historyChanged(ended?: HistoryId): void;
  /** The data is another dataset than the one this node had joined. */
  datasetChanged(former: DatasetId): void;
  /** The list of nodes was read, with the mark of the findings of lost data. */
  listed(lossMark: string): void;
  /**
   * The node had been taken for gone: claims must be checked before anything else, and `version`
   * left with them. Answers whether that was done.
   */
  wasGone(version: number): Promise<boolean>;
  /** Trust came back after it had lapsed. */
  trusted(): void;
  /** Trust lapsed: turns and effects stop. */
  distrusted(): void;
}

export type Joined = Extract<JoinAnswer, { kind: "joined" }>;

const statsEveryMs = 2_000;
const relistEveryMs = 2_000;
/** Wall and monotonic time may part by this much without a suspended machine: both are rounded. */
const leastClockSlackMs = 20;

export class Membership {
  readonly #context: MembershipContext;
  readonly #events: MembershipEvents;
  readonly #fencesItself: boolean;
  #joined: Joined | undefined;
  #state: "joining" | "up" | "draining" = "joining";
  #nodes: readonly NodeRecord[] = [];
  #version = -1;
  #historyId: HistoryId | undefined;
  #datasetId: DatasetId | undefined;
  #trustedUntil = Number.NEGATIVE_INFINITY;
  #acceptedAt = Number.NEGATIVE_INFINITY;
  #acceptedSkew = 0;
  #wallSkew = 0;
  /** Membership version that the last accepted heartbeat told. */
  #heard = -1;
  #returns = 0;
  /** Taken for gone, and its claims not checked since: trust is not renewed. */
  #isUnchecked = false;
  #isChecking = false;
  #hadTrust = false;
  #beating = false;
  #listing = false;
  #flaps = 0;
  #producerFloor = 0;
  #listWanted = false;
  #statsAt = Number.NEGATIVE_INFINITY;
  #listedAt = Number.NEGATIVE_INFINITY;
  #next: Cancel | undefined;
  #stopped = false;
  #conflict: Incarnation | undefined;
  #unsubscribe: (() => Promise<void>) | undefined;
  /** Why this incarnation has to join again, until a join was answered. */
  #outside: Exclude<HeartbeatAnswer, { kind: "accepted" }> | undefined;

  constructor(context: MembershipContext, events: MembershipEvents) {
    this.#context = context;
    this.#events = events;
    this.#fencesItself = isGuarded(context.clock, "self-fence");
  }

  get nodes(): readonly NodeRecord[] {
    return this.#nodes;
  }
  get version(): number {
    return Math.max(0, this.#version);
  }
  get joined(): Joined | undefined {
    return this.#joined;
  }
  get historyId(): HistoryId | undefined {
    return this.#historyId;
  }
  get datasetId(): DatasetId | undefined {
    return this.#datasetId;
  }
  get state(): "joining" | "up" | "draining" {
    return this.#state;
  }
  /** Another live incarnation runs under this node's id. */
  get conflict(): Incarnation | undefined {
    return this.#conflict;
  }
  /** Monotonic ms since the last accepted heartbeat began. */
  get silentMs(): number {
    return this.#context.clock.monotonic() - this.#acceptedAt;
  }

  /** How often this node heard that it had been taken for gone. */
  get returns(): number {
    return this.#returns;
  }
  /** False while the list is older than what the last heartbeat told. */
  get isListCurrent(): boolean {
    return this.#version >= this.#heard;
  }

  /** True while this node may act on what it owns. */
  trusted(): boolean {
    const { clock, settings } = this.#context;
    if (!this.#fencesItself) return this.#joined !== undefined;
    const now = clock.monotonic();
    if (now >= this.#trustedUntil) return false;
    // Time for which the machine was suspended is not in `now`; the margin covers what is let pass.
    const slackMs = Math.max(leastClockSlackMs, settings.trustMarginMs);
    return Math.abs(clock.wall() - now - this.#wallSkew) < slackMs;
  }

  node(id: NodeId): NodeRecord | undefined {
    return this.#nodes.find((node) => node.id === id);
  }

  /**
   * Tries once to join, and begins to beat when it did.
   * @throws MusterError `SHARD_COUNT_MISMATCH`; rejects as the port does when it cannot be reached
   */
  async join(): Promise<"joined" | { readonly waitMs: number }> {
    const { store, settings, nodeId, incarnation, info, clock, time } = this.#context;
    const sentAt = clock.monotonic();
    const skew = clock.wall() - sentAt;
    const answer = await store.join({
      nodeId,
      incarnation,
      info,
      leaseMs: settings.leaseMs,
      shardCount: settings.shardCount,
    });
    if (answer.kind === "taken") {
      this.#conflict = answer.incarnation;
      return { waitMs: answer.waitMs };
    }
    if (answer.kind === "mismatch") {
      throw new MusterError(
        "SHARD_COUNT_MISMATCH",
        `The cluster's data was created with ${answer.shardCount} shards, this node asks for ${settings.shardCount}.`,
        { hint: `Set settings.shardCount to ${answer.shardCount}, or use another cluster name.` },
      );
    }
    this.#conflict = undefined;
    this.#flaps = 0;
    time.learn(answer.now, sentAt, clock.monotonic());
    this.#joined = answer;
    this.#historyId = answer.historyId;
    this.#datasetId = answer.datasetId;
    this.#heard = answer.version;
    this.#accept(sentAt, skew);
    if (!this.#unsubscribe) {
      this.#unsubscribe = await this.#context.bus.subscribe({ topic: "membership" }, (message) => {
        if (message.topic === "membership" && message.version > this.#version) void this.relist();
      });
    }
    await this.relist();
    this.#schedule(settings.heartbeatMs);
    return "joined";
  }

  /** Sets what this node announces itself as, and tells it at once. */
  async announce(state: "up" | "draining"): Promise<void> {
    this.#state = state;
    await this.beat();
    await this.relist();
  }

  /** Producers of nodes that joined below this number can no longer write. */
  get producerFloor(): number {
    return this.#producerFloor;
  }

  /** Raises the membership version above what a shard has seen, and reads the list again. */
  async raise(seen: number): Promise<void> {
    await this.relist();
    if (this.#version >= seen) return;
    await this.#context.store.raiseVersion({ version: seen });
    await this.relist();
  }

  /** Ends heartbeats and leaves in order; never rejects. */
  async leave(): Promise<void> {
    this.halt();
    const { store, nodeId, incarnation, logger } = this.#context;
    try {
      if (this.#joined) await store.leave({ nodeId, incarnation });
    } catch (error) {
      logger.warn({ error: String(error) }, "could not say goodbye: the lease will end by itself");
    }
  }

  /** Ends heartbeats without a word. */
  halt(): void {
    this.#stopped = true;
    this.#next?.();
    this.#next = undefined;
    void this.#unsubscribe?.();
    this.#unsubscribe = undefined;
  }

  /** When the incarnation registered under this node's id was last heard of, in Redis ms. */
  async heardOfId(): Promise<number | undefined> {
    const { nodes } = await this.#context.store.list();
    return nodes.find(({ id }) => id === this.#context.nodeId)?.lastHeartbeatAt;
  }

  /** Reads the list of nodes; at most one reading at a time. */
  async relist(): Promise<void> {
    this.#listWanted = true;
    if (this.#listing) return;
    this.#listing = true;
    while (this.#listWanted && !this.#stopped) {
      this.#listWanted = false;
      try {
        const list = await this.#context.store.list();
        this.#listedAt = this.#context.clock.monotonic();
        const moved = list.version !== this.#version;
        this.#version = list.version;
        this.#nodes = list.nodes;
        this.#producerFloor = list.producerFloor;
        this.#events.listed(list.lossMark);
        if (moved) this.#events.changed();
      } catch {
        break; // the next beat asks again
      }
    }
    this.#listing = false;
  }

  /** Sends one heartbeat now, unless one is on its way. */
  async beat(): Promise<void> {
    if (this.#beating || this.#stopped || !this.#joined) return;
    this.#beating = true;
    const { store, settings, nodeId, incarnation, clock, random, time, logger } = this.#context;
    const sentAt = clock.monotonic();
    const skew = clock.wall() - sentAt;
    const withStats = sentAt - this.#statsAt >= statsEveryMs;
    // Nodes that were started together must not beat in step: whoever beats next sees a death first.
    let recheckMs = settings.heartbeatMs * (0.8 + 0.4 * random.draw());
    try {
      // A join that took effect and was not answered is repeated: only its answer has the number
      // by which this incarnation may append.
      if (this.#outside) return await this.#rejoin(this.#outside);
      const answer = await store.heartbeat({
        nodeId,
        incarnation,
        leaseMs: settings.leaseMs,
        state: this.#state,
        confirmMs: settings.confirmMs,
        ...(withStats && { stats: this.#context.stats() }),
      });
      if (withStats) this.#statsAt = sentAt;
      if (answer.kind === "accepted" && answer.datasetId !== this.#joined.datasetId) {
        // A late copy of a join has registered this incarnation with data made anew.
        await this.#rejoin({ kind: "superseded", incarnation: "none" });
      } else if (answer.kind === "accepted") {
        time.learn(answer.now, sentAt, clock.monotonic());
        this.#take(answer, sentAt, skew);
        if (answer.recheckMs !== undefined) recheckMs = Math.min(recheckMs, answer.recheckMs);
      } else await this.#rejoin(answer);
    } catch (error) {
      logger.debug({ error: String(error) }, "a heartbeat was not answered");
    } finally {
      this.#beating = false;
      this.checkTrust();
      if (!this.#stopped) this.#schedule(Math.max(1, recheckMs - (clock.monotonic() - sentAt)));
    }
  }

  /** Notices that trust has lapsed; called by whoever is about to act late. */
  checkTrust(): void {
    const trusted = this.trusted();
    if (trusted === this.#hadTrust) return;
    this.#hadTrust = trusted;
    if (trusted) this.#events.trusted();
    else this.#events.distrusted();
  }

  #take(
    answer: Extract<HeartbeatAnswer, { kind: "accepted" }>,
    sentAt: number,
    skew: number,
  ): void {
    const former = this.#datasetId;
    const isOther = answer.datasetId !== former;
    const ended = this.#historyId;
    const renewed = answer.historyId !== ended || isOther;
    this.#historyId = answer.historyId;
    this.#datasetId = answer.datasetId;
    if (former !== undefined && former !== answer.datasetId) this.#events.datasetChanged(former);
    if (renewed) {
      this.#context.time.forget();
      this.#events.historyChanged(isOther ? undefined : ended);
    }
    this.#heard = answer.version;
    if (answer.wasGone || answer.flaps > this.#flaps) this.#isUnchecked = true;
    if (this.#isUnchecked) void this.#checkClaims();
    this.#flaps = answer.flaps;
    this.#accept(sentAt, skew);
    const stale = sentAt - this.#listedAt >= relistEveryMs;
    if (answer.version !== this.#version || stale) void this.relist();
  }

  /** `skew`: wall less monotonic time as the call was sent, so that a suspension since then shows. */
  #accept(sentAt: number, skew: number): void {
    this.#acceptedAt = sentAt;
    this.#acceptedSkew = skew;
    if (!this.#isUnchecked) this.#renewTrust();
  }

  #renewTrust(): void {
    const { settings } = this.#context;
    this.#trustedUntil = this.#acceptedAt + settings.leaseMs - settings.trustMarginMs;
    this.#wallSkew = this.#acceptedSkew;
    this.checkTrust();
  }

  /**
   * Has the claims checked before trust is renewed. The version that is left with them keeps out a
   * peer that read the list while this node was taken for gone, and claims a moment later.
   */
  async #checkClaims(): Promise<void> {
    this.#returns += 1;
    if (this.#isChecking) return;
    this.#isChecking = true;
    let isChecked = false;
    let checked = -1;
    while (checked !== this.#returns && !this.#stopped) {
      checked = this.#returns;
      isChecked = await this.#events.wasGone(this.#heard);
    }
    this.#isChecking = false;
    if (!isChecked) return;
    this.#isUnchecked = false;
    this.#renewTrust();
  }

  /** The record of this incarnation is gone: it was reaped, replaced, or the data was lost. */
  async #rejoin(answer: Exclude<HeartbeatAnswer, { kind: "accepted" }>): Promise<void> {
    this.#outside = answer;
    this.#trustedUntil = Number.NEGATIVE_INFINITY;
    this.#isUnchecked = true;
    this.checkTrust();
    const former = this.#datasetId;
    if (answer.kind === "superseded" && answer.incarnation !== "none") {
      this.#context.logger.error(
        { nodeId: this.#context.nodeId, incarnation: answer.incarnation },
        "another process runs under this node id",
      );
      this.#conflict = answer.incarnation;
    }
    const joined = await this.join();
    if (joined !== "joined") return;
    this.#outside = undefined;
    this.#context.logger.warn(
      { lost: answer.kind === "lost", created: this.#joined?.created },
      "joined again",
    );
    if (former !== undefined && former !== this.#datasetId) this.#events.datasetChanged(former);
    if (former !== this.#datasetId) {
      this.#events.historyChanged();
      this.#isUnchecked = false;
      this.#renewTrust();
    } else void this.#checkClaims();
  }

  #schedule(delayMs: number): void {
    this.#next?.();
    if (this.#stopped) return;
    this.#next = this.#context.clock.after(delayMs, () => void this.beat());
  }
}
