/** Changes of apps under one principal: validates, asks the app's actor, waits for the row. */

import type { z } from "zod";
import type { ActorRef, AskOptions } from "../define-actor.ts";
import { MusterError } from "../errors.ts";
import { type Principal, requireReason, requireRole } from "../principal.ts";
import type {
  AppChange,
  AppChanged,
  AppsChanges,
  AppsReconcile,
  AppsService,
} from "../services.ts";
import type { AppCommands } from "./actor.ts";
import type { IntentRefusal } from "./change-intent.ts";
import {
  type AppIntentRow,
  appId,
  changeInput,
  type IntentAnswer,
  installInput,
  licenceInput,
  manageInput,
  settingsInput,
} from "./intent.ts";
import type { AppSummary } from "./model.ts";

interface AppsChangesSources {
  readonly principal: Principal;
  readonly reads: AppsService & { summaryOf(intent: AppIntentRow): AppSummary };
  actor(id: string): ActorRef<AppCommands>;
  /** Resolves when this node's view has the row or a newer one (see {@link hasReached}). */
  waitForRow(row: AppIntentRow): Promise<void>;
}

/** How long a repeat of a change with its key gets the first answer. */
const keepKeyMs = 86_400_000;

/** Tells whether the row in a view is the one a command answered, or a later one. */
export const hasReached = (
  inView: AppIntentRow | undefined,
  row: Pick<AppIntentRow, "intentId" | "generation">,
): boolean =>
  inView !== undefined && (inView.intentId === row.intentId || inView.generation > row.generation);

/** Commands that change an app which is there. */
type ChangeCommand = Exclude<keyof AppCommands, "install">;
type Answer =
  | { readonly ok: true; readonly value: IntentAnswer }
  | { readonly ok: false; readonly refusal: IntentRefusal };

const invalid = (op: string, error: z.ZodError, field?: string): MusterError => {
  const fieldErrors: Record<string, string> = {};
  for (const { path, message } of error.issues) {
    fieldErrors[field ?? (path.join(".") || "input")] ??= message;
  }
  const [first] = Object.entries(fieldErrors);
  return new MusterError("VALIDATION", `${op}: ${first?.join(": ") ?? "the input is not valid"}.`, {
    op,
    outcome: "not-applied",
    fieldErrors,
  });
};

/** Builds the changes of `muster.as(principal).apps`. */
export const createAppsChanges = (
  sources: AppsChangesSources,
): Omit<AppsChanges, keyof AppsReconcile> => {
  const { principal, reads } = sources;

  const allow = (op: string, id: string, reason: unknown): void => {
    requireRole(principal, "operator", op);
    const parsed = appId.safeParse(id);
    if (!parsed.success) throw invalid(op, parsed.error, "id");
    requireReason(reason, op);
  };

  const options = (idempotencyKey: string | undefined): AskOptions => ({
    principal,
    failFast: true,
    keepKeyMs,
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  });

  const refused = (op: string, id: string, refusal: IntentRefusal): MusterError => {
    const details = { op, outcome: "not-applied" } as const;
    switch (refusal) {
      case "not-found":
        return new MusterError("APP_NOT_FOUND", `There is no app "${id}" in this cluster.`, {
          ...details,
          hint: "apps.list() names those there are; apps.install() adds one.",
        });
      case "exists": {
        const { items } = reads.list({ q: id });
        const there = items.find((app) => app.id === id);
        const what = there ? ` as version ${there.version}, ${there.desiredStatus}` : "";
        return new MusterError("APP_EXISTS", `The app "${id}" is installed already${what}.`, {
          ...details,
          hint: "Its desired status is changed with apps.enable() and apps.disable().",
          ...(there && { current: there.desiredStatus }),
        });
      }
      case "no-principal":
        return new MusterError("FORBIDDEN", `${op} needs a principal with a name.`, details);
    }
  };

  const conclude = async (op: string, id: string, answer: Answer) => {
    if (!answer.ok) throw refused(op, id, answer.refusal);
    const { app, changed } = answer.value;
    await sources.waitForRow(app);
    return { app: reads.summaryOf(app), changed };
  };

  /** A change of an app that is there; its command takes what the schema lets through. */
  const change =
    <C extends ChangeCommand>(command: C, schema: AppCommands[C]["input"]) =>
    async (
      id: string,
      { idempotencyKey, ...given }: z.input<AppCommands[C]["input"]> & AppChange,
    ): Promise<AppChanged> => {
      const op = `apps.${command}`;
      allow(op, id, given.reason);
      const parsed = schema.safeParse(given);
      if (!parsed.success) throw invalid(op, parsed.error);
      const ask = sources.actor(id).ask[command] as (
        input: unknown,
        options: AskOptions,
      ) => Promise<Answer>;
      return conclude(op, id, await ask(parsed.data, options(idempotencyKey)));
    };

  return {
    ...reads,
    enable: change("enable", changeInput),
    disable: change("disable", changeInput),
    settings: change("settings", settingsInput),
    licence: change("licence", licenceInput),
    manage: change("manage", manageInput),
    install: async ({ id, idempotencyKey, ...input }) => {
      const op = "apps.install";
      allow(op, id, input.reason);
      const parsed = installInput.safeParse(input);
      if (!parsed.success) throw invalid(op, parsed.error);
      const { ask } = sources.actor(id);
      return conclude(op, id, await ask.install(parsed.data, options(idempotencyKey)));
    },
  };
};
