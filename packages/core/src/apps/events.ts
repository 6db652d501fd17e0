/** User-visible events of apps, as history and audit keep them: settings and licence stay out. */
import type { ActorEvent } from "../define-actor.ts";
import type { BuiltInEventType } from "../model/event.ts";
import type { ChangedIntent } from "./change-intent.ts";
import type { AppChangeKind, AppIntentRow } from "./intent.ts";
import { settingsHash } from "./settings.ts";

type AppEventType = Extract<BuiltInEventType, `app.${string}`>;

const types: Readonly<Partial<Record<AppChangeKind, AppEventType>>> = {
  promoted: "app.rollout.promoted",
  halted: "app.rollout.halted",
  purged: "app.purged",
  paused: "app.paused",
  resumed: "app.resumed",
  pause_ended: "app.resumed",
  drift_acknowledged: "app.drift.acknowledged",
  acknowledgement_ended: "app.drift.acknowledgement-ended",
  migration_noted: "app.migrated",
};

/** What events and audit carry of an intent. */
const eventPart = (intent: AppIntentRow) => ({
  desiredStatus: intent.desiredStatus,
  version: intent.version,
  management: intent.management,
  settingsHash: settingsHash(intent.settings),
  hasLicence: intent.licence !== null,
  generation: intent.generation,
  intentId: intent.intentId,
  ...(intent.rollout && { rollout: intent.rollout.phase }),
  ...(intent.paused && { pausedUntil: intent.paused.until, owner: intent.paused.owner }),
  ...(intent.ack && { acknowledgedUntil: intent.ack.until, owner: intent.ack.owner }),
});

/** The event of a change: who, why, and what it was before and after. */
export const appEvent = ({ by, change, next, previous, reason }: ChangedIntent): ActorEvent => ({
  type: types[change] ?? "app.intent.changed",
  reason,
  data: { change, by, previous: previous && eventPart(previous), next: eventPart(next) },
});
