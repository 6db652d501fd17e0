/** Judges the list rows of one shard against the actors they are of, and the intents of apps. Pure. */
import type { z } from "zod";
import { decode } from "../codec.ts";
import { readState } from "../engine/actor-cell.ts";
import type { AnyKind } from "../engine/kinds.ts";
import { actorKey, parseActorKey } from "../model/actor-address.ts";
import type { ShardSurvey } from "../ports/shard-survey.ts";
import type { Findings } from "./model.ts";

/** A kind whose rows are looked at; one of the engine's own has no actor for each row. */
export interface RowKind {
  readonly name: string;
  readonly schema: z.ZodType | undefined;
  readonly kind: AnyKind | undefined;
}

export interface RowFacts {
  readonly survey: ShardSurvey;
  /** As the survey was asked for them. */
  readonly kinds: readonly RowKind[];
  /** Kind whose states are intents. */
  readonly intents: string;
  /** Version of a kind in this shard that this node shows, read before the survey. */
  shown(kind: string): { readonly historyId: string; readonly n: number } | undefined;
}

const rewrite =
  "A change of the actor writes its row anew; if it cannot, restore the key from a backup.";

/** What names an intent; other fields of a row may be of an older release. */
const intentOf = (row: unknown): string => {
  const { intentId, generation } = (row ?? {}) as { intentId?: unknown; generation?: unknown };
  return row === undefined ? "none" : `${String(generation)} ${String(intentId)}`;
};

export const judgeRows = (facts: RowFacts, into: Findings): void => {
  const { survey, kinds } = facts;
  const { shard, presentHistoryId } = survey.ownership;
  const here = `shard/${shard}`;
  const actors = survey.actors.items === "too-many" ? undefined : new Set(survey.actors.items);
  for (const [i, { name, schema, kind }] of kinds.entries()) {
    const view = survey.views[i];
    if (!view) continue;
    const shown = facts.shown(name);
    into.look("versions", 1);
    if (shown && shown.historyId === presentHistoryId && shown.n > view.n) {
      const message = `this node shows version ${shown.n} of the rows "${name}", and ${view.n} is stored`;
      into.find(
        "versions",
        here,
        message,
        "Rows went back: see muster losses, then restart the node.",
      );
    }
    if (view.n === 0 && view.rows.count > 0) {
      const message = `${view.rows.count} rows "${name}" have no version`;
      into.find("versions", here, message, rewrite);
    }
    if (view.rows.items === "too-many") {
      into.skip("rows", view.rows.count);
      continue;
    }
    into.look("rows", view.rows.items.length);
    for (const { id, record } of view.rows.items) {
      const subject = kind ? `actor/${actorKey(name, id)}` : here;
      const decoded = decode(record);
      const fits = decoded.kind !== "corrupt" && (schema?.safeParse(decoded.value).success ?? true);
      if (!fits) {
        const message = `the row of ${JSON.stringify(id)} among the rows "${name}" cannot be read`;
        into.find("rows", subject, message, rewrite);
      } else if (kind && actors && !actors.has(actorKey(name, id))) {
        const message = `there is a row of the actor ${actorKey(name, id)}, and no state`;
        into.find("rows", subject, message, "Restore the state from a backup, or delete the row.");
      }
    }
  }
  judgeIntents(facts, into);
};

const judgeIntents = ({ survey, kinds, intents }: RowFacts, into: Findings): void => {
  const at = kinds.findIndex(({ name }) => name === intents);
  const kind = kinds[at]?.kind;
  const rows = survey.views[at]?.rows.items;
  if (!kind) return;
  if (survey.actors.items === "too-many") into.skip("intents", survey.actors.count);
  const byId =
    rows === undefined || rows === "too-many"
      ? undefined
      : new Map(rows.map(({ id, record }) => [id, record]));
  for (const { actor, state } of survey.states) {
    into.look("intents", 1);
    const { id } = parseActorKey(actor);
    const read = readState(kind, id, state);
    if (read.kind === "unreadable") {
      const message = `the intent of the app ${id} cannot be read: ${read.error}`;
      into.find(
        "intents",
        `actor/${actor}`,
        message,
        read.isNewer
          ? "Upgrade this node, or ask one that is."
          : "Restore the state from a backup; nodes go on with the intent they have.",
      );
      continue;
    }
    if (!byId) continue;
    const stored = byId.get(id);
    const decoded = stored && decode(stored);
    // What cannot be read has been told of as a row.
    if (decoded?.kind === "corrupt") continue;
    const wanted = kind.implementation.view?.(read.state, id);
    if (intentOf(wanted) === intentOf(decoded?.value)) continue;
    const message =
      stored === undefined
        ? `the app ${id} has an intent, and no row by which nodes follow it`
        : wanted === undefined
          ? `the app ${id} is gone, and its row is still there`
          : `the row of the app ${id} does not tell its intent`;
    into.find(
      "intents",
      `actor/${actor}`,
      message,
      "Change the app by any command: its row is written anew.",
    );
  }
};
