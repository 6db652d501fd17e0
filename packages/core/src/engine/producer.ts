/**
 * Sends this node's commands to the mailbox of one shard: numbered batches, one in flight, resent
 * byte for byte until answered (I2, I3, I4). What the store cannot vouch for is settled as unknown
 * and never sent again.
 */
import type { EntryId, ProducerId, ShardId } from "../model/ids.ts";
import type { Message } from "../model/message.ts";
import { BackendUnavailable } from "../ports/backend.ts";
import type { Clock } from "../ports/clock.ts";
import type { AppendAnswer, AppendRequest } from "../ports/shard-store.ts";
import { backoff } from "./backoff.ts";
import { BatchWriter } from "./batch-writer.ts";
import type { Origin } from "./wire.ts";

export type AppendEnd =
  /** `isShort`: fewer replicas than asked for have it. */
  | { readonly kind: "appended"; readonly isShort: boolean }
  | { readonly kind: "full"; readonly pending: number }
  | { readonly kind: "unknown" }
  | { readonly kind: "not-applied"; readonly why: NotSent };

/** Why a command never left this process. */
export type NotSent = "unavailable" | "stopped" | "out-of-memory";

/** One command waiting to be appended. */
export interface Parcel {
  readonly message: Message;
  /** False once its caller has given up: it is dropped unsent. */
  stillWanted(): boolean;
  /** It cannot be written as bytes. */
  unsendable(thrown: unknown): void;
  /** Its bytes leave this process for the first time. */
  sent(): void;
  /** Its bytes were refused for good, and it waits to be sent anew. */
  unsent(): void;
  /** It left, and the store takes nothing now: it is sent again until the store does. */
  stalled(): void;
  appended(end: AppendEnd): void;
}

export interface ProducerContext {
  readonly shard: ShardId;
  readonly sender: string;
  /** Where answers go. */
  readonly origin: Origin;
  readonly clock: Clock;
  /** Most messages that may wait in the mailbox. */
  readonly limit: number;
  append(request: AppendRequest): Promise<AppendAnswer>;
  /** A fresh identity; registered by the store with the first batch. */
  newProducerId(): ProducerId;
  /** A fresh id for one batch's content. */
  newHash(): string;
  /** Called when nothing is waiting or in flight any more. */
  idle(): void;
  /** The store lacks what it had acknowledged, or the shard altogether. */
  lost(shard: ShardId): void;
  /** What the shard takes no more of, as the last append was told. */
  closed(names: readonly string[] | undefined): void;
}

/** The last batch that the store acknowledged to one identity. */
export interface AckedBatch {
  readonly producer: ProducerId;
  readonly number: number;
}

/** Identities whose last batch is known; another one is taken after each loss. */
const identitiesKept = 4;
const maxBatchMessages = 256;
/** A batch takes no more messages from here on; with its last one it stays below about 1 MiB. */
const fullBatchBytes = 524_288;

export class Producer {
  readonly #context: ProducerContext;
  #waiting: Parcel[] = [];
  #head = 0;
  #id: ProducerId;
  #number = 0;
  #lastEntry: EntryId | undefined;
  /** The last batch of each identity, oldest first. */
  #acked: readonly AckedBatch[] = [];
  #isInDoubt = false;
  #inFlight = false;
  #renewNext = false;
  /** Commands of the last batch: tells whether there is company to wait for. */
  #lastCount = 0;
  /** Messages that the next batch may hold. */
  #most = maxBatchMessages;
  #scheduled = false;
  /** The store has no memory for new commands: only the batch in flight goes on asking. */
  #isOutOfMemory = false;
  #stopped = false;

  constructor(context: ProducerContext) {
    this.#context = context;
    this.#id = context.newProducerId();
  }

  /** True when nothing of this node is under way to the shard: another path may be used. */
  get isIdle(): boolean {
    return !this.#inFlight && this.#head === this.#waiting.length;
  }

  /** An owner that has read up to here has seen everything sent so far; `undefined`: nothing was. */
  get lastEntry(): EntryId | undefined {
    return this.#lastEntry;
  }

  /**
   * What this node knows to be in the mailbox, or to have been. A mailbox that went back makes it
   * take another identity, and acknowledges that one before the former one's batches are compared:
   * they stay (I2).
   */
  get acked(): readonly AckedBatch[] {
    return this.#acked;
  }

  /** Its loss was told. */
  forget(producer: ProducerId): void {
    this.#acked = this.#acked.filter((batch) => batch.producer !== producer);
  }

  /** A batch that ended as unknown may be in the mailbox, behind `lastEntry`: the next must go there. */
  get isInDoubt(): boolean {
    return this.#isInDoubt;
  }

  get waiting(): number {
    return this.#waiting.length - this.#head;
  }

