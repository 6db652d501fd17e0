/** Stored letters as people see them. */
import { decodeHead, messagesOf } from "../engine/letter-record.ts";
import { decodeEffect } from "../engine/wire.ts";
import { parseActorKey } from "../model/actor-address.ts";
import type { LetterHead } from "../model/dead-letter.ts";
import { isoInstant } from "../model/instant.ts";
import { redactByName } from "../secrets.ts";
import type { DeadLetter } from "./model.ts";

/** Kind of the actors whose id is that of an app. */
const appKind = "app";

/** A letter written by a version that is not known here: it is shown, and nothing is said of it. */
const unknownHead: LetterHead = {
  work: "mail",
  reason: "unreadable",
  actor: undefined,
  command: undefined,
  sender: undefined,
  principal: undefined,
  attempts: 0,
  firstAt: 0,
  lastAt: 0,
  error: "the letter was written by a version that this node does not know",
  createdAt: 0,
  index: -1,
  resolution: undefined,
  replays: 0,
};

export const letterView = (
  shard: number,
  stored: { readonly id: string; readonly head: Uint8Array },
): DeadLetter => {
  const head = decodeHead(stored.head) ?? unknownHead;
  const { resolution } = head;
  const actor = head.actor === undefined ? undefined : parseActorKey(head.actor);
  return {
    id: stored.id,
    shard,
    source: "actor",
    appId: actor?.kind === appKind ? actor.id : null,
    work: head.work,
    reason: head.reason,
    kind: actor?.kind ?? null,
    actorId: actor?.id ?? null,
    command: head.command ?? null,
    sender: head.sender ?? null,
    principal: head.principal ?? null,
    attempts: head.attempts,
    firstAttemptAt: isoInstant(head.firstAt),
    lastAttemptAt: isoInstant(head.lastAt),
    lastError: head.error,
    createdAt: isoInstant(head.createdAt),
    resolution: resolution?.to ?? null,
    resolvedAt: resolution ? isoInstant(resolution.at) : null,
    resolvedBy: resolution?.by ?? null,
    resolvedReason: resolution?.reason ?? null,
    replays: head.replays,
  };
};

/** What was put aside, fit to be looked at, and whether it can be sent again. */
export const payloadOf = (
  stored: Uint8Array,
  body: Uint8Array,
): { readonly payload: unknown; readonly replayable: boolean } => {
  const head = decodeHead(stored);
  if (!head) return { payload: null, replayable: false };
  if (head.work === "effect") {
    const effect = decodeEffect(body);
    return { payload: effect ? redactByName(effect.input ?? null) : null, replayable: false };
  }
  const messages = messagesOf(head, body);
  if (messages.length === 0) return { payload: null, replayable: false };
  const payload =
    head.work === "mail"
      ? messages.map(({ kind, id, command, input }) => ({ kind, id, command, input }))
      : (messages[0]?.input ?? null);
  return { payload: redactByName(payload), replayable: true };
};
