/**
 * One owned shard. Data flows one way: accept → (fetch) → turn → batch → commit → settle. Turns go
 * on while a commit is in flight and fill the next batch; nothing is told to anyone before its
 * commit was accepted. On any refusal everything speculated is dropped (I1, I2, I3).
 */
import type { Facts, More, TimerChange } from "../define-actor.ts";
import { encode } from "../codec.ts";
import { actorKey, parseActorKey, stableHash } from "../model/actor-address.ts";
import type { ActorKey, EntryId, RedisMs, ShardId } from "../model/ids.ts";
import type { Message } from "../model/message.ts";
import type {
  Claim,
  CommitAnswer,
  MailEntry,
  OutMessage,
  Refusal,
  ShardImage,
} from "../ports/shard-store.ts";
import { type ActorCell, type LocalCaller, readState, type TurnRequest } from "./actor-cell.ts";
import { CommitBatch, encodeState } from "./commit-batch.ts";
import { type EffectOutcome, EffectRunner, effectIdOf } from "./effect-runner.ts";
import { firstEntry, Inbox } from "./inbox.ts";
import { commandOf } from "./kinds.ts";
import { Outbox } from "./outbox.ts";
import type { OwnerContext } from "./owner-context.ts";
import { ReplyMemory } from "./reply-memory.ts";
import { type LiveTimer, TimerSet, timerKey } from "./timer-set.ts";
import { runTurn } from "./turn.ts";
import {
  decodeBatch,
  decodeEffect,
  type EffectRecord,
  encodeEffect,
  encodeMessage,
  encodeTimer,
  type Outcome,
} from "./wire.ts";

const maxBatchTurns = 256;
const maxBatchBytes = 1_048_576;
/** Commands held in memory before reading the mailbox pauses. */
const maxAdmitted = 4_096;
const maxAttempts = 5;
const maxRetryMs = 10_000;

interface InFlight {
  readonly batch: CommitBatch;
  readonly seq: number;
}

/** What the owner was granted, beside its claim. */
export interface Grant {
  readonly claim: Claim;
  readonly fence: Facts["fence"];
  readonly outId: OutMessage["outId"];
  readonly notBefore: RedisMs;
  readonly image: ShardImage;
}

export class ShardOwner {
  readonly shard: ShardId;
  readonly #context: OwnerContext;
  readonly #grant: Grant;
  readonly #cells = new Map<ActorKey, ActorCell>();
  readonly #ready: TurnRequest[] = [];
  #readyHead = 0;
  #admitted = 0;
  readonly #inbox: Inbox;
  readonly #timers: TimerSet;
  readonly #outbox: Outbox;
  readonly #effects: EffectRunner;
  readonly #replies: ReplyMemory;
  readonly #toFetch = new Map<ActorCell, Set<string>>();
  readonly #checks: { run: () => void; caller: LocalCaller }[] = [];
  #fetching = false;
  #checking = false;
  #reading = false;
  #behind = true;
  #batch = new CommitBatch();
  #inFlight: InFlight | undefined;
  #seq = 0;
  #pumpScheduled = false;
  #state: "running" | "draining" | "gone" = "running";
  #drained: (() => void) | undefined;

