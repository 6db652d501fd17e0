/**
 * Finds the path of a command: straight to the owner when it runs on this node, else through the
 * shard's mailbox. One sender uses one path at a time and changes over only when nothing of its is
 * in flight on the other, so that its order holds (I4).
 */

import type { z } from "zod";
import { encode } from "../codec.ts";
import type { AskOptions, CommandSpecs, Protocol } from "../define-actor.ts";
import { isMusterError, MusterError } from "../errors.ts";
import { maxActorIdLength } from "../model/actor-address.ts";
import type { Incarnation, NodeId, ProducerId, RedisMs, ShardId } from "../model/ids.ts";
import type { Message } from "../model/message.ts";
import type { ClusterSettings } from "../options.ts";
import { mostBytesPerWeight, weighPlain } from "../plain.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { ShardStore } from "../ports/shard-store.ts";
import { type AskEnd, AskTable } from "./ask.ts";
import { endOfAppend, errorOfEnd, unexpected } from "./ask-ends.ts";
import { boundedTimeout, checkKey } from "./ask-options.ts";
import { fieldErrorsOf } from "./kinds.ts";
import { type Dispatch, type Lane, LocalAsk, type LocalPath } from "./local-ask.ts";
import { type AppendEnd, Producer } from "./producer.ts";
import type { ShardOwner } from "./shard-owner.ts";
import { describeThrown } from "./turn.ts";
import { decodeReplies, encodeMessage, type Outcome } from "./wire.ts";

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
  lost(shard: ShardId): void;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

type AnyProtocol = Protocol<z.ZodType, CommandSpecs>;

export class Router implements LocalPath {
  readonly #context: RouterContext;
  readonly #asks: AskTable;
  readonly #sender: string;
  readonly #lanes = new Map<ShardId, Lane>();
  #stopped = false;

  constructor(context: RouterContext) {
    this.#context = context;
    this.#asks = new AskTable(context.clock, context.monotonic);
    this.#sender = `node:${context.nodeId}`;
  }

  get openAsks(): number {
    return this.#asks.size;
  }

  /** Sends a command and resolves with what it came to, or rejects with what `answerOf` throws or MusterError. */
  ask<A>(
    protocol: AnyProtocol,
    id: string,
    command: string,
    input: unknown,
    options: AskOptions,
    answerOf: (outcome: Outcome) => A,
  ): Promise<A> {
    return new Promise((resolve, reject) => {
      const answer = (outcome: Outcome) => {
        try {
          resolve(answerOf(outcome));
        } catch (error) {
          reject(error);
        }
      };
      this.#dispatch(protocol, id, command, input, options, true, answer, reject);
    });
  }

