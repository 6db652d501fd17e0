/**
 * Finds the path of a command: straight to the owner when it runs on this node, else through the
 * shard's mailbox. One sender uses one path at a time and changes over only when nothing of its is
 * in flight on the other, so that its order holds (I4).
 */

import type { AskOptions } from "../define-actor.ts";
import { isMusterError, MusterError } from "../errors.ts";
import { actorKey } from "../model/actor-address.ts";
import type { Incarnation, NodeId, ProducerId, RedisMs, ShardId } from "../model/ids.ts";
import type { Message } from "../model/message.ts";
import type { Position } from "../model/position.ts";
import type { ClusterSettings } from "../options.ts";
import type { Clock } from "../ports/clock.ts";
import type { SenderMark } from "../ports/loss-store.ts";
import type { Random } from "../ports/random.ts";
import type { ShardStore } from "../ports/shard-store.ts";
import { type AskEnd, AskTable, type OpenAsk } from "./ask.ts";
import { endOfAppend, endOfOutcome, unexpected } from "./ask-ends.ts";
import { boundedTimeout } from "./ask-options.ts";
import { checkCall } from "./call-chain.ts";
import { type ActorTarget, type Composed, composeMessage } from "./compose-message.ts";
import { Dispatch, type Lane, type LocalPath } from "./dispatch.ts";
import { PendingAsk } from "./pending-ask.ts";
import { Producer } from "./producer.ts";
import type { ShardOwner } from "./shard-owner.ts";
import { decodeReplies, type Outcome } from "./wire.ts";

const noOptions: AskOptions = Object.freeze({});
/** A told command that failed was put aside, and is durable all the same. */
const isDurable = (outcome: Outcome): void => {
  if (outcome.kind !== "error" || outcome.code !== "DEAD_LETTERS_FULL") return;
  throw new MusterError("DEAD_LETTERS_FULL", `The command failed, and ${outcome.message}.`, {
    outcome: "not-applied",
    hint: "Replay or resolve dead letters, then tell it again.",
  });
};
/** What another owner has told counts for so long; then a command is let through to hear again. */
const closedForMs = 1_000;

const refusedAs = (code: "MAILBOX_FULL" | "KIND_UNKNOWN", message: string): AskEnd => ({
  kind: "failed",
  code,
  known: "not-applied",
  message,
});

export interface RouterContext {
  readonly store: ShardStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly settings: ClusterSettings;
  readonly nodeId: NodeId;
  readonly incarnation: Incarnation;
  now(): RedisMs;
  /** Monotonic ms of this turn of the event loop. */
  monotonic(): number;
  /** Why no command can be taken now; `undefined` when all is well. */
  unavailable(): MusterError | undefined;
  shardOf(partitionKey: string): ShardId;
  ownerOf(shard: ShardId): ShardOwner | undefined;
  /** Number of this node's registration, the first part of its producers' ids. */
  join(): number;
  newHash(): string;
  /** A mailbox lacks what it had acknowledged, or is not there. */
  lost(shard: ShardId): void;
  /** A commit of this position was acknowledged to somebody here. */
  accepted(shard: ShardId, at: Position): void;
  /** Failed messages wait in the shard's mailbox for room among its dead letters. */
  isChoked(shard: ShardId): boolean;
}

export class Router implements LocalPath {
  readonly #context: RouterContext;
  readonly asks: AskTable;
  readonly #sender: string;
  readonly #lanes = new Map<ShardId, Lane>();
  #stopped = false;

  constructor(context: RouterContext) {
    this.#context = context;
    this.asks = new AskTable(context.clock, context.monotonic);
    this.#sender = `node:${context.nodeId}`;
  }

  isChoked(shard: ShardId): boolean {
    return this.#context.isChoked(shard);
  }

  get openAsks(): number {
    return this.asks.size;
  }

