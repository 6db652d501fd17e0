/**
 * Takes over what a former owner left: timers, effects, deferred asks, messages under way. What
 * cannot be understood is put aside, and so are effects that no process survived (I8).
 */

import { verdictOn } from "./crash-verdict.ts";
import type { Grant, OwnerParts } from "./owner-parts.ts";
import { judgeEffect } from "./suspicion.ts";
import { effectWork } from "./tries.ts";
import { decodeEffect, type EffectRecord } from "./wire.ts";

const takeEffect = (parts: OwnerParts, grant: Grant, id: string, record: EffectRecord): void => {
  const { effects, book, asides } = parts;
  const { unclean, notBefore } = grant;
  const tries = book.get(effectWork(id));
  const suspicion = judgeEffect(record.epoch, tries, unclean);
  const verdict = tries && verdictOn(tries, suspicion, unclean);
  if (verdict && effects.knows(record)) {
    effects.note(id, record);
    asides.effect(id, record, tries, verdict, (letter) =>
      effects.giveUp(id, record, `${verdict.reason}: ${verdict.error}`, letter),
    );
    return;
  }
  const probe = suspicion === "together" || suspicion === "alone" ? suspicion : undefined;
  effects.adopt(id, record, notBefore, probe);
};

export const takeOver = (parts: OwnerParts, grant: Grant): void => {
  const { line, timers, deferrals, asides, outbox } = parts;
  const { image } = grant;
  for (const member of timers.load(image.timers)) {
    const id = String.fromCharCode(...member.subarray(0, 256));
    asides.unreadable("timer", id, member, () => line.batch.timersRemoved.push(member));
  }
  for (const { id, record } of image.effects) {
    const effect = decodeEffect(record);
    if (effect) takeEffect(parts, grant, id, effect);
    else {
      asides.unreadable("effect", id, record, () => line.batch.effectsRemoved.add(id));
    }
  }
  for (const { id, record } of deferrals.load(image.deferrals)) {
    asides.unreadable("ask", id, record, () => line.batch.deferralsRemoved.add(id));
  }
  outbox.sendAll();
  timers.arm();
};
