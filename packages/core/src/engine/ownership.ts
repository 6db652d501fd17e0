/**
 * Which shards this node owns: compares placement with what Redis says, claims what it should own
 * once the former owner has released it or is gone, and releases what another should own. Claims
 * are single-flight per shard; what Redis says is ours and does not run here is claimed afresh (I1, I6).
 */
import type { ClaimId, HistoryId, Incarnation, NodeId, RedisMs, ShardId } from "../model/ids.ts";
import { isGone, type NodeRecord } from "../model/node-record.ts";
import type { Bus } from "../ports/bus.ts";
import type { Cancel } from "../ports/clock.ts";
import type { Claim, Ownership as OwnRecord, Refusal } from "../ports/shard-store.ts";
import type { Membership } from "./membership.ts";
import type { OwnerContext } from "./owner-context.ts";
import { placeShards } from "./placement.ts";
import { ShardOwner } from "./shard-owner.ts";

export interface OwnershipContext {
  readonly owner: OwnerContext;
  readonly membership: Membership;
  readonly bus: Bus;
  readonly nodeId: NodeId;
  readonly incarnation: Incarnation;
  readonly shardCount: number;
  /** Called when a shard has begun or ceased to run here. */
  ownersChanged(): void;
}

/** How many shards are handed over at once, so that a joining node does not stall the cluster. */
const releaseAtOnce = 16;
const retryMs = 200;

export class Ownership {
  readonly #context: OwnershipContext;
  readonly #owners = new Map<ShardId, ShardOwner>();
  readonly #claiming = new Map<ShardId, Promise<void>>();
  readonly #releasing = new Map<ShardId, Promise<void>>();
  readonly #wakes = new Map<ShardId, () => Promise<void>>();
  readonly #drainingSince = new Map<NodeId, number>();
  /** Shards whose record was missing, with the monotonic ms of the first look. */
  readonly #lostSince = new Map<ShardId, number>();
  readonly #seen = new Map<ShardId, OwnRecord>();
  #evaluating = false;
  #again = false;
  #retry: Cancel | undefined;
  #stopped = false;
  #epochKnown = 0;

  constructor(context: OwnershipContext) {
    this.#context = context;
  }

