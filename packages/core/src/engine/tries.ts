/**
 * What is remembered of work that did not end well: attempts that failed, starts that its process
 * did not survive. Kept in the shard beside the work, from the first trouble until the work is done,
 * so that the next owner goes on counting; work that goes well costs nothing here (I8).
 */
import { decode, encode } from "../codec.ts";
import { type DeadReason, deadReasons } from "../model/dead-letter.ts";
import type { Epoch, RedisMs } from "../model/ids.ts";
import type { TurnRequest } from "./actor-cell.ts";
import type { CommitBatch } from "./commit-batch.ts";

export interface Tries {
  /** Attempts that failed. */
  readonly attempts: number;
  /** Of attempts, or of starts where none has failed. */
  readonly firstAt: RedisMs;
  readonly lastAt: RedisMs;
  /** What the last attempt failed with. */
  readonly error: string;
  /** Starts that were not survived, as judged when it was last marked. */
  readonly starts: number;
  /** Epoch of the claim under which it is marked as started; 0 while it is not. */
  readonly mark: Epoch;
  /** It is to be put aside, as soon as there is room for one more dead letter. */
  readonly verdict: DeadReason | undefined;
}

const maxErrorLength = 2_000;

export const encodeTries = (tries: Tries): Uint8Array =>
  encode([
    tries.attempts,
    tries.firstAt,
    tries.lastAt,
    tries.error,
    tries.starts,
    tries.mark,
    tries.verdict ?? null,
  ]);

export const decodeTries = (record: Uint8Array): Tries | undefined => {
  const decoded = decode(record);
  if (decoded.kind === "corrupt" || !Array.isArray(decoded.value)) return undefined;
  const [attempts, firstAt, lastAt, error, starts, mark, verdict] = decoded.value;
  const numbers = [attempts, firstAt, lastAt, starts, mark];
  if (!numbers.every((value) => Number.isFinite(value)) || typeof error !== "string") {
    return undefined;
  }
  return {
    attempts,
    firstAt,
    lastAt,
    error,
    starts,
    mark,
    verdict: deadReasons.find((reason) => reason === verdict),
  };
};

/** One more failed attempt. What throws was survived: starts before it count no more. */
export const afterFailure = (before: Tries | undefined, error: string, now: RedisMs): Tries => ({
  attempts: (before?.attempts ?? 0) + 1,
  firstAt: before && before.attempts > 0 ? before.firstAt : now,
  lastAt: now,
  error: error.slice(0, maxErrorLength),
  starts: 0,
  mark: 0,
  verdict: undefined,
});

/** Marked as started under a claim, after as many starts that were not survived. */
export const marked = (
  before: Tries | undefined,
  starts: number,
  epoch: Epoch,
  now: RedisMs,
): Tries => ({
  attempts: before?.attempts ?? 0,
  firstAt: before?.firstAt ?? now,
  lastAt: now,
  error: before?.error ?? "",
  starts,
  mark: epoch,
  verdict: undefined,
});

/** Decided upon, and waiting for room. */
export const condemned = (
  before: Tries | undefined,
  verdict: DeadReason,
  error: string,
  now: RedisMs,
): Tries => ({
  attempts: before?.attempts ?? 0,
  firstAt: before?.firstAt ?? now,
  lastAt: before?.lastAt ?? now,
  error: error.slice(0, maxErrorLength),
  starts: before?.starts ?? 0,
  mark: 0,
  verdict,
});

export const messageWork = (entry: string, index: number): string => `m:${entry}:${index}`;
export const timerWork = (key: string, dueAt: RedisMs): string => `t:${dueAt}:${key}`;
export const effectWork = (effectId: string): string => `f:${effectId}`;

/** Names the work behind a request, the same for each owner; a command of this node has no name. */
export const workOf = ({ entry, timer, message }: TurnRequest): string | undefined => {
  if (entry) return messageWork(entry.track.id, entry.index);
  if (timer) return timerWork(timer.key, timer.dueAt);
  return message.effectId === undefined ? undefined : effectWork(message.effectId);
};

/** The tries of one shard, as its owner knows them. */
export class TryBook {
  readonly #tries = new Map<string, Tries>();

  constructor(stored: readonly { readonly id: string; readonly record: Uint8Array }[]) {
    for (const { id, record } of stored) {
      const tries = decodeTries(record);
      if (tries) this.#tries.set(id, tries);
    }
  }

  get isEmpty(): boolean {
    return this.#tries.size === 0;
  }

  get(work: string): Tries | undefined {
    return this.#tries.get(work);
  }

  put(batch: CommitBatch, work: string, tries: Tries): void {
    this.#tries.set(work, tries);
    batch.triesRemoved.delete(work);
    batch.triesPut.set(work, encodeTries(tries));
  }

  /** The work is done, or is no more. */
  forget(batch: CommitBatch, work: string): void {
    if (!this.#tries.delete(work)) return;
    batch.triesPut.delete(work);
    batch.triesRemoved.add(work);
  }
}
