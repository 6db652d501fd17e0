/** Says what there is of one actor. Pure. */
import { readState } from "../engine/actor-cell.ts";
import { decodeDeferral } from "../engine/deferral-record.ts";
import type { AnyKind } from "../engine/kinds.ts";
import { entryParts } from "../engine/mail-entry.ts";
import { decodeEffect, decodeTimer } from "../engine/wire.ts";
import { actorKey } from "../model/actor-address.ts";
import { isoInstant } from "../model/instant.ts";
import type { SurveyPart } from "../ports/shard-survey.ts";
import { redactByName } from "../secrets.ts";
import { ageOf, ownerOf, type ShardFacts } from "./explain-shard.ts";
import type { ActorExplanation } from "./model.ts";

export interface ActorFacts extends ShardFacts {
  readonly kind: AnyKind;
  readonly id: string;
  readonly deadLetters: readonly string[];
  /** Shows the state itself. */
  readonly withState: boolean;
}

/** What can be decoded and is of the actor. */
const ofActor = <T, R extends { readonly actor: string }>(
  part: SurveyPart<T>,
  actor: string,
  decode: (item: T) => R | undefined,
): readonly { readonly item: T; readonly record: R }[] | null =>
  part.items === "too-many"
    ? null
    : part.items.flatMap((item) => {
        const record = decode(item);
        return record?.actor === actor ? { item, record } : [];
      });

const stateOf = ({ survey, kind, id, withState }: ActorFacts): ActorExplanation["state"] => {
  const key = actorKey(kind.kind, id);
  const stored = survey.states.find(({ actor }) => actor === key)?.state;
  if (!stored) return { kind: "absent", bytes: 0 };
  const read = readState(kind, id, stored);
  const bytes = stored.byteLength;
  if (read.kind === "unreadable") return { kind: "unreadable", bytes, error: read.error };
  return { kind: "stored", bytes, ...(withState && { value: redactByName(read.state) ?? null }) };
};

/** Answers `undefined` for an actor of which there is nothing. */
export const explainActor = (facts: ActorFacts): ActorExplanation | undefined => {
  const { survey, kind, id, now, deadLetters } = facts;
  const key = actorKey(kind.kind, id);
  const { ownership } = survey;
  const waiting = survey.mail.oldest.flatMap((entry) =>
    entryParts(entry).flatMap(({ message }) =>
      message?.kind === kind.kind && message.id === id ? entry.id : [],
    ),
  );
  const timers = ofActor(survey.timers, key, ({ member }) => decodeTimer(member));
  const effects = ofActor(survey.effects, key, ({ record }) => decodeEffect(record));
  const asks = ofActor(survey.deferrals, key, ({ record }) => decodeDeferral(record));
  const state = stateOf(facts);
  const owner = ownerOf(facts);
  const isNothing =
    state.kind === "absent" && waiting.length === 0 && deadLetters.length === 0 && !asks?.length;
  if (isNothing) return undefined;
  const counted = (count: number | undefined, what: string): readonly string[] =>
    count === undefined || count === 0 ? [] : [`${count} ${what}${count === 1 ? "" : "s"}`];
  const has = [
    ...counted(waiting.length, "waiting message"),
    ...counted(timers?.length, "timer"),
    ...counted(effects?.length, "effect"),
    ...counted(asks?.length, "open ask"),
    ...counted(deadLetters.length, "dead letter"),
  ];
  const where = owner === null ? "its shard has no owner" : `${owner} runs it`;
  return {
    subject: `actor/${key}`,
    kind: kind.kind,
    id,
    shard: ownership.shard,
    owner,
    epoch: ownership.epoch,
    revision: ownership.seq,
    mailbox: { waiting: waiting.length, oldestMs: ageOf(waiting[0], now) },
    timers:
      timers?.map(({ item, record }) => ({
        name: record.name,
        command: record.command,
        dueAt: isoInstant(item.dueAt),
      })) ?? null,
    effects:
      effects?.map(({ record }) => ({
        effect: record.effect,
        id: record.id,
        attempts: record.attempts,
      })) ?? null,
    openAsks: asks?.length ?? null,
    deadLetters,
    state,
    sentence: `It lives in shard ${ownership.shard}: ${where}${has.length === 0 ? "" : `, with ${has.join(", ")}`}${state.kind === "unreadable" ? "; its state cannot be read, so its commands are refused" : ""}.`,
    asOf: isoInstant(now),
  };
};