  constructor(context: OwnerContext, grant: Grant) {
    this.shard = grant.claim.shard;
    this.#context = context;
    this.#grant = grant;
    this.#inbox = new Inbox(grant.image.partial);
    this.#replies = new ReplyMemory(grant.image.idempotencyCount);
    this.#timers = new TimerSet(context.clock, context.now, (timer) => this.#timerDue(timer));
    this.#outbox = new Outbox(
      {
        shard: this.shard,
        clock: context.clock,
        append: (request) => context.store.append(request),
        delivered: (messages) => {
          this.#batch.outRemove.push(...messages);
          this.#schedule();
        },
        gap: (target, last) =>
          context.logger.error({ shard: this.shard, target, last }, "a shard lacks messages"),
      },
      grant.outId,
      grant.image.outNumbers,
      grant.image.out,
    );
    this.#effects = new EffectRunner({
      clock: context.clock,
      random: context.random,
      logger: context.logger,
      kinds: context.kinds,
      slots: context.effectSlots,
      fence: grant.fence,
      historyId: grant.claim.historyId,
      now: context.now,
      trusted: () => this.#state !== "gone" && context.trusted(),
      save: (id, record) => this.#saveEffect(id, record),
      finish: (outcome) => this.#effectOutcome(outcome),
    });
  }

  get claim(): Claim {
    return this.#grant.claim;
  }
  get epoch(): number {
    return this.#grant.fence.epoch;
  }
  get isRunning(): boolean {
    return this.#state === "running";
  }
  get residentCount(): number {
    return this.#cells.size;
  }

  /** Begins: reads the mailbox, arms timers, takes over effects and unsent messages. */
  start(): void {
    const { image, notBefore } = this.#grant;
    for (const member of this.#timers.load(image.timers)) this.#quarantineTimer(member);
    for (const { id, record } of image.effects) {
      const effect = decodeEffect(record);
      if (effect) this.#effects.adopt(id, effect, notBefore);
      else {
        this.#batch.dead.set(`effect:${id}`, encode(["effect", "unreadable", record]));
        this.#batch.effectsRemoved.add(id);
      }
    }
    this.#outbox.sendAll();
    this.#timers.arm();
    this.read();
    this.#schedule();
  }

  /** Takes a command from this node. Call only while {@link isRunning}. */
  submit(message: Message, local: LocalCaller): void {
    this.#admit({
      message,
      key: actorKey(message.kind, message.id),
      turnId: this.#context.random.id(),
      local,
      attempt: 1,
      failedAt: 0,
    });
    this.#schedule();
  }

  /** Takes a wake-up, which may carry the entry itself. */
  wake(entry: MailEntry | undefined, previous: EntryId | undefined): void {
    if (this.#state !== "running") return;
    if (!entry || previous !== this.#inbox.lastRead || this.#reading || this.#admitted > maxAdmitted) {
      this.#behind = true;
      this.read();
      return;
    }
    this.#acceptEntry(entry);
    this.#schedule();
  }

  /** Reads the mailbox from where it stands, if that is due. */
  read(): void {
    this.#behind = true;
    if (!this.#reading) void this.#readAll();
  }

  /** Takes up work again after trust came back or a timer was late. */
  resume(): void {
    this.#timers.arm();
    this.#schedule();
  }

  /** Drops actors that were not used since `before` (monotonic ms). */
  passivate(before: number): void {
    for (const cell of this.#cells.values()) {
      if (cell.lastUsedAt < before) this.#drop(cell);
    }
  }

  /** Drops the `count` least recently used actors that can be dropped. */
  evict(count: number): void {
    let left = count;
    for (const cell of this.#cells.values()) {
      if (left === 0) return;
      if (this.#drop(cell)) left -= 1;
    }
  }

  /** Stops intake, finishes what is in the batch, hands back the rest; resolves when all is written. */
  async drain(): Promise<void> {
    if (this.#state !== "running") return;
    this.#state = "draining";
    this.#handBack();
    this.#effects.stop();
    this.#outbox.stop();
    this.#timers.stop();
    if (this.#inFlight || !this.#batch.isEmpty) {
      const done = new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
      this.#schedule();
      await done;
    }
  }

  /** Ends at once: everything not committed is dropped and handed back. */
  abandon(finalSeq?: number): void {
    if (this.#state === "gone") return;
    this.#state = "gone";
    this.#effects.stop();
    this.#outbox.stop();
    this.#timers.stop();
    const flying = this.#inFlight;
    this.#inFlight = undefined;
    if (flying) {
      for (const settlement of flying.batch.settlements) {
        if (finalSeq === undefined) settlement.unknown();
        else if (finalSeq >= flying.seq) settlement.applied();
        else settlement.notApplied();
      }
    }
    for (const settlement of this.#batch.settlements) settlement.notApplied();
    this.#batch = new CommitBatch();
    this.#handBack();
    for (const check of this.#checks.splice(0)) check.caller.reroute();
    this.#drained?.();
  }

  // --- intake -------------------------------------------------------------------------------

  #handBack(): void {
    const waiting: TurnRequest[] = this.#ready.slice(this.#readyHead);
    this.#ready.length = 0;
    this.#readyHead = 0;
    for (const cell of this.#cells.values()) {
      waiting.push(...cell.waiting);
      cell.waiting = [];
    }
    this.#admitted = 0;
    for (const request of waiting) request.local?.reroute();
  }

  async #readAll(): Promise<void> {
    this.#reading = true;
    while (this.#behind && this.#state === "running" && this.#admitted <= maxAdmitted) {
      this.#behind = false;
      try {
        const [answer] = await this.#context.store.read({
          reads: [{ claim: this.claim, after: this.#inbox.lastRead }],
          limit: 128,
        });
        if (this.#state !== "running" || !answer) break;
        if (answer.kind !== "entries") {
          this.#fall(answer);
          break;
        }
        for (const entry of answer.entries) this.#acceptEntry(entry);
        if (answer.more) this.#behind = true;
        this.#schedule();
      } catch {
        this.#behind = true;
        break; // the sweep reads again
      }
    }
    this.#reading = false;
  }

  #acceptEntry(entry: MailEntry): void {
    const messages: { message: Message | undefined; raw: Uint8Array }[] = [];
    for (const payload of entry.payloads) {
      const batch = decodeBatch(payload);
      if (batch.kind === "corrupt") messages.push({ message: undefined, raw: payload });
      else for (const message of batch.messages) messages.push({ message, raw: payload });
    }
    const track = this.#inbox.accept(entry, messages.length);
    messages.forEach(({ message, raw }, index) => {
      if (track.handled.has(index)) return;
      if (!message) {
        this.#batch.dead.set(`${entry.id}:${index}`, encode(["mail", "unreadable", raw]));
        this.#inbox.handle(track, index);
        this.#batch.handledMessages += 1;
        return;
      }
      this.#admit({
        message,
        key: actorKey(message.kind, message.id),
        turnId: `${this.shard}.${entry.id}.${index}`,
        entry: { track, index },
        attempt: 1,
        failedAt: 0,
      });
    });
  }

  #timerDue(timer: LiveTimer): void {
    const { kind, id } = parseActorKey(timer.actor);
    const now = this.#context.now();
    this.#admit({
      message: {
        kind,
        id,
        command: timer.command,
        input: timer.input,
        sender: `timer:${timer.name}`,
        depth: 0,
        sentAt: now,
      },
      key: timer.actor,
      turnId: this.#context.random.id(),
      timer,
      attempt: 1,
      failedAt: 0,
    });
    this.#schedule();
  }

  #cell(message: Message, key: ActorKey): ActorCell {
    const known = this.#cells.get(key);
    if (known) return known;
    const cell: ActorCell = {
      key,
      kind: this.#context.kinds.get(message.kind),
      id: message.id,
      state: undefined,
      loaded: false,
      unreadable: undefined,
      blocked: false,
      waiting: [],
      bytes: 0,
      lastUsedAt: this.#context.clock.monotonic(),
    };
    this.#cells.set(key, cell);
    return cell;
  }

  #admit(request: TurnRequest): void {
    this.#admitted += 1;
    const cell = this.#cell(request.message, request.key);
    if (cell.blocked) {
      cell.waiting.push(request);
      return;
    }
    const key = this.#keptKey(request);
    const fetchKey = key !== undefined && this.#replies.mustFetch(key);
    if ((!cell.loaded && cell.kind) || fetchKey) {
      cell.blocked = true;
      cell.waiting.push(request);
      this.#toFetch.set(cell, new Set(fetchKey ? [key] : []));
      if (!this.#fetching) queueMicrotask(() => void this.#fetch());
      return;
    }
    this.#ready.push(request);
  }

  #keptKey({ message, key }: TurnRequest): string | undefined {
    return message.idempotencyKey === undefined
      ? undefined
      : `${message.principal ?? ""}\u0000${key}\u0000${message.idempotencyKey}`;
  }

  async #fetch(): Promise<void> {
    if (this.#fetching) return;
    this.#fetching = true;
    for (let attempt = 0; this.#toFetch.size > 0 && this.#state === "running"; ) {
      const wanted = [...this.#toFetch];
      const cells = wanted.map(([cell]) => cell).filter((cell) => !cell.loaded && cell.kind);
      const keys = [...new Set(wanted.flatMap(([, set]) => [...set]))];
      try {
        const answer = await this.#context.store.fetch({
          claim: this.claim,
          actors: cells.map((cell) => cell.key),
          idempotencyKeys: keys,
        });
        if (this.#state !== "running") break;
        if (answer.kind !== "fetched") {
          this.#fall(answer);
          break;
        }
        attempt = 0;
        cells.forEach((cell, i) => {
          this.#take(cell, answer.states[i] ?? "absent");
        });
        keys.forEach((key, i) => {
          this.#replies.fetched(key, answer.replies[i] ?? "absent");
        });
        for (const [cell] of wanted) {
          this.#toFetch.delete(cell);
          this.#unblock(cell);
        }
        this.#schedule();
      } catch {
        attempt += 1;
        await this.#pause(attempt);
      }
    }
    this.#fetching = false;
  }

  #take(cell: ActorCell, stored: Uint8Array | "absent"): void {
    if (!cell.kind) return;
    const reading = readState(cell.kind, cell.id, stored);
    cell.loaded = true;
    cell.bytes = stored === "absent" ? 0 : stored.byteLength;
    if (reading.kind === "state") cell.state = reading.state;
    else {
      cell.unreadable = reading.error;
      this.#context.logger.error({ actor: cell.key, error: reading.error }, "unreadable state");
    }
  }

  #unblock(cell: ActorCell): void {
    cell.blocked = false;
    const waiting = cell.waiting;
    cell.waiting = [];
    this.#admitted -= waiting.length;
    for (const request of waiting) this.#admit(request);
  }

  #drop(cell: ActorCell): boolean {
    const idle =
      !cell.blocked &&
      cell.waiting.length === 0 &&
      !this.#batch.dirty.has(cell.key) &&
      !this.#inFlight?.batch.dirty.has(cell.key) &&
      this.#readyHead === this.#ready.length;
    return idle && this.#cells.delete(cell.key);
  }

  // --- turns --------------------------------------------------------------------------------

  #schedule(): void {
    if (this.#pumpScheduled || this.#state === "gone") return;
    this.#pumpScheduled = true;
    queueMicrotask(() => {
      this.#pumpScheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#state === "gone" || !this.#context.trusted()) return;
    while (
      this.#readyHead < this.#ready.length &&
      this.#batch.turns < maxBatchTurns &&
      this.#batch.bytes < maxBatchBytes
    ) {
      const request = this.#ready[this.#readyHead];
      this.#readyHead += 1;
      if (!request) break;
      this.#admitted -= 1;
      const cell = this.#cell(request.message, request.key);
      if (cell.blocked) {
        this.#admitted += 1;
        cell.waiting.push(request);
      } else if (!cell.loaded && cell.kind) this.#admit(request);
      else this.#turn(cell, request);
    }
    if (this.#readyHead === this.#ready.length && this.#readyHead > 0) {
      this.#ready.length = 0;
      this.#readyHead = 0;
    }
    if (!this.#inFlight && !this.#batch.isEmpty) void this.#flush();
    if (this.#behind && !this.#reading && this.#admitted <= maxAdmitted) this.read();
    if (this.#state === "draining" && !this.#inFlight && this.#batch.isEmpty) this.#drained?.();
  }

  #turn(cell: ActorCell, request: TurnRequest): void {
    const { message } = request;
    cell.lastUsedAt = this.#context.clock.monotonic();
    // The timer was cancelled or set again while this one waited for its turn.
    if (request.timer && this.#timers.get(request.timer.key) !== request.timer) return;
    if (request.local && !request.local.isOpen()) return;
    const now = this.#context.now();
    if (message.replyTo && message.replyTo.deadlineAt < now) {
      this.#finish(request, { kind: "error", code: "ASK_TIMEOUT", message: "its deadline passed" });
      return;
    }
    if (message.effectId !== undefined) {
      if (!this.#effects.isRecorded(message.effectId)) {
        this.#finish(request, { kind: "value", value: undefined });
        return;
      }
    }
    if (!cell.kind) {
      this.#unknownKind(cell, request);
      return;
    }
    const keptKey = this.#keptKey(request);
    const requestHash = keptKey === undefined ? 0 : hashOf(message);
    if (keptKey !== undefined) {
      const kept = this.#replies.get(keptKey, now);
      if (kept) {
        this.#finish(
          request,
          kept.requestHash === requestHash
            ? kept.outcome
            : {
                kind: "error",
                code: "IDEMPOTENCY_CONFLICT",
                message: `the key "${message.idempotencyKey}" was used for another request`,
              },
        );
        return;
      }
      if (this.#replies.size >= this.#context.settings.idempotencyPerShard) {
        this.#finish(request, {
          kind: "error",
          code: "IDEMPOTENCY_FULL",
          message: "too many idempotency keys are kept; repeat later",
        });
        return;
      }
    }
    if (cell.unreadable !== undefined) {
      this.#reject(request, {
        kind: "error",
        code: "STATE_UNREADABLE",
        message: `the state of ${cell.key} cannot be read: ${cell.unreadable}`,
      });
      return;
    }
    const outcome = this.#decide(cell, request, now);
    if (!outcome) return;
    if (keptKey !== undefined) {
      const expiresAt = now + (message.keepKeyMs ?? this.#context.settings.keepIdempotencyMs);
      const record = this.#replies.keep(keptKey, { requestHash, outcome, expiresAt });
      this.#batch.idempotency.set(keptKey, { record, expiresAt });
    }
    this.#finish(request, outcome, cell);
  }

  /** Runs the handler and takes its decision into the batch; `undefined` when it will run again. */
  #decide(cell: ActorCell, request: TurnRequest, now: RedisMs): Outcome | undefined {
    const { message } = request;
    const kind = cell.kind;
    if (!kind) return undefined;
    const facts: Facts = {
      now,
      self: { kind: message.kind, id: message.id },
      fence: this.#grant.fence,
      sender: message.sender,
      principal: message.principal,
      idempotencyKey: message.idempotencyKey,
      attempt: request.attempt,
      turnId: request.turnId,
    };
    const result = runTurn(kind, message.command, cell.state, message.input, facts);
    if (result.kind === "threw") {
      this.#threw(cell, request, result.error);
      return undefined;
    }
    if (result.kind === "rejected") {
      this.#reject(request, result.outcome);
      return undefined;
    }
    if (result.next) {
      const refused = this.#apply(cell, request, result.next.state, result.next.more, now);
      if (refused) {
        this.#reject(request, refused);
        return undefined;
      }
    }
    return result.outcome;
  }

  /** Takes a next state and what goes with it into the batch, or answers why it cannot be. */
  #apply(
    cell: ActorCell,
    request: TurnRequest,
    state: unknown,
    more: More,
    now: RedisMs,
  ): Extract<Outcome, { kind: "error" }> | undefined {
    const { settings } = this.#context;
    const kind = cell.kind;
    if (!kind) return undefined;
    const { message } = request;
    const depth = message.depth + 1;
    const tells = more.tell ?? [];
    const version = kind.implementation.version ?? 1;
    if (tells.length > settings.maxFanOut) {
      return refusal("FANOUT_TOO_WIDE", `a turn may tell ${settings.maxFanOut} messages, not ${tells.length}`);
    }
    if (tells.length > 0 && depth > settings.maxCallDepth) {
      return refusal("CALL_TOO_DEEP", `a call chain may be ${settings.maxCallDepth} long`);
    }
    if (cell.bytes > settings.maxStateBytes / 8 || this.#context.checkSize.has(cell.key)) {
      const bytes = encodeState(version, state).byteLength;
      if (bytes > settings.maxStateBytes) {
        return refusal(
          "STATE_TOO_LARGE",
          `the state of ${cell.key} would be ${bytes} bytes, the bound is ${settings.maxStateBytes}`,
        );
      }
      cell.bytes = bytes;
    }
    const problem = this.#checkMore(kind, more);
    if (problem) return refusal("HANDLER_FAILED", problem);
    const parcels = tells.map((tell) => ({
      shard: this.#context.shardOf(tell.partitionKey),
      bytes: encodeMessage({
        kind: tell.to.kind,
        id: tell.to.id,
        command: tell.command,
        input: tell.input,
        sender: "",
        depth,
        sentAt: now,
        ...(message.principal !== undefined && { principal: message.principal }),
      }),
    }));
    if (parcels.some((p) => p.bytes.byteLength > settings.maxMessageBytes)) {
      return refusal("PAYLOAD_TOO_LARGE", `a message may be ${settings.maxMessageBytes} bytes`);
    }
    cell.state = state;
    this.#batch.dirty.set(cell.key, () => {
      const bytes = encodeState(version, cell.state);
      cell.bytes = bytes.byteLength;
      if (bytes.byteLength > settings.maxStateBytes) throw new StateTooLarge(cell.key);
      return bytes;
    });
    const view = kind.implementation.view;
    if (view) {
      this.#batch.viewRow(kind.kind, cell.id, () => {
        const row = view(cell.state, cell.id);
        return row === undefined ? "removed" : encode(row);
      });
    }
    for (const timer of more.timers ?? []) this.#changeTimer(cell.key, timer, now);
    for (const { shard, bytes } of parcels) {
      this.#batch.bytes += bytes.byteLength;
      if (shard === this.shard) this.#batch.local.push(bytes);
      else {
        this.#batch.outAdd.push(this.#outbox.number(shard, this.#context.asBatch(cell.key, bytes)));
      }
    }
    for (const start of more.effects ?? []) {
      const record: EffectRecord = {
        actor: cell.key,
        effect: start.effect,
        id: start.id ?? request.turnId,
        input: start.input,
        attempts: 0,
        notBefore: 0,
        started: false,
        historyId: this.claim.historyId,
        principal: message.principal,
      };
      const effectId = effectIdOf(record);
      if (this.#effects.isRecorded(effectId)) continue;
      this.#effects.note(effectId, record);
      this.#batch.effectsPut.set(effectId, encodeEffect(record));
      this.#batch.settlements.push({
        applied: () => this.#effects.begin(effectId),
        notApplied: () => {},
        unknown: () => {},
      });
    }
    return undefined;
  }

  #checkMore(kind: NonNullable<ActorCell["kind"]>, more: More): string | undefined {
    for (const timer of more.timers ?? []) {
      if (!("cancel" in timer) && !commandOf(kind, timer.command)) {
        return `the timer "${timer.name}" names an unknown command "${timer.command}"`;
      }
    }
    for (const { effect } of more.effects ?? []) {
      const effects = kind.implementation.effects;
      if (!effects || !Object.hasOwn(effects, effect)) return `there is no effect "${effect}"`;
    }
    return undefined;
  }

  #changeTimer(actor: ActorKey, change: TimerChange, now: RedisMs): void {
    const key = timerKey(actor, change.name);
    const former = this.#timers.remove(key);
    if (former) {
      this.#batch.timersSet.delete(key);
      this.#batch.timersRemoved.push(former.member);
    }
    if ("cancel" in change) return;
    const dueAt = Math.ceil("at" in change ? change.at : now + change.afterMs);
    const record = { actor, name: change.name, command: change.command, input: change.input };
    const timer: LiveTimer = { ...record, key, member: encodeTimer(record), dueAt };
    this.#batch.timersSet.set(key, { member: timer.member, dueAt });
    this.#timers.set(timer);
  }

  #unknownKind(cell: ActorCell, request: TurnRequest): void {
    if (request.message.replyTo || request.local) {
      this.#finish(request, {
        kind: "error",
        code: "KIND_UNKNOWN",
        message: `the node that owns ${cell.key} does not know the kind "${request.message.kind}"`,
      });
      return;
    }
    // A told message waits, unquarantined, for an owner that knows the kind.
    cell.blocked = true;
    cell.waiting.push(request);
  }

  /** A handler threw: an ask is refused at once, a told message is tried again, then put aside. */
  #threw(cell: ActorCell, request: TurnRequest, error: string): void {
    const asked = request.local !== undefined || request.message.replyTo !== undefined;
    const now = this.#context.clock.monotonic();
    this.#context.logger.warn({ actor: cell.key, command: request.message.command, error }, "a turn failed");
    if (request.attempt === 1) request.failedAt = now;
    if (asked || request.attempt >= maxAttempts || now - request.failedAt > maxRetryMs) {
      this.#reject(request, { kind: "error", code: "HANDLER_FAILED", message: error });
      return;
    }
    request.attempt += 1;
    cell.blocked = true;
    cell.waiting.unshift(request);
    this.#admitted += 1;
    this.#context.clock.after(100 * 2 ** request.attempt, () => {
      if (this.#state !== "running") return;
      this.#unblock(cell);
      this.#schedule();
    });
  }

  /** Ends a command that cannot be run: the asker is told, a told message becomes a dead letter. */
  #reject(request: TurnRequest, outcome: Extract<Outcome, { kind: "error" }>): void {
    const { message } = request;
    if (!request.local && !message.replyTo) {
      this.#batch.dead.set(
        request.turnId,
        encode([
          "message",
          outcome.code,
          outcome.message,
          this.#context.now(),
          request.attempt,
          encodeMessage(message),
        ]),
      );
    }
    this.#finish(request, outcome);
  }

  /** Takes a handled command and its answer into the batch. */
  #finish(request: TurnRequest, outcome: Outcome, cell?: ActorCell): void {
    const { message, local, entry } = request;
    const batch = this.#batch;
    if (local && cell && this.#isRead(cell, message.command)) {
      this.#answerRead(cell, local, outcome);
      return;
    }
    batch.turns += 1;
    if (entry) {
      this.#inbox.handle(entry.track, entry.index);
      batch.handledMessages += 1;
    }
    if (request.timer) {
      batch.timersRemoved.push(request.timer.member);
      if (this.#timers.get(request.timer.key) === request.timer) this.#timers.remove(request.timer.key);
    }
    if (message.effectId !== undefined) {
      batch.effectsPut.delete(message.effectId);
      batch.effectsRemoved.add(message.effectId);
      this.#effects.forget(message.effectId);
    }
    if (message.replyTo) batch.reply(message.replyTo, outcome);
    if (local) {
      batch.settlements.push({
        applied: () => local.answered(outcome),
        notApplied: () => local.reroute(),
        unknown: () => local.unknown(),
      });
    }
  }

  // --- reads --------------------------------------------------------------------------------

  #isRead(cell: ActorCell, command: string): boolean {
    return (cell.kind && commandOf(cell.kind, command)?.readOnly) === true;
  }

  /** A read waits for the commits it depends on, then for one check that began after it came. */
  #answerRead(cell: ActorCell, local: LocalCaller, outcome: Outcome): void {
    const check = { run: () => local.answered(outcome), caller: local };
    const settlement = {
      applied: () => this.#check(check),
      notApplied: () => local.reroute(),
      unknown: () => local.reroute(),
    };
    if (this.#batch.dirty.has(cell.key)) this.#batch.settlements.push(settlement);
    else if (this.#inFlight?.batch.dirty.has(cell.key)) {
      this.#inFlight.batch.settlements.push(settlement);
    } else this.#check(check);
  }

  #check(check: { run: () => void; caller: LocalCaller }): void {
    this.#checks.push(check);
    if (!this.#checking) void this.#runChecks();
  }

  async #runChecks(): Promise<void> {
    this.#checking = true;
    while (this.#checks.length > 0 && this.#state !== "gone") {
      const checks = this.#checks.splice(0);
      try {
        const [answer] = await this.#context.store.check({ claims: [this.claim] });
        if (answer?.kind === "stands") for (const check of checks) check.run();
        else {
          this.#checks.unshift(...checks);
          if (answer) this.#fall(answer);
          break;
        }
      } catch {
        this.#checks.unshift(...checks);
        await this.#pause(1);
      }
    }
    this.#checking = false;
  }

  // --- commit -------------------------------------------------------------------------------

  async #flush(): Promise<void> {
    const batch = this.#batch;
    const seq = this.#seq + 1;
    let request: ReturnType<CommitBatch["toRequest"]>;
    try {
      request = batch.toRequest({
        claim: this.claim,
        seq,
        hash: this.#context.newHash(),
        sender: `shard:${this.shard}`,
        now: this.#context.now(),
        mail: this.#inbox.cut(),
      });
    } catch (thrown) {
      // A state outgrew its bound unseen: drop the batch and run it again, checking each turn.
      if (thrown instanceof StateTooLarge) this.#context.checkSize.add(thrown.key);
      this.#context.logger.error({ shard: this.shard, error: String(thrown) }, "a batch was dropped");
      this.#fall({ kind: "fenced", finalSeq: this.#seq });
      return;
    }
    this.#batch = new CommitBatch();
    this.#inFlight = { batch, seq };
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = await this.#context.store.commit(request);
        if (this.#inFlight?.batch === batch) this.#settle(batch, seq, answer);
        return;
      } catch {
        // The outcome is unknown; the only cure is the same sequence number again.
        await this.#pause(attempt);
        if (this.#inFlight?.batch !== batch) return;
      }
    }
  }

  #settle(batch: CommitBatch, seq: number, answer: CommitAnswer): void {
    if (answer.kind !== "committed") {
      if (answer.kind === "conflict" || answer.kind === "gap") this.#fall({ kind: "lost" });
      else this.#fall(answer);
      return;
    }
    this.#seq = seq;
    this.#inFlight = undefined;
    if (answer.localEntry !== undefined) {
      if (answer.localPrevious === this.#inbox.lastRead && !this.#reading) {
        const payload = batch.localPayload;
        if (payload) this.#acceptEntry({ id: answer.localEntry, payloads: [payload] });
      } else this.#behind = true;
    }
    for (const settlement of batch.settlements) settlement.applied();
    if (batch.outAdd.length > 0) this.#outbox.committed(batch.outAdd);
    if (this.#batch.isEmpty && this.#readyHead === this.#ready.length) {
      if (this.#behind) this.#schedule();
      if (this.#state === "draining") this.#drained?.();
    } else this.#pump();
  }

  async #pause(attempt: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#context.clock.after(Math.min(1_000, 25 * 2 ** Math.min(attempt, 6)), resolve);
    });
  }

  #fall(refusal: Refusal): void {
    if (this.#state === "gone") return;
    this.abandon(refusal.kind === "fenced" ? refusal.finalSeq : undefined);
    this.#context.fallen(this, refusal);
  }

  // --- effects ------------------------------------------------------------------------------

  #saveEffect(effectId: string, record: EffectRecord): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#state !== "running") {
        reject(new Error("the shard has another owner"));
        return;
      }
      this.#batch.effectsPut.set(effectId, encodeEffect(record));
      this.#batch.settlements.push({
        applied: resolve,
        notApplied: () => reject(new Error("the shard has another owner")),
        unknown: () => reject(new Error("the shard has another owner")),
      });
      this.#schedule();
    });
  }

  #effectOutcome({ effectId, record, command, input }: EffectOutcome): void {
    const { kind, id } = parseActorKey(record.actor);
    const message: Message = {
      kind,
      id,
      command,
      input,
      sender: `effect:${record.effect}`,
      depth: 0,
      sentAt: this.#context.now(),
      effectId,
      ...(record.principal !== undefined && { principal: record.principal }),
    };
    if (this.#state !== "running") {
      this.#context.tell(message);
      return;
    }
    this.#admit({
      message,
      key: record.actor,
      turnId: this.#context.random.id(),
      attempt: 1,
      failedAt: 0,
    });
    this.#schedule();
  }

  #quarantineTimer(member: Uint8Array): void {
    this.#batch.dead.set(
      `timer:${this.#context.random.id()}`,
      encode(["timer", "unreadable", member]),
    );
    this.#batch.timersRemoved.push(member);
    this.#batch.turns += 1;
  }
}

class StateTooLarge extends Error {
  readonly key: ActorKey;
  constructor(key: ActorKey) {
    super(`the state of ${key} is over its bound`);
    this.key = key;
  }
}

const refusal = (code: string, message: string): Extract<Outcome, { kind: "error" }> => ({
  kind: "error",
  code,
  message,
});

/** Hash of what a command asks for, to tell a repeat from another request under the same key. */
const hashOf = (message: Message): number => {
  const bytes = encode([message.command, message.input]);
  return stableHash(String.fromCharCode(...bytes.subarray(0, 65_536))) + bytes.byteLength;
};

export { firstEntry };
