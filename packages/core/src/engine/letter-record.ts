/** The bytes of dead letters: heads, and the messages within bodies. Read as what comes from outside (I8). */
import { decode, encode } from "../codec.ts";
import { deadReasons, deadWorks, type LetterHead, resolutions } from "../model/dead-letter.ts";
import type { ActorKey } from "../model/ids.ts";
import type { Message } from "../model/message.ts";
import { decodeBatch, decodeMessage, encodeMessage } from "./wire.ts";

const version = 1;
const isText = (value: unknown): value is string => typeof value === "string";
const isNumber = (value: unknown): value is number => typeof value === "number";
const textOf = (value: unknown): string | undefined => (isText(value) ? value : undefined);

export const encodeHead = (head: LetterHead): Uint8Array => {
  const { resolution } = head;
  return encode([
    version,
    head.work,
    head.reason,
    head.actor ?? null,
    head.command ?? null,
    head.sender ?? null,
    head.principal ?? null,
    head.attempts,
    head.firstAt,
    head.lastAt,
    head.error,
    head.createdAt,
    head.index,
    resolution ? [resolution.to, resolution.at, resolution.by ?? null, resolution.reason] : null,
    head.replays,
  ]);
};

const resolutionOf = (packed: unknown): LetterHead["resolution"] => {
  if (!Array.isArray(packed)) return undefined;
  const to = resolutions.find((each) => each === packed[0]);
  const [, at, by, reason] = packed;
  if (!to || !isNumber(at) || !isText(reason)) return undefined;
  return { to, at, by: textOf(by), reason };
};

export const decodeHead = (bytes: Uint8Array): LetterHead | undefined => {
  const decoded = decode(bytes);
  if (decoded.kind === "corrupt" || !Array.isArray(decoded.value)) return undefined;
  const [known, work, reason, actor, command, sender, principal, ...rest] = decoded.value;
  const [attempts, firstAt, lastAt, error, createdAt, index, resolution, replays] = rest;
  const kind = deadWorks.find((each) => each === work);
  const why = deadReasons.find((each) => each === reason);
  const numbers = [attempts, firstAt, lastAt, createdAt, index, replays];
  if (known !== version || !kind || !why || !numbers.every(isNumber) || !isText(error)) {
    return undefined;
  }
  return {
    work: kind,
    reason: why,
    actor: textOf(actor) as ActorKey | undefined,
    command: textOf(command),
    sender: textOf(sender),
    principal: textOf(principal),
    attempts,
    firstAt,
    lastAt,
    error,
    createdAt,
    index,
    resolution: resolutionOf(resolution),
    replays,
  };
};

/** What is kept of a message that is put aside; an input that cannot be written is left out. */
export const encodeAside = (message: Message): Uint8Array => {
  const { replyTo: _, effectId: __, tried: ___, ...kept } = message;
  try {
    return encodeMessage(kept);
  } catch {
    return encodeMessage({ ...kept, input: null });
  }
};

/**
 * The messages that a letter can be sent as: those of a batch that was not understood then and is
 * now; none where there is nothing to send.
 */
export const messagesOf = (head: LetterHead, body: Uint8Array): readonly Message[] => {
  switch (head.work) {
    case "message":
    case "timer": {
      const message = decodeMessage(body, head.sender ?? "");
      return message ? [message] : [];
    }
    case "mail": {
      const batch = decodeBatch(body);
      if (batch.kind === "corrupt") return [];
      const wanted = head.index < 0 ? batch.messages : [batch.messages[head.index]];
      const understood = wanted.filter((message) => message !== undefined);
      return understood.length === wanted.length ? understood : [];
    }
    case "effect":
    case "ask":
      return [];
  }
};