  /** Shards that a live node holds, by what Redis said at the last look. */
  heldInCluster(): ReadonlySet<ShardId> {
    const { membership, nodeId } = this.#context;
    const held = new Set(this.#owners.keys());
    for (const record of this.#seen.values()) {
      if (record.owner === nodeId) continue;
      if (record.owner === "none" || record.released) continue;
      const holder = membership.node(record.owner);
      if (holder && !isGone(holder.state) && holder.incarnation === record.incarnation) {
        held.add(record.shard);
      }
    }
    return held;
  }

  /** The running owner of a shard on this node. */
  get(shard: ShardId): ShardOwner | undefined {
    const owner = this.#owners.get(shard);
    return owner?.isRunning ? owner : undefined;
  }

  get owned(): number {
    return this.#owners.size;
  }

  all(): IterableIterator<ShardOwner> {
    return this.#owners.values();
  }

  /** Releases everything in order; what is not written by `deadline` (monotonic) is abandoned. */
  async stop(timeoutMs: number): Promise<void> {
    this.#stopped = true;
    this.#retry?.();
    await Promise.all(this.#claiming.values());
    const clock = this.#context.owner.clock;
    let cancel: Cancel | undefined;
    const late = new Promise<void>((resolve) => {
      cancel = clock.after(timeoutMs, resolve);
    });
    const released = Promise.all(
      [...this.#owners.values()].map((owner) => this.#release(owner)),
    ).then(() => {});
    await Promise.race([released, late]);
    cancel?.();
    for (const owner of this.#owners.values()) owner.abandon();
    this.#owners.clear();
    for (const end of this.#wakes.values()) void end();
    this.#wakes.clear();
  }

  /**
   * Drops claims without a word, after a change of history; they are claimed afresh. `ended`: only
   * those made under that history, since others are of servers that went on.
   */
  drop(ended?: HistoryId): void {
    for (const owner of [...this.#owners.values()]) {
      if (ended !== undefined && owner.claim.historyId !== ended) continue;
      this.#owners.delete(owner.shard);
      owner.abandon();
    }
    this.#context.ownersChanged();
    this.evaluate();
  }

  #letGo(owner: ShardOwner): void {
    if (this.#owners.get(owner.shard) === owner) this.#owners.delete(owner.shard);
    owner.abandon();
    this.#context.ownersChanged();
  }

  /**
   * Asks the store which claims still stand, and leaves `membershipVersion` with those that do; the
   * others are dropped, and so are those that it could not tell of. Answers whether there was an answer.
   */
  async recheck(membershipVersion: number): Promise<boolean> {
    const owners = [...this.#owners.values()];
    if (owners.length === 0) return true;
    try {
      const answers = await this.#context.owner.store.check({
        claims: owners.map((owner) => owner.claim),
        membershipVersion,
      });
      owners.forEach((owner, i) => {
        const answer = answers[i];
        if (!answer || answer.kind === "unanswered") this.#letGo(owner);
        else if (answer.kind !== "stands") this.fallen(owner, answer);
      });
    } catch {
      return false;
    }
    this.evaluate();
    return true;
  }

  /** An owner was refused: it has dropped what it held. */
  fallen(owner: ShardOwner, refusal: Refusal): void {
    if (this.#owners.get(owner.shard) === owner) this.#owners.delete(owner.shard);
    const finalSeq = refusal.kind === "fenced" ? refusal.finalSeq : undefined;
    owner.abandon(finalSeq);
    const { losses, logger } = this.#context.owner;
    logger.warn({ shard: owner.shard, why: refusal.kind }, "lost a shard");
    const wentBack = finalSeq !== undefined && finalSeq < owner.written.seq;
    if (refusal.kind !== "fenced" || wentBack) losses.suspect(owner.shard);
    this.#context.ownersChanged();
    this.evaluate();
  }

  /**
   * Runs or releases what Redis says is ours and does not run here: a claim or a release whose
   * answer was lost would otherwise leave callers hanging for ever.
   */
  async audit(): Promise<void> {
    const { owner: context, nodeId, incarnation, shardCount, membership } = this.#context;
    if (this.#stopped || !membership.trusted()) return;
    const records = await context.store.inspect({
      shards: Array.from({ length: shardCount }, (_, shard) => shard),
    });
    this.#saw(records);
    const placement = placeShards(membership.nodes, shardCount);
    this.#seen.clear();
    for (const record of records) {
      if (!("kind" in record)) this.#seen.set(record.shard, record);
      if ("kind" in record || record.claimId === "none" || record.released) continue;
      if (record.owner !== nodeId || record.incarnation !== incarnation) continue;
      const { shard } = record;
      const busy =
        this.#owners.has(shard) || this.#claiming.has(shard) || this.#releasing.has(shard);
      if (busy || placement[shard] === nodeId || record.historyId === "none") continue;
      await context.store.release({
        claim: { shard, claimId: record.claimId, historyId: record.historyId },
      });
      void this.#context.bus.publish(
        { topic: "ownership" },
        { topic: "ownership", shards: [shard] },
      );
    }
    this.evaluate();
  }

  /** Epochs that anybody was given must not be given again, whatever the store forgets (I1). */
  #saw(records: Awaited<ReturnType<OwnerContext["store"]["inspect"]>>): void {
    this.#context.owner.losses.saw(records);
    for (const record of records) {
      if (!("kind" in record)) this.#epochKnown = Math.max(this.#epochKnown, record.epoch);
    }
  }

  /** Looks at what should be owned and what is; one look at a time, repeated while it is wanted. */
  evaluate(): void {
    this.#again = true;
    if (!this.#evaluating) void this.#evaluateAll();
  }

  async #evaluateAll(): Promise<void> {
    this.#evaluating = true;
    while (this.#again && !this.#stopped) {
      this.#again = false;
      try {
        await this.#look();
      } catch (error) {
        this.#context.owner.logger.debug({ error: String(error) }, "ownership was not read");
        this.#retryLater();
      }
    }
    this.#evaluating = false;
  }

  async #look(): Promise<void> {
    const { membership, nodeId, shardCount, owner } = this.#context;
    if (!membership.joined || !membership.trusted() || !membership.isListCurrent) return;
    const { version } = membership;
    const placement = placeShards(membership.nodes, shardCount);
    this.#noteDraining(membership.nodes);
    const wanted: ShardId[] = [];
    const unwanted: ShardOwner[] = [];
    for (let shard = 0; shard < shardCount; shard++) {
      const running = this.#owners.get(shard);
      if (placement[shard] === nodeId) {
        if (!running && !this.#claiming.has(shard)) wanted.push(shard);
      } else if (running && placement[shard] !== undefined) unwanted.push(running);
    }
    for (const running of unwanted.slice(0, releaseAtOnce)) void this.#release(running);
    if (unwanted.length > releaseAtOnce) this.#retryLater();
    if (wanted.length === 0) return;
    const records = await owner.store.inspect({ shards: wanted });
    this.#saw(records);
    if (records.length < wanted.length) this.#retryLater();
    // What is claimed, from whom, and under which version must come from one list.
    if (membership.version !== version) {
      this.#again = true;
      return;
    }
    for (const record of records) {
      if ("kind" in record) {
        this.#missing(record.shard);
        continue;
      }
      this.#lostSince.delete(record.shard);
      this.#seen.set(record.shard, record);
      const ready = this.#mayClaim(record);
      if (ready === undefined) this.#retryLater();
      else this.#claim(record.shard, record.claimId, ready);
    }
  }

  /**
   * A shard's record is gone. When all data is gone, the next heartbeat says so and the cluster is
   * made anew; when a heartbeat was accepted since, only this record is lost, and it is made anew.
   */
  #missing(shard: ShardId): void {
    const { membership, owner } = this.#context;
    const since = this.#lostSince.get(shard);
    const now = owner.clock.monotonic();
    if (since !== undefined && now - membership.silentMs > since) {
      owner.logger.error({ shard }, "a shard's data was lost: it is made anew");
      this.#claim(shard, "none", 0, true);
      return;
    }
    if (since === undefined) this.#lostSince.set(shard, now);
    void membership.beat();
    this.#retryLater();
  }

  #noteDraining(nodes: readonly NodeRecord[]): void {
    const now = this.#context.owner.clock.monotonic();
    for (const node of nodes) {
      if (node.state !== "draining") this.#drainingSince.delete(node.id);
      else if (!this.#drainingSince.has(node.id)) this.#drainingSince.set(node.id, now);
    }
  }

  /** Answers the deadline to keep effects back for, or `undefined` while the owner is lawful. */
  #mayClaim(record: OwnRecord): RedisMs | undefined {
    const { membership, nodeId, owner } = this.#context;
    if (record.owner === "none" || record.released) return 0;
    if (record.historyId !== record.presentHistoryId) {
      return membership.node(record.owner)?.leaseUntil ?? 0;
    }
    if (record.owner === nodeId && record.incarnation === this.#context.incarnation) return 0;
    const holder = membership.node(record.owner);
    if (!holder) return 0;
    if (holder.incarnation !== record.incarnation || isGone(holder.state)) return holder.leaseUntil;
    const since = this.#drainingSince.get(holder.id);
    const overdue = since !== undefined && owner.clock.monotonic() - since > owner.settings.drainMs;
    return overdue ? holder.leaseUntil : undefined;
  }

  #claim(shard: ShardId, seen: ClaimId | "none", notBefore: RedisMs, afterLoss = false): void {
    if (this.#claiming.has(shard) || this.#owners.has(shard) || this.#stopped) return;
    const attempt = this.#claimNow(shard, seen, notBefore, afterLoss)
      .catch((error) => {
        this.#context.owner.logger.debug(
          { shard, error: String(error) },
          "a claim was not answered",
        );
        this.#retryLater();
      })
      .finally(() => {
        if (this.#claiming.get(shard) === attempt) this.#claiming.delete(shard);
      });
    this.#claiming.set(shard, attempt);
  }

  async #claimNow(
    shard: ShardId,
    seen: ClaimId | "none",
    notBefore: RedisMs,
    afterLoss: boolean,
  ): Promise<void> {
    const { owner: context, membership, nodeId, incarnation } = this.#context;
    const { datasetId } = membership;
    if (!datasetId) return;
    const { producerFloor, returns, version } = membership;
    await this.#listen(shard);
    const claimId = context.random.id() as ClaimId;
    const answer = await context.store.claim({
      shard,
      claimId,
      seen,
      nodeId,
      incarnation,
      datasetId,
      epochKnown: this.#epochKnown,
      membershipVersion: version,
      notBefore,
      producerFloor,
      ...(afterLoss && { afterLoss }),
    });
    if (answer.kind === "stale-membership") {
      await membership.raise(answer.seen);
      this.#retryLater();
      return;
    }
    if (answer.kind !== "claimed") {
      this.#retryLater();
      return;
    }
    this.#epochKnown = Math.max(this.#epochKnown, answer.epoch);
    const claim: Claim = { shard, claimId, historyId: answer.historyId };
    const loaded = await context.store.load({ claim });
    // Taken for gone meanwhile: the check that followed did not know of this claim.
    const isDoubtful = membership.returns !== returns;
    if (loaded.kind !== "loaded" || this.#stopped || isDoubtful) {
      if (loaded.kind === "loaded") await context.store.release({ claim });
      this.#retryLater();
      return;
    }
    const owner = new ShardOwner(context, {
      claim,
      fence: { datasetId, epoch: answer.epoch },
      outId: answer.outId,
      notBefore: answer.notBefore,
      unclean: answer.unclean,
      image: loaded.image,
    });
    this.#owners.set(shard, owner);
    owner.start();
    this.#context.ownersChanged();
  }

  async #listen(shard: ShardId): Promise<void> {
    if (this.#wakes.has(shard)) return;
    const end = await this.#context.bus.subscribe({ topic: "wake", shard }, (message) => {
      if (message.topic === "wake") this.#owners.get(shard)?.wake(message.entry, message.previous);
    });
    this.#wakes.set(shard, end);
  }

  #retryLater(): void {
    if (this.#stopped) return;
    this.#retry?.();
    this.#retry = this.#context.owner.clock.after(retryMs, () => this.evaluate());
  }

  async #release(owner: ShardOwner): Promise<void> {
    const known = this.#releasing.get(owner.shard);
    if (known) return known;
    const release = this.#releaseNow(owner).finally(() => this.#releasing.delete(owner.shard));
    this.#releasing.set(owner.shard, release);
    return release;
  }

  async #releaseNow(owner: ShardOwner): Promise<void> {
    const { owner: context, bus } = this.#context;
    let cancel: Cancel | undefined;
    const late = new Promise<void>((resolve) => {
      cancel = context.clock.after(context.settings.drainMs, resolve);
    });
    await Promise.race([owner.drain(), late]);
    cancel?.();
    owner.abandon();
    try {
      await context.store.release({ claim: owner.claim });
      void bus.publish({ topic: "ownership" }, { topic: "ownership", shards: [owner.shard] });
    } catch (error) {
      context.logger.warn(
        { shard: owner.shard, error: String(error) },
        "a release was not answered",
      );
    }
    if (this.#owners.get(owner.shard) === owner) this.#owners.delete(owner.shard);
    const end = this.#wakes.get(owner.shard);
    this.#wakes.delete(owner.shard);
    void end?.();
    this.#context.ownersChanged();
  }
}