  /** Sends a command; resolves when it is durable. */
  tell(protocol: AnyProtocol, id: string, command: string, input: unknown): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#dispatch(protocol, id, command, input, {}, false, () => resolve(), reject);
    });
  }

  /** Sends a message of the engine's own; nobody waits for it. */
  post(shard: ShardId, message: Message): void {
    const askId = this.#asks.open(this.#context.settings.askTimeoutMs, () => {});
    this.#route({ shard, message, input: { raw: message.input }, askId });
  }

  #dispatch(
    protocol: AnyProtocol,
    id: string,
    command: string,
    input: unknown,
    options: AskOptions,
    wantsReply: boolean,
    resolve: (outcome: Outcome) => void,
    reject: (error: MusterError) => void,
  ): void {
    const op = `${protocol.kind}.${command}`;
    try {
      const timeoutMs = boundedTimeout(options.timeoutMs ?? this.#context.settings.askTimeoutMs);
      const { message, checked } = this.#message(protocol, id, command, input, options);
      const askId = this.#asks.open(
        timeoutMs,
        (end) => {
          if (end.kind === "answered") resolve(end.outcome);
          else reject(errorOfEnd(op, end, timeoutMs));
        },
        options.failFast,
      );
      if (wantsReply) {
        message.replyTo = {
          node: this.#context.nodeId,
          incarnation: this.#context.incarnation,
          askId,
          deadlineAt: message.sentAt + timeoutMs,
        };
      }
      const shard = this.#context.shardOf(protocol.partition(id));
      const parcel: Dispatch = { shard, message, input: { checked }, askId };
      const waiting = this.#waiting(shard);
      if (waiting < this.#context.settings.mailboxPerShard) this.#route(parcel);
      else this.#asks.settle(askId, endOfAppend({ kind: "full", pending: waiting }));
    } catch (error) {
      reject(isMusterError(error) ? error : unexpected(op, error));
    }
  }

  /** Takes a packed message of replies. */
  replies(payload: Uint8Array): void {
    for (const { askId, outcome } of decodeReplies(payload, this.#context.incarnation)) {
      this.#asks.settle(askId, { kind: "answered", outcome });
    }
  }

  /** Gives back, as not applied, whatever has not left this process. */
  refuseUnsent(): void {
    this.#asks.failFast();
    for (const lane of this.#lanes.values()) lane.producer.refuseWaiting("unavailable");
  }

  /** Registers all producers anew, after a loss of data. */
  renew(): void {
    for (const lane of this.#lanes.values()) lane.producer.renew();
  }

  stop(): void {
    this.#stopped = true;
    for (const lane of this.#lanes.values()) lane.producer.stop();
    this.#asks.settleAll((sent) => ({
      kind: "failed",
      code: "STOPPED",
      known: sent ? "unknown" : "not-applied",
      message: "the node was stopped",
    }));
  }

  #message(
    protocol: AnyProtocol,
    id: string,
    command: string,
    input: unknown,
    options: AskOptions,
  ): { readonly message: Mutable<Message>; readonly checked: unknown } {
    if (this.#stopped) throw new MusterError("STOPPED", "The node was stopped.");
    const refused = this.#context.unavailable();
    if (refused) throw refused;
    const spec = Object.hasOwn(protocol.commands, command) ? protocol.commands[command] : undefined;
    if (!spec) {
      throw new MusterError(
        "COMMAND_UNKNOWN",
        `The kind "${protocol.kind}" has no command "${command}".`,
      );
    }
    if (typeof id !== "string" || id.length === 0 || id.length > maxActorIdLength) {
      throw new MusterError(
        "VALIDATION",
        `An actor id has 1 to ${maxActorIdLength} characters, not ${id?.length ?? "none"}.`,
      );
    }
    checkKey(options);
    const plain = this.#plain(protocol.kind, command, input);
    const checked = spec.input.safeParse(plain);
    if (!checked.success) {
      throw new MusterError(
        "VALIDATION",
        `The input of ${protocol.kind}.${command} is not valid.`,
        {
          fieldErrors: fieldErrorsOf(checked.error),
          outcome: "not-applied",
        },
      );
    }
    const message: Mutable<Message> = {
      kind: protocol.kind,
      id,
      command,
      input: plain,
      sender: this.#sender,
      depth: 0,
      sentAt: this.#context.now(),
    };
    if (options.idempotencyKey !== undefined) message.idempotencyKey = options.idempotencyKey;
    if (options.keepKeyMs !== undefined) message.keepKeyMs = options.keepKeyMs;
    if (options.principal) message.principal = options.principal.name;
    return { message, checked: checked.data };
  }

  /** A copy that the caller cannot change any more, the same for every path. */
  #plain(kind: string, command: string, input: unknown): unknown {
    const { maxMessageBytes } = this.#context.settings;
    const { value, weight } = weighPlain(input);
    // Measuring costs more than weighing, so only what may be over the bound is measured.
    if (weight * mostBytesPerWeight > maxMessageBytes) {
      const size = encode(value).byteLength;
      if (size > maxMessageBytes) {
        const text = `The input of ${kind}.${command} is ${size} bytes, the bound is ${maxMessageBytes}.`;
        throw new MusterError("PAYLOAD_TOO_LARGE", text, { outcome: "not-applied" });
      }
    }
    return value;
  }

  #lane(shard: ShardId): Lane {
    const known = this.#lanes.get(shard);
    if (known) return known;
    const { store, clock, random } = this.#context;
    const lane: Lane = {
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
      }),
    };
    this.#lanes.set(shard, lane);
    return lane;
  }

  /** Commands for a shard that wait in this process. */
  #waiting(shard: ShardId): number {
    const lane = this.#lanes.get(shard);
    const queued = this.#context.ownerOf(shard)?.queued ?? 0;
    return lane ? queued + lane.held.length + lane.producer.waiting : queued;
  }

  #route(parcel: Dispatch): void {
    const lane = this.#lane(parcel.shard);
    const owner = this.#context.ownerOf(parcel.shard);
    // A told message of a kind unknown here waits for another owner, and must be durable for that.
    const mayRun = parcel.message.replyTo || owner?.knows(parcel.message.kind);
    if (owner && mayRun && lane.held.length === 0 && this.#hasSeenAll(owner, lane)) {
      lane.local += 1;
      owner.submit(parcel.message, new LocalAsk(this, lane, parcel));
    } else if (lane.local > 0) lane.held.push(parcel);
    else this.#append(lane, parcel);
  }

  /** Notes that the owner has taken a command up; false once its caller has given up. */
  begins(lane: Lane, { askId }: Dispatch): boolean {
    const open = this.#asks.isOpen(askId);
    if (open) this.#asks.markSent(askId);
    else this.#leave(lane);
    return open;
  }

  /** Ends a command that took the local path. */
  ends(lane: Lane, { askId }: Dispatch, end: AskEnd): void {
    this.#asks.settle(askId, end);
    this.#leave(lane);
  }

  /** Takes back a command that the owner did not apply. */
  returns(lane: Lane, parcel: Dispatch): void {
    this.#asks.markUnsent(parcel.askId);
    lane.returned.push(parcel);
    this.#leave(lane);
  }

  #leave(lane: Lane): void {
    lane.local -= 1;
    if (lane.local > 0 || lane.returned.length + lane.held.length === 0) return;
    for (const next of [...lane.returned.splice(0), ...lane.held.splice(0)]) this.#route(next);
  }

  /** Told messages are durable before they are run: the owner may still have to read them. */
  #hasSeenAll(owner: ShardOwner, { producer }: Lane): boolean {
    if (!producer.isIdle) return false;
    if (producer.lastEntry === undefined || owner.hasRead(producer.lastEntry)) return true;
    owner.read();
    return false;
  }

  #append(lane: Lane, { message, askId }: Dispatch): void {
    let bytes: Uint8Array;
    try {
      bytes = encodeMessage(message);
    } catch (thrown) {
      const text = `the input cannot be sent: ${describeThrown(thrown)}`;
      const outcome = { kind: "error", code: "VALIDATION", message: text } as const;
      this.#asks.settle(askId, { kind: "answered", outcome });
      return;
    }
    const { maxMessageBytes } = this.#context.settings;
    if (bytes.byteLength > maxMessageBytes) {
      this.#asks.settle(askId, {
        kind: "answered",
        outcome: {
          kind: "error",
          code: "PAYLOAD_TOO_LARGE",
          message: `the message is ${bytes.byteLength} bytes, the bound is ${maxMessageBytes}`,
        },
      });
      return;
    }
    lane.producer.send({
      bytes,
      stillWanted: () => this.#asks.isOpen(askId),
      sent: () => this.#asks.markSent(askId),
      end: (end) => this.#appended(message, askId, end),
    });
  }

  #appended(message: Message, askId: number, end: AppendEnd): void {
    if (end.kind === "appended") {
      if (!message.replyTo) {
        this.#asks.settle(askId, {
          kind: "answered",
          outcome: { kind: "value", value: undefined },
        });
      }
      return;
    }
    this.#asks.settle(askId, endOfAppend(end));
  }
}
