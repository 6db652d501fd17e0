/** What a shard holds, read as one step for whoever checks it; nothing of it is acted upon. */
import type { ActorKey, EntryId, OutId, ShardId } from "../model/ids.ts";
import type { MailEntry, OutMessage, Ownership, Timer } from "./shard-store.ts";

/** Entries of one kind; where there are more than were asked for, they are counted alone. */
export interface SurveyPart<T> {
  readonly count: number;
  readonly items: readonly T[] | "too-many";
}

export interface SurveyRecord {
  readonly id: string;
  readonly record: Uint8Array;
}

export interface SurveyRequest {
  readonly shard: ShardId;
  /** Kinds whose list rows are read. */
  readonly views: readonly string[];
  /** Kinds whose states are read, where there are not too many actors. */
  readonly states: readonly string[];
  /** Actors whose states are read. @defaultValue none */
  readonly stateOf?: readonly ActorKey[];
  /** Most entries of one part that are listed. */
  readonly limit: number;
}

export interface ShardSurvey {
  readonly kind: "surveyed";
  readonly ownership: Ownership;
  /** Numbering of the messages for other shards. */
  readonly outId: OutId | "none";
  /** The oldest entries are listed, however many there are. */
  readonly mail: { readonly count: number; readonly oldest: readonly MailEntry[] };
  /** Entries of which something is remembered. */
  readonly partial: SurveyPart<EntryId>;
  readonly actors: SurveyPart<ActorKey>;
  /** States of the kinds and of the actors asked for. */
  readonly states: readonly { readonly actor: ActorKey; readonly state: Uint8Array }[];
  readonly timers: SurveyPart<Timer>;
  readonly effects: SurveyPart<SurveyRecord>;
  readonly deferrals: SurveyPart<SurveyRecord>;
  readonly out: SurveyPart<Omit<OutMessage, "payload">>;
  readonly outNumbers: ReadonlyMap<ShardId, number>;
  /** In the order asked for; the number is that of the version. */
  readonly views: readonly { readonly n: number; readonly rows: SurveyPart<SurveyRecord> }[];
  /** Replies kept, and how many of them have an expiry. */
  readonly replies: { readonly kept: number; readonly expiring: number };
  /** Dead letters: those listed as open and as resolved, heads, bodies. */
  readonly letters: {
    readonly open: number;
    readonly resolved: number;
    readonly heads: number;
    readonly bodies: number;
  };
}

/** Entries of a mailbox that a survey lists. */
export const surveyedMail = 100;
