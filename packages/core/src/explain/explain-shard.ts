/** Says why a shard is as it is, and what happens next. Pure. */
import { isoInstant } from "../model/instant.ts";
import { isGone, type NodeRecord } from "../model/node-record.ts";
import type { ShardSurvey } from "../ports/shard-survey.ts";
import type { ShardExplanation } from "./model.ts";

export interface ShardFacts {
  readonly survey: ShardSurvey;
  readonly nodes: readonly NodeRecord[];
  readonly placedOn: string | undefined;
  /** Redis time, ms. */
  readonly now: number;
}

type Told = Pick<ShardExplanation, "sentence" | "next" | "command">;

const told = (sentence: string, next: string, command: string | null = null): Told => ({
  sentence,
  next,
  command,
});

const unowned = (why: string, placedOn: string | undefined): Told =>
  placedOn === undefined
    ? told(
        `${why}, and no node may take it: none is up that is not drained`,
        "Nothing, until a node is there that takes shards.",
        "muster nodes",
      )
    : told(
        `${why}`,
        `${placedOn} claims it within seconds, reads its mailbox and goes on.`,
        "muster nodes",
      );

export const sentencesOf = ({ survey, nodes, placedOn }: ShardFacts): Told => {
  const { ownership, mail } = survey;
  const { owner, incarnation, released, claimId } = ownership;
  if (claimId === "none") return unowned("Nobody has ever owned it", placedOn);
  if (released) return unowned(`${owner} has given it back`, placedOn);
  const holder = nodes.find(({ id }) => id === owner);
  if (!holder) return unowned(`Its owner ${owner} is no node any more`, placedOn);
  if (holder.incarnation !== incarnation) {
    return unowned(`Its owner ${owner} has started anew`, placedOn);
  }
  if (isGone(holder.state)) return unowned(`Its owner ${owner} is ${holder.state}`, placedOn);
  if (ownership.historyId !== ownership.presentHistoryId) {
    return unowned("It was claimed under another run of Redis", placedOn);
  }
  const owned = `${owner} owns it under epoch ${ownership.epoch}`;
  if (placedOn !== undefined && placedOn !== owner) {
    const next = `${owner} hands it over to ${placedOn} within seconds.`;
    return told(`${owned}, and it should be with ${placedOn}`, next);
  }
  if (mail.count > 0) {
    const some = `${mail.count} mailbox ${mail.count === 1 ? "entry waits" : "entries wait"}`;
    return told(`${owned}; ${some}`, `${owner} handles them in order.`);
  }
  return told(`${owned}, and nothing waits`, "Nothing is to be done.");
};

/** The owner, as far as one is there that may act. */
export const ownerOf = ({ survey, nodes }: Pick<ShardFacts, "survey" | "nodes">): string | null => {
  const { owner, incarnation, released, claimId } = survey.ownership;
  if (claimId === "none" || released) return null;
  const holder = nodes.find(({ id }) => id === owner);
  return holder && holder.incarnation === incarnation && !isGone(holder.state) ? owner : null;
};

export const ageOf = (entry: string | undefined, now: number): number | null =>
  entry === undefined ? null : Math.max(0, now - Number(entry.split("-")[0]));

export const explainShard = (facts: ShardFacts): ShardExplanation => {
  const { survey, placedOn, now } = facts;
  const { ownership, mail } = survey;
  return {
    subject: `shard/${ownership.shard}`,
    shard: ownership.shard,
    owner: ownerOf(facts),
    epoch: ownership.epoch,
    seq: ownership.seq,
    placedOn: placedOn ?? null,
    mailbox: {
      entries: mail.count,
      messages: ownership.pending,
      oldestMs: ageOf(mail.oldest[0]?.id, now),
    },
    actors: survey.actors.count,
    timers: survey.timers.count,
    effects: survey.effects.count,
    unsent: survey.out.count,
    deadLetters: survey.letters.open,
    ...sentencesOf(facts),
    asOf: isoInstant(now),
  };
};