  /** Sends a command and resolves with what it came to, or rejects with what `answerOf` throws or MusterError. */
  ask<A>(
    target: ActorTarget,
    command: string,
    input: unknown,
    options: AskOptions,
    answerOf: (outcome: Outcome) => A,
  ): Promise<A> {
    return new Promise((resolve, reject) => {
      const op = `${target.protocol.kind}.${command}`;
      try {
        const timeoutMs = boundedTimeout(options.timeoutMs ?? this.#context.settings.askTimeoutMs);
        const { message, checked } = this.#compose(target, command, input, options);
        if (target.origin) checkCall(target.origin, message, this.#context.settings.maxCallDepth);
        const ask = new PendingAsk(op, timeoutMs, options, resolve, reject, answerOf);
        const askId = this.asks.open(timeoutMs, ask);
        const { nodeId: node, incarnation } = this.#context;
        message.replyTo = { node, incarnation, askId, deadlineAt: message.sentAt + timeoutMs };
        this.#dispatch(target, message, checked, askId);
      } catch (error) {
        reject(isMusterError(error) ? error : unexpected(op, error));
      }
    });
  }

  /** Sends a command; resolves when it is durable. */
  tell(target: ActorTarget, command: string, input: unknown): Promise<void> {
    return new Promise((resolve, reject) => {
      const op = `${target.protocol.kind}.${command}`;
      try {
        const { askTimeoutMs } = this.#context.settings;
        const { message, checked } = this.#compose(target, command, input, noOptions);
        const ask = new PendingAsk(op, askTimeoutMs, noOptions, resolve, reject, isDurable);
        this.#dispatch(target, message, checked, this.asks.open(askTimeoutMs, ask));
      } catch (error) {
        reject(isMusterError(error) ? error : unexpected(op, error));
      }
    });
  }

  /** Sends a message of the engine's own; nobody waits for it. */
  post(shard: ShardId, message: Message, mustStore = false): void {
    const nobody: OpenAsk = { failFast: false, sent: false, settle: () => {} };
    const askId = this.asks.open(this.#context.settings.askTimeoutMs, nobody);
    const input = { raw: message.input };
    this.#route(new Dispatch(this, this.#lane(shard), message, input, askId, mustStore));
  }

  #compose(target: ActorTarget, command: string, input: unknown, options: AskOptions): Composed {
    if (this.#stopped)
      throw new MusterError("STOPPED", "The node was stopped.", { outcome: "not-applied" });
    const refused = this.#context.unavailable();
    if (refused) throw refused;
    const { settings, now } = this.#context;
    return composeMessage(target, command, input, options, {
      sender: this.#sender,
      sentAt: now(),
      maxMessageBytes: settings.maxMessageBytes,
    });
  }

  #dispatch(target: ActorTarget, message: Message, checked: unknown, askId: number): void {
    const { protocol, id } = target;
    target.shard ??= this.#context.shardOf(protocol.partition(id));
    const lane = this.#lane(target.shard);
    const refused = this.#refused(lane, message);
    if (refused) {
      this.asks.settle(askId, refused);
      return;
    }
    const waiting = this.#waiting(lane);
    if (waiting < this.#context.settings.mailboxPerShard) {
      this.#route(new Dispatch(this, lane, message, { checked }, askId));
    } else
      this.asks.settle(
        askId,
        endOfAppend({ kind: "full", pending: waiting }, this.isChoked(lane.shard)),
      );
  }

  /** Why the shard takes no more of what the command is for. */
  #refused(lane: Lane, { kind, id }: Message): AskEnd | undefined {
    const owner = this.#context.ownerOf(lane.shard);
    const closed = owner ? owner.closed : lane.closed;
    if (!closed) return undefined;
    if (!owner && this.#context.monotonic() > lane.closedUntil) {
      lane.closed = undefined;
      return undefined;
    }
    if (closed.has(actorKey(kind, id))) {
      return refusedAs("MAILBOX_FULL", "as many commands wait for this actor as may");
    }
    if (!closed.has(kind)) return undefined;
    return refusedAs("KIND_UNKNOWN", `its owner does not know the kind, and many messages wait`);
  }

  /** Takes a packed message of replies. */
  replies(payload: Uint8Array): void {
    const { mark, replies } = decodeReplies(payload, this.#context.incarnation);
    if (mark) this.#context.accepted(mark.shard, mark.at);
    for (const { askId, outcome } of replies) this.asks.settle(askId, endOfOutcome(outcome));
  }

  /** Gives back, as not applied, whatever has not left this process. */
  refuseUnsent(): void {
    this.asks.failFast();
    for (const lane of this.#lanes.values()) lane.producer.refuseWaiting("unavailable");
  }

  /** Batches that the mailbox of a shard has acknowledged to this node. */
  acked(shard: ShardId): readonly SenderMark[] {
    const acked = this.#lanes.get(shard)?.producer.acked ?? [];
    return acked.map((batch) => ({ kind: "producer", ...batch }));
  }

  /** The loss of these was told. */
  forget(shard: ShardId, senders: readonly SenderMark[]): void {
    for (const sender of senders) {
      if (sender.kind === "producer") this.#lanes.get(shard)?.producer.forget(sender.producer);
    }
  }

  /** Registers all producers anew, after a loss of data. */
  renew(): void {
    for (const lane of this.#lanes.values()) lane.producer.renew();
  }

  stop(): void {
    this.#stopped = true;
    for (const lane of this.#lanes.values()) lane.producer.stop();
    this.asks.settleAll((sent) => ({
      kind: "failed",
      code: "STOPPED",
      known: sent ? "unknown" : "not-applied",
      message: "the node was stopped",
    }));
  }

  #lane(shard: ShardId): Lane {
    const known = this.#lanes.get(shard);
    if (known) return known;
    const { store, clock, random } = this.#context;
    const lane: Lane = {
      shard,
      closed: undefined,
      closedUntil: 0,
      local: 0,
      returned: [],
      held: [],
      producer: new Producer({
        shard,
        sender: this.#sender,
        origin: { node: this.#context.nodeId, incarnation: this.#context.incarnation },
        clock,
        limit: this.#context.settings.mailboxPerShard,
        append: (request) => store.append(request),
        newProducerId: () => `${this.#context.join()}.${random.id()}` as ProducerId,
        newHash: () => this.#context.newHash(),
        idle: () => {},
        lost: (lost) => this.#context.lost(lost),
        closed: (names) => {
          lane.closed = names && new Set(names);
          lane.closedUntil = this.#context.clock.monotonic() + closedForMs;
        },
      }),
    };
    this.#lanes.set(shard, lane);
    return lane;
  }

  /** Commands for a shard that wait in this process. */
  #waiting({ shard, held, producer }: Lane): number {
    return (this.#context.ownerOf(shard)?.queued ?? 0) + held.length + producer.waiting;
  }

  #route(dispatch: Dispatch): void {
    const { lane, message } = dispatch;
    const owner = this.#context.ownerOf(lane.shard);
    // A told message of a kind unknown here waits for another owner, and must be durable for that.
    const mayRun = owner && !dispatch.mustStore && (message.replyTo || owner.knows(message.kind));
    if (mayRun && lane.held.length === 0 && this.#hasSeenAll(owner, lane)) {
      lane.local += 1;
      owner.submit(message, dispatch);
    } else if (lane.local > 0) lane.held.push(dispatch);
    else lane.producer.send(dispatch);
  }

  /** One command less of this node is with its own owner: what waited for that may go on. */
  leaves(lane: Lane): void {
    lane.local -= 1;
    if (lane.local > 0 || lane.returned.length + lane.held.length === 0) return;
    // A draining owner gives back what waits before it knows what becomes of its last commits.
    const waiting = [...lane.returned.splice(0), ...lane.held.splice(0)];
    for (const next of waiting.sort((a, b) => a.order - b.order)) this.#route(next);
  }

  /** Told messages are durable before they are run: the owner may still have to read them. */
  #hasSeenAll(owner: ShardOwner, { producer }: Lane): boolean {
    if (!producer.isIdle || producer.isInDoubt) return false;
    if (producer.lastEntry === undefined || owner.hasRead(producer.lastEntry)) return true;
    owner.read();
    return false;
  }
}
