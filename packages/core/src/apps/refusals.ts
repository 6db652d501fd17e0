/** What a declined command of an app is to its caller: an error with a code, and what to do. */
import type { z } from "zod";
import { MusterError, type MusterErrorDetails } from "../errors.ts";
import type { IntentRefusal } from "./change-intent.ts";
import type { AppSummary } from "./model.ts";

/** The first thing that is wrong with an input, and all of them by field. */
export const invalidInput = (
  op: string,
  fieldErrors: Readonly<Record<string, string>>,
): MusterError => {
  const [first] = Object.entries(fieldErrors);
  return new MusterError("VALIDATION", `${op}: ${first?.join(": ") ?? "the input is not valid"}.`, {
    op,
    outcome: "not-applied",
    fieldErrors,
  });
};

export const fieldErrorsOf = (
  error: z.ZodError,
  field?: string,
): Readonly<Record<string, string>> => {
  const fieldErrors: Record<string, string> = {};
  for (const { path, message } of error.issues) {
    fieldErrors[field ?? (path.join(".") || "input")] ??= message;
  }
  return fieldErrors;
};

/** `there` is the app as the caller's node knows it. */
export const refusalError = (
  op: string,
  id: string,
  refusal: IntentRefusal,
  there: AppSummary | undefined,
): MusterError => {
  const details: MusterErrorDetails = {
    op,
    outcome: "not-applied",
    ...(there && { current: there.desiredStatus }),
  };
  switch (refusal) {
    case "not-found":
      return new MusterError("APP_NOT_FOUND", `There is no app "${id}" in this cluster.`, {
        op,
        outcome: "not-applied",
        hint: "List them with `muster apps list`; `muster apps install` adds one.",
      });
    case "exists": {
      const what = there ? ` as version ${there.version}, ${there.desiredStatus}` : "";
      return new MusterError("APP_EXISTS", `The app "${id}" is installed already${what}.`, {
        ...details,
        hint: "Another version comes with `muster apps update`; `muster apps enable` and `disable` change what is wanted.",
      });
    }
    case "uninstalling":
      return new MusterError("APP_UNINSTALLING", `The app "${id}" is still being uninstalled.`, {
        ...details,
        retryAfterMs: 1_000,
        hint: "Install it again when it is gone; `muster apps explain` tells what the uninstall waits for.",
      });
    case "paused": {
      const until = there?.pausedUntil ? ` until ${there.pausedUntil}` : "";
      const owner = there?.paused ? ` by ${there.paused.owner}` : "";
      return new MusterError("APP_PAUSED", `The app "${id}" is paused${owner}${until}.`, {
        ...details,
        hint: "Resume it first, wait for the end of its pause, or force it.",
      });
    }
    case "no-previous":
      return new MusterError(
        "NO_PREVIOUS_VERSION",
        `The app "${id}" was never updated, so there is no version to go back to.`,
        { ...details, hint: "`muster apps update` takes any version." },
      );
    case "no-drift":
      return new MusterError(
        "NO_DRIFT",
        `The app "${id}" is as it should be on every live node, so there is nothing to acknowledge.`,
        details,
      );
    case "until-past":
      return invalidInput(op, { until: "must be in the future" });
    case "no-principal":
      return new MusterError("FORBIDDEN", `${op} needs a principal with a name.`, details);
  }
};