  send(parcel: Parcel): void {
    if (this.#stopped || this.#isOutOfMemory) {
      parcel.appended({ kind: "not-applied", why: this.#stopped ? "stopped" : "out-of-memory" });
      return;
    }
    this.#waiting.push(parcel);
    this.#schedule();
  }

  /** Gives back everything that has not left this process. */
  refuseWaiting(why: NotSent): void {
    const refused = this.#waiting.slice(this.#head);
    this.#waiting = [];
    this.#head = 0;
    for (const parcel of refused) parcel.appended({ kind: "not-applied", why });
  }

  /** Registers anew with the next batch, under a fresh identity: after a loss of data. */
  renew(): void {
    // What is in flight can be settled under its own identity alone.
    if (this.#inFlight) this.#renewNext = true;
    else this.#fresh();
  }

  stop(): void {
    this.#stopped = true;
    this.refuseWaiting("stopped");
  }

  #schedule(): void {
    if (this.#scheduled || this.#inFlight) return;
    this.#scheduled = true;
    const flush = () => {
      this.#scheduled = false;
      if (!this.#inFlight) void this.#flush();
    };
    // Where several commands share a batch it waits for what else this turn of the loop brings.
    if (this.#lastCount > 1) this.#context.clock.defer(flush);
    else queueMicrotask(flush);
  }

  /** Takes the next parcels and writes them; those that cannot be written end here. */
  #cut(): { readonly batch: readonly Parcel[]; readonly payload: Uint8Array } {
    const batch: Parcel[] = [];
    const writer = new BatchWriter();
    while (batch.length < this.#most && writer.bytes < fullBatchBytes) {
      const parcel = this.#waiting[this.#head];
      if (!parcel) break;
      this.#head += 1;
      if (!parcel.stillWanted()) continue;
      try {
        writer.add(parcel.message);
        batch.push(parcel);
      } catch (thrown) {
        parcel.unsendable(thrown);
      }
    }
    this.#most = maxBatchMessages;
    if (this.#head === this.#waiting.length) {
      this.#waiting = [];
      this.#head = 0;
    }
    return { batch, payload: writer.finish(this.#context.sender, this.#context.origin) };
  }

  async #flush(): Promise<void> {
    const { batch, payload } = this.#cut();
    if (batch.length === 0) {
      this.#context.idle();
      return;
    }
    this.#inFlight = true;
    this.#lastCount = batch.length;
    for (const parcel of batch) parcel.sent();
    const number = this.#number + 1;
    const request: AppendRequest = {
      shard: this.#context.shard,
      source: {
        kind: "producer",
        producer: this.#id,
        number,
        hash: this.#context.newHash(),
      },
      payloads: [payload],
      count: batch.length,
      limit: this.#context.limit,
    };
    const end = this.#judge(await this.#deliver(request, batch), number);
    this.#isOutOfMemory = false;
    this.#inFlight = false;
    if (end.kind === "unknown") this.#isInDoubt = true;
    if (this.#renewNext) this.#fresh();
    const fitting = end.kind === "full" ? this.#retake(batch, end.pending) : 0;
    for (let i = fitting; i < batch.length; i++) batch[i]?.appended(end);
    if (this.#head < this.#waiting.length) this.#schedule();
    else this.#context.idle();
  }

  /** Takes back, to be sent first, those of a refused batch that the mailbox has room for. */
  #retake(batch: readonly Parcel[], pending: number): number {
    const room = Math.min(this.#context.limit - pending, batch.length - 1);
    if (room <= 0 || this.#stopped) return 0;
    const fitting = batch.slice(0, room);
    for (const parcel of fitting) parcel.unsent();
    this.#waiting = [...fitting, ...this.#waiting.slice(this.#head)];
    this.#head = 0;
    this.#most = room;
    return room;
  }

  #judge(answer: AppendAnswer | "gave-up", number: number): AppendEnd {
    if (answer === "gave-up") return { kind: "unknown" };
    switch (answer.kind) {
      case "appended":
        this.#number = number;
        this.forget(this.#id);
        this.#acked = [...this.#acked.slice(1 - identitiesKept), { producer: this.#id, number }];
        this.#isInDoubt = false;
        if (answer.entry !== undefined) this.#lastEntry = answer.entry;
        this.#context.closed(answer.closed);
        return { kind: "appended", isShort: answer.durability === "short" };
      case "full":
        this.#number = number;
        return { kind: "full", pending: answer.pending };
      case "lost":
      case "gap":
      case "unknown-producer":
        this.#context.lost(this.#context.shard);
        this.#fresh();
        return { kind: "unknown" };
      case "stale":
      case "conflict":
        this.#fresh();
        return { kind: "unknown" };
    }
  }

  #fresh(): void {
    this.#id = this.#context.newProducerId();
    this.#number = 0;
    this.#renewNext = false;
  }

  /** Resends until the store has answered: only the same number again can tell the outcome. */
  async #deliver(
    request: AppendRequest,
    batch: readonly Parcel[],
  ): Promise<AppendAnswer | "gave-up"> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#context.append(request);
      } catch (error) {
        if (this.#stopped) return "gave-up";
        if (error instanceof BackendUnavailable && error.refusal === "out-of-memory") {
          this.#isOutOfMemory = true;
          this.refuseWaiting("out-of-memory");
          for (const parcel of batch) parcel.stalled();
        }
        await backoff(this.#context.clock, attempt + 1);
        if (this.#stopped) return "gave-up";
      }
    }
  }
}
