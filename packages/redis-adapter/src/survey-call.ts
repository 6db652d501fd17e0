/** Reads what a shard holds, for its checks. */
import {
  type ActorKey,
  actorKey,
  type EntryId,
  type OutId,
  type ShardStore,
  type ShardSurvey,
  type SurveyPart,
  surveyedMail,
  type Timer,
} from "@muster/core/ports";
import type { Reply } from "./link.ts";
import { mailEntry, outMessage } from "./mailbox-calls.ts";
import { ownershipOf } from "./ownership-calls.ts";
import { eachPair, list, number, statusOf, text } from "./reply.ts";
import { scripts } from "./scripts.generated.ts";
import type { StoreContext } from "./store-context.ts";

/** A part as the script gives it; the nameless entry that holds the key's place is none. */
const partOf = <T>(
  reply: Reply | undefined,
  itemsOf: (entries: Reply) => readonly T[],
): SurveyPart<T> => {
  const [count, entries] = list(reply);
  return {
    count: number(count),
    items: entries === undefined ? "too-many" : itemsOf(entries),
  };
};

const namesOf = (entries: Reply): readonly string[] =>
  list(entries)
    .map((name) => text(name))
    .filter((name) => name !== "");

const recordsOf = (entries: Reply) => {
  const records: { id: string; record: Uint8Array }[] = [];
  eachPair(entries, (id, record) => records.push({ id: text(id), record }));
  return records;
};

const timersOf = (entries: Reply): readonly Timer[] => {
  const timers: Timer[] = [];
  eachPair(entries, (member, due) => timers.push({ member, dueAt: Number(text(due)) }));
  return timers;
};

export const surveyCall = ({ keys, run }: StoreContext): Pick<ShardStore, "survey"> => ({
  survey: async ({ shard, views, states, stateOf = [], limit }) => {
    const k = keys.shard(shard);
    const answer = await run({
      script: scripts.survey,
      keys: [
        ...[k.own, k.mail, k.part, k.states, k.due, k.fx, k.out, k.outn, k.asks, k.idem, k.idemx],
        ...[k.dead, k.deadb, k.deado, k.deadr, k.ver],
        ...views.map((kind) => k.view(kind)),
      ],
      args: [
        ...[String(limit), String(surveyedMail), String(views.length), ...views],
        ...[String(states.length), ...states.map((kind) => actorKey(kind, ""))],
        ...stateOf,
      ],
    });
    if (statusOf(answer) === "lost") return { kind: "lost" };
    const [, ownership, history, outId, mailCount, oldest, partial, actors, found, ...rest] =
      answer;
    const [timers, effects, out, outNumbers, deferrals, replies, letters, ...rows] = rest;
    const stored: { actor: ActorKey; state: Uint8Array }[] = [];
    eachPair(found, (actor, state) => stored.push({ actor: text(actor) as ActorKey, state }));
    const numbers = new Map<number, number>();
    eachPair(outNumbers, (target, n) => numbers.set(Number(text(target)), number(n)));
    const [kept, expiring] = list(replies).map(number);
    const [open, resolved, heads, bodies] = list(letters).map(number);
    return {
      kind: "surveyed",
      ownership: ownershipOf(shard, list(ownership), history),
      outId: text(outId) as OutId,
      mail: { count: number(mailCount), oldest: list(oldest).map(mailEntry) },
      partial: partOf(partial, (entries) => namesOf(entries) as readonly EntryId[]),
      actors: partOf(actors, (entries) => namesOf(entries) as readonly ActorKey[]),
      states: stored,
      timers: partOf(timers, timersOf),
      effects: partOf(effects, recordsOf),
      deferrals: partOf(deferrals, recordsOf),
      out: partOf(out, (entries) =>
        namesOf(entries).map((field) => {
          const { target, outId, n } = outMessage(field, Buffer.alloc(0));
          return { target, outId, n };
        }),
      ),
      outNumbers: numbers,
      views: views.map((_, i) => ({
        n: number(rows[2 * i]),
        rows: partOf(rows[2 * i + 1], recordsOf),
      })),
      replies: { kept: kept ?? 0, expiring: expiring ?? 0 },
      letters: {
        open: open ?? 0,
        resolved: resolved ?? 0,
        heads: heads ?? 0,
        bodies: bodies ?? 0,
      },
    } satisfies ShardSurvey;
  },
});
