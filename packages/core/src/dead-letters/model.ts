/** Dead letters as people see them: what could not be carried out, and what became of it. */
import type { DeadReason, DeadWork, Resolution } from "../model/dead-letter.ts";

/** Instants are ISO-8601 UTC. */
export interface DeadLetter {
  readonly id: string;
  readonly shard: number;
  /** Where it comes from: an actor's command, timer or effect. */
  readonly source: "actor";
  /** The app it belongs to, for actors of apps. */
  readonly appId: string | null;
  readonly work: DeadWork;
  readonly reason: DeadReason;
  /** Null where it cannot be told, as for messages that are not understood. */
  readonly kind: string | null;
  readonly actorId: string | null;
  /** Command, or name of the effect. */
  readonly command: string | null;
  readonly sender: string | null;
  /** On whose behalf it was sent. */
  readonly principal: string | null;
  readonly attempts: number;
  readonly firstAttemptAt: string;
  readonly lastAttemptAt: string;
  readonly lastError: string;
  readonly createdAt: string;
  /** Null while nobody has resolved it. */
  readonly resolution: Resolution | null;
  readonly resolvedAt: string | null;
  readonly resolvedBy: string | null;
  readonly resolvedReason: string | null;
  /** How often it was sent again. */
  readonly replays: number;
}

export interface DeadLetterDetail extends DeadLetter {
  /** What was put aside, without what stands under secret names; null where it is not understood. */
  readonly payload: unknown;
  /** False where there is nothing that could be sent again. */
  readonly replayable: boolean;
  /** What was put aside as it is stored, secrets included. Never sent over HTTP. */
  readonly bytes: Uint8Array;
}

/** All that are given must hold. */
export interface DeadLetterFilter {
  /** Only those that nobody has resolved. */
  readonly unresolved?: boolean;
  /** Kind of the actor. */
  readonly kind?: string;
  /** `kind/id` of the actor. */
  readonly actor?: string;
  readonly reason?: DeadReason;
  readonly work?: DeadWork;
  readonly app?: string;
}

export interface DeadLetterQuery extends DeadLetterFilter {
  /** @defaultValue 100, at most 500 */
  readonly limit?: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
}

export interface DeadLetterPage {
  /** Oldest first. */
  readonly items: readonly DeadLetter[];
  /** Absent on the last page. */
  readonly nextCursor?: string;
  readonly asOf: string;
  readonly stale: boolean;
}

export interface DeadLetterCount {
  readonly unresolved: number;
  /** Waiting where they are stored, since their shard holds as many letters as it may. */
  readonly parked: number;
  readonly asOf: string;
  readonly stale: boolean;
}

/** Reads; letters are read from the backend, counts from memory. */
export interface DeadLettersService {
  /** @throws MusterError `VALIDATION` for a cursor or limit, `BACKEND_UNAVAILABLE` */
  list(query?: DeadLetterQuery): Promise<DeadLetterPage>;
  /** @throws MusterError `DEAD_LETTER_NOT_FOUND`, `BACKEND_UNAVAILABLE` */
  get(id: string): Promise<DeadLetterDetail>;
  /** Over all letters; synchronous, from memory. */
  count(): DeadLetterCount;
}

export interface DeadLetterChange {
  readonly reason: string;
  readonly idempotencyKey?: string;
}

export interface ReplayMany {
  readonly filter: Omit<DeadLetterFilter, "unresolved">;
  readonly reason: string;
  /** Tells what would be sent again and sends nothing. @defaultValue false */
  readonly dryRun?: boolean;
  /** @defaultValue 50 */
  readonly ratePerSecond?: number;
  /** Letters of one call. @defaultValue 100, at most 500 */
  readonly limit?: number;
  /** `nextCursor` of the call before. */
  readonly cursor?: string;
  readonly idempotencyKey?: string;
}

export interface ReplayManyAnswer {
  readonly items: readonly {
    readonly id: string;
    readonly result: "replayed" | "would-replay" | "skipped" | "failed";
    readonly code?: string;
    readonly message?: string;
  }[];
  /** Absent when all were seen. */
  readonly nextCursor?: string;
  readonly dryRun: boolean;
}

/**
 * Reads and changes under a principal: an admin, or an operator with the grant
 * `AppDeadLetterManage(*)`, or `AppDeadLetterManage(APP)` for the letters of one app.
 */
export interface DeadLettersChanges extends DeadLettersService {
  /**
   * Sends what was put aside again, once, and marks the letter `replayed`. Its attempts begin anew;
   * nobody is told the answer of an ask. One that is resolved is refused, unless `again` is set.
   * @throws MusterError `DEAD_LETTER_NOT_FOUND`, `DEAD_LETTER_RESOLVED`,
   *   `DEAD_LETTER_NOT_REPLAYABLE`, `FORBIDDEN`, `VALIDATION` (missing reason), `BACKEND_UNAVAILABLE`
   */
  replay(
    id: string,
    change: DeadLetterChange & { readonly again?: boolean },
  ): Promise<{ readonly letter: DeadLetter; readonly changed: boolean }>;
  /**
   * Says what became of a letter; it makes room for new ones. Saying the same again changes nothing.
   * @throws MusterError `DEAD_LETTER_NOT_FOUND`, `DEAD_LETTER_RESOLVED`, `FORBIDDEN`, `VALIDATION`,
   *   `BACKEND_UNAVAILABLE`
   */
  resolve(
    id: string,
    change: DeadLetterChange & {
      /** @defaultValue "ignored" */
      readonly to?: "ignored" | "handled_by_script" | "handler_failed";
    },
  ): Promise<{ readonly letter: DeadLetter; readonly changed: boolean }>;
  /** Replays unresolved letters that match, oldest first, and tells what came of each. */
  replayMany(request: ReplayMany): Promise<ReplayManyAnswer>;
}
