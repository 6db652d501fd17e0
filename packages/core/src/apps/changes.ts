/** Changes of apps under one principal: validates, asks the app's actor, waits for the row. */

import type { z } from "zod";
import type { ActorRef, AskOptions } from "../define-actor.ts";
import type { MusterError } from "../errors.ts";
import { parseInstant } from "../model/instant.ts";
import { type Principal, requireReason, requireRole } from "../principal.ts";
import type {
  AppChange,
  AppChanged,
  AppHoldChange,
  AppsChanges,
  AppsReconcile,
  AppsService,
} from "../services.ts";
import type { IntentRefusal } from "./change-intent.ts";
import {
  ackInput,
  changeInput,
  type IntentAnswer,
  installInput,
  licenceInput,
  manageInput,
  pauseInput,
  settingsInput,
  uninstallInput,
  updateInput,
} from "./commands.ts";
import { type AppIntentRow, appId } from "./intent.ts";
import type { AppSummary } from "./model.ts";
import type { AppChangeCommand, AppCommands } from "./protocol.ts";
import { fieldErrorsOf, invalidInput, refusalError } from "./refusals.ts";

interface AppsChangesSources {
  readonly principal: Principal;
  readonly reads: AppsService & {
    summaryOf(intent: AppIntentRow): AppSummary;
    driftCauses(id: string): readonly string[];
  };
  actor(id: string): ActorRef<AppCommands>;
  /** Resolves when this node's view has the row or a newer one (see {@link hasReached}). */
  waitForRow(row: AppIntentRow): Promise<void>;
  /** Redis time, epoch milliseconds. */
  now(): number;
}

/** How long a repeat of a change with its key gets the first answer. */
const keepKeyMs = 86_400_000;
/** Longest time for which something may be held, in milliseconds. */
const maxHoldMs = 366 * 86_400_000;

/** Tells whether the row in a view is the one a command answered, or a later one. */
export const hasReached = (
  inView: AppIntentRow | undefined,
  row: Pick<AppIntentRow, "intentId" | "generation" | "revision">,
): boolean =>
  inView !== undefined &&
  (inView.generation > row.generation ||
    (inView.intentId === row.intentId && inView.revision >= row.revision));

type Answer =
  | { readonly ok: true; readonly value: IntentAnswer }
  | { readonly ok: false; readonly refusal: IntentRefusal };

/** Builds the changes of `muster.as(principal).apps`. */
export const createAppsChanges = (
  sources: AppsChangesSources,
): Omit<AppsChanges, keyof AppsReconcile> => {
  const { principal, reads } = sources;

  const allow = (op: string, id: string, reason: unknown): void => {
    requireRole(principal, "operator", op);
    const parsed = appId.safeParse(id);
    if (!parsed.success) throw invalidInput(op, fieldErrorsOf(parsed.error, "id"));
    requireReason(reason, op);
  };

  const options = (idempotencyKey: string | undefined): AskOptions => ({
    principal,
    failFast: true,
    keepKeyMs,
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  });

  const refused = (op: string, id: string, refusal: IntentRefusal): MusterError => {
    const there = reads.list({ q: id }).items.find((app) => app.id === id);
    return refusalError(op, id, refusal, there);
  };

  /** Sends a command whose input the schema lets through. */
  const send = async (
    command: AppChangeCommand,
    schema: z.ZodType,
    id: string,
    { idempotencyKey, ...given }: AppChange,
  ): Promise<AppChanged> => {
    const op = `apps.${command}`;
    const parsed = schema.safeParse(given);
    if (!parsed.success) throw invalidInput(op, fieldErrorsOf(parsed.error));
    const ask = sources.actor(id).ask[command] as (
      input: unknown,
      options: AskOptions,
    ) => Promise<Answer>;
    const answer = await ask(parsed.data, options(idempotencyKey));
    if (!answer.ok) throw refused(op, id, answer.refusal);
    const { app, changed } = answer.value;
    await sources.waitForRow(app);
    return { app: reads.summaryOf(app), changed };
  };

  const change =
    <I extends z.ZodType>(command: AppChangeCommand, schema: I) =>
    async (id: string, given: z.input<I> & AppChange): Promise<AppChanged> => {
      allow(`apps.${command}`, id, given.reason);
      return send(command, schema, id, given);
    };

  /** What holds for a while needs an end that lies ahead, and not too far. */
  const hold = (op: string, { until, ...given }: AppHoldChange) => {
    const at = typeof until === "string" ? parseInstant(until) : undefined;
    const ahead = (at ?? 0) - sources.now();
    const wrong =
      at === undefined
        ? "must be an instant such as 2026-05-01T12:00:00Z"
        : ahead <= 0
          ? "must be in the future"
          : ahead > maxHoldMs
            ? "must be within 366 days"
            : undefined;
    if (wrong !== undefined) throw invalidInput(op, { until: wrong });
    return { ...given, until: at };
  };

  return {
    ...reads,
    install: ({ id, ...given }) => change("install", installInput)(id, given),
    enable: change("enable", changeInput),
    disable: change("disable", changeInput),
    update: change("update", updateInput),
    rollback: change("rollback", changeInput),
    uninstall: change("uninstall", uninstallInput),
    settings: change("settings", settingsInput),
    licence: change("licence", licenceInput),
    manage: change("manage", manageInput),
    pause: async (id, given) => {
      allow("apps.pause", id, given.reason);
      return send("pause", pauseInput, id, hold("apps.pause", given));
    },
    resume: change("resume", changeInput),
    ackDrift: async (id, given) => {
      const op = "apps.ackDrift";
      allow(op, id, given.reason);
      const held = hold(op, given);
      const causes = reads.driftCauses(id);
      if (causes.length === 0) throw refused(op, id, "no-drift");
      return send("ackDrift", ackInput, id, { ...held, causes } as AppChange);
    },
  };
};
