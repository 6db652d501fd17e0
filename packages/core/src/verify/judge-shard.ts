/** Judges what one shard holds, as read in one step. Pure. */
import { decodeDeferral } from "../engine/deferral-record.ts";
import { entryParts } from "../engine/mail-entry.ts";
import { decodeEffect, decodeTimer } from "../engine/wire.ts";
import type { ActorKey } from "../model/ids.ts";
import type { ShardSurvey, SurveyPart } from "../ports/shard-survey.ts";
import type { Findings, VerifyCheck } from "./model.ts";

export interface ShardBounds {
  readonly repliesPerShard: number;
  readonly lettersPerShard: number;
}

const restore =
  "Restore the key from a backup of Redis if there is one; otherwise delete the entry named.";

const itemsOf = <T>(part: SurveyPart<T>, check: VerifyCheck, into: Findings): readonly T[] => {
  if (part.items === "too-many") {
    into.skip(check, part.count);
    return [];
  }
  into.look(check, part.items.length);
  return part.items;
};

export const judgeShard = (survey: ShardSurvey, bounds: ShardBounds, into: Findings): void => {
  const shard = survey.ownership.shard;
  const here = `shard/${shard}`;
  const known: ReadonlySet<ActorKey> | undefined =
    survey.actors.items === "too-many" ? undefined : new Set(survey.actors.items);

  const ofActor = (check: VerifyCheck, what: string, actor: ActorKey | undefined): void => {
    if (actor === undefined) {
      into.find(check, here, `${what} cannot be read`, restore);
    } else if (known && !known.has(actor)) {
      const message = `${what} belongs to the actor ${actor}, of which there is no state`;
      into.find(check, `actor/${actor}`, message, restore);
    }
  };
  for (const { member } of itemsOf(survey.timers, "timers", into)) {
    const timer = decodeTimer(member);
    ofActor("timers", timer ? `the timer "${timer.name}"` : "a timer", timer?.actor);
  }
  for (const { id, record } of itemsOf(survey.effects, "effects", into)) {
    const effect = decodeEffect(record);
    ofActor("effects", effect ? `the effect "${effect.effect}"` : nameOf(id), effect?.actor);
  }
  for (const { id, record } of itemsOf(survey.deferrals, "deferrals", into)) {
    const open = decodeDeferral(record);
    ofActor("deferrals", `the open ask ${JSON.stringify(id)}`, open?.actor);
  }

  judgeMail(survey, here, into);

  for (const { target, outId, n } of itemsOf(survey.out, "outbox", into)) {
    const given = survey.outNumbers.get(target) ?? 0;
    if (!(Number.isSafeInteger(n) && n > 0)) {
      into.find("outbox", here, "a message for another shard has no number", restore);
    } else if (outId === survey.outId && n > given) {
      const message = `message ${n} for ${target < 0 ? "the events" : `shard ${target}`} waits, and only ${given} numbers were given`;
      into.find("outbox", here, message, "Restart the node that owns the shard.");
    }
  }

  const { kept, expiring } = survey.replies;
  into.look("replies", kept);
  if (kept !== expiring) {
    const message = `${kept} replies are kept and ${expiring} have an expiry`;
    into.find(
      "replies",
      here,
      message,
      "None: each ends with its expiry; keep an eye on the number.",
    );
  }
  if (kept > bounds.repliesPerShard) {
    const message = `${kept} replies are kept, and ${bounds.repliesPerShard} may be`;
    into.find("replies", here, message, "Give all nodes the same `idempotencyPerShard`.");
  }

  const { open, resolved, heads, bodies } = survey.letters;
  into.look("dead-letters", heads);
  if (open + resolved !== heads || heads !== bodies) {
    const message = `${open} open and ${resolved} resolved dead letters are listed, with ${heads} heads and ${bodies} bodies`;
    into.find("dead-letters", here, message, restore);
  }
  if (heads > bounds.lettersPerShard) {
    const message = `${heads} dead letters are kept, and ${bounds.lettersPerShard} may be`;
    into.find("dead-letters", here, message, "Give all nodes the same `deadLettersPerShard`.");
  }
};

const nameOf = (id: string): string => `the record ${JSON.stringify(id.slice(0, 200))}`;

const judgeMail = (survey: ShardSurvey, here: string, into: Findings): void => {
  const { count, oldest } = survey.mail;
  into.look("mailboxes", oldest.length);
  into.skip("mailboxes", count - oldest.length);
  let messages = 0;
  for (const entry of oldest) {
    const parts = entryParts(entry);
    messages += parts.length;
    const unreadable = parts.filter(({ message }) => !message).length;
    if (unreadable === 0) continue;
    into.find(
      "mailboxes",
      here,
      `${unreadable} of ${parts.length} messages of the mailbox entry ${entry.id} cannot be read`,
      "Its owner puts them aside as dead letters: see muster dead-letters. If they stay, is the shard owned?",
    );
  }
  const { pending } = survey.ownership;
  if (count === oldest.length && pending > messages) {
    const message = `${pending} messages are counted as waiting, and the mailbox holds ${messages}`;
    into.find("mailboxes", here, message, "None: an empty mailbox sets the count right.");
  }
  const partial = itemsOf(survey.partial, "partial", into);
  if (count > oldest.length) return;
  const there = new Set(oldest.map(({ id }) => id));
  for (const id of partial) {
    if (there.has(id)) continue;
    const message = `something is remembered of the mailbox entry ${id}, which is not there`;
    into.find("partial", here, message, restore);
  }
};
