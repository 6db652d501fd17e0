/**
 * Dead letters as actors of the engine's own, one for each, in the shard that holds it: what is done
 * about a letter is a command like any other, fenced, deduplicated and answered. Its state is the
 * stored letter; only the owner's `LetterDesk` reads and writes it.
 */
import { z } from "zod";
import { defineActor } from "../define-actor.ts";
import { type LetterHead, type Resolution, resolutions } from "../model/dead-letter.ts";
import type { Message } from "../model/message.ts";
import type { AnyKind } from "./kinds.ts";
import { encodeHead, messagesOf } from "./letter-record.ts";

/** No user's kind can have this name. */
export const letterKind = "$dead-letters";

/** A letter as its commands see it. */
export type LetterState =
  | "absent"
  | {
      readonly head: LetterHead;
      readonly body: Uint8Array;
      /** Set by a turn that sends them again. */
      readonly sends?: readonly Message[];
    };

const state = z.custom<LetterState>((value) => value === "absent" || typeof value === "object");
const reason = z.string().min(1).max(500);
/** The head of the letter as it is then, encoded. */
const head = z.custom<Uint8Array>((value) => value instanceof Uint8Array);

const named = defineActor({
  kind: "dead-letters",
  state,
  commands: {
    resolve: {
      input: z.strictObject({ to: z.enum(resolutions), reason }),
      output: head,
      refusals: ["not-found", "resolved"],
    },
    /** `again`: also when it was resolved before. */
    replay: {
      input: z.strictObject({ reason, again: z.boolean() }),
      output: head,
      refusals: ["not-found", "resolved", "not-replayable"],
    },
  },
});

export const letterProtocol = { ...named, kind: letterKind };

const resolved = (
  before: LetterHead,
  to: Resolution,
  facts: { readonly now: number; readonly principal: string | undefined },
  why: string,
): LetterHead => ({
  ...before,
  resolution: { to, at: facts.now, by: facts.principal, reason: why },
});

const behaviour = named.implement({
  initial: () => "absent",
  on: {
    resolve: (turn, letter, input, facts) => {
      if (letter === "absent") return turn.refuse("not-found");
      const { head: before, body } = letter;
      if (before.resolution?.to === input.to) return turn.reply(encodeHead(before));
      if (before.resolution) return turn.refuse("resolved");
      const after = resolved(before, input.to, facts, input.reason);
      const event = {
        type: "dead_letter.resolved",
        data: { letter: facts.self.id, to: input.to },
        reason: input.reason,
      };
      return turn.next({ head: after, body }, { events: [event] }).reply(encodeHead(after));
    },
    replay: (turn, letter, input, facts) => {
      if (letter === "absent") return turn.refuse("not-found");
      const { head: before, body } = letter;
      if (before.resolution && !input.again) return turn.refuse("resolved");
      const sends = messagesOf(before, body);
      if (sends.length === 0) return turn.refuse("not-replayable");
      const after = {
        ...resolved(before, "replayed", facts, input.reason),
        replays: before.replays + 1,
      };
      const event = {
        type: "dead_letter.replayed",
        data: { letter: facts.self.id, replays: after.replays },
        reason: input.reason,
      };
      return turn.next({ head: after, body, sends }, { events: [event] }).reply(encodeHead(after));
    },
  },
});

export const Letters = { ...behaviour, kind: letterKind } as unknown as AnyKind;
