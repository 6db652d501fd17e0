/** What a shard holds, for its checks: the same facts as survey.lua reads. */

import { actorKey } from "../model/actor-address.ts";
import type { EntryId } from "../model/ids.ts";
import {
  type ShardSurvey,
  type SurveyPart,
  type SurveyRequest,
  surveyedMail,
} from "../ports/shard-survey.ts";
import { ownershipOf } from "./claim.ts";
import type { Link } from "./link.ts";

const firstEntry = "0-0" as EntryId;

const records = (map: ReadonlyMap<string, Uint8Array>) =>
  [...map].map(([id, record]) => ({ id, record }));

export const surveyShard = (
  link: Link,
  { shard, views, states, stateOf = [], limit }: SurveyRequest,
): ShardSurvey | { readonly kind: "lost" } => {
  const data = link.data.shards.get(shard);
  if (!data) return { kind: "lost" };
  const part = <T>(items: readonly T[]): SurveyPart<T> => ({
    count: items.length,
    items: items.length > limit ? "too-many" : items,
  });
  const actors = part([...data.states.keys()]);
  const wanted = states.map((kind) => actorKey(kind, ""));
  const { dead } = data;
  return {
    kind: "surveyed",
    ownership: ownershipOf(link, shard, data),
    outId: data.own.outId,
    mail: {
      count: data.mail.size,
      oldest: data.mail.read(firstEntry, surveyedMail).entries,
    },
    partial: part([...data.partial.keys()]),
    actors,
    states: [
      ...(actors.items === "too-many"
        ? []
        : [...data.states].flatMap(([actor, state]) =>
            wanted.some((prefix) => actor.startsWith(prefix)) ? { actor, state } : [],
          )),
      ...stateOf.flatMap((actor) => {
        const state = data.states.get(actor);
        return state ? { actor, state } : [];
      }),
    ],
    timers: part([...data.timers.values()]),
    effects: part(records(data.effects)),
    deferrals: part(records(data.deferrals)),
    out: part([...data.out.values()].map(({ target, outId, n }) => ({ target, outId, n }))),
    outNumbers: new Map(data.outNumbers),
    views: views.map((kind) => {
      const known = data.views.get(kind);
      return { n: known?.n ?? 0, rows: part(known ? records(known.rows) : []) };
    }),
    replies: { kept: data.replies.size, expiring: data.replies.size },
    letters: {
      open: dead.open,
      resolved: dead.total - dead.open,
      heads: dead.total,
      bodies: dead.total,
    },
  };
};
