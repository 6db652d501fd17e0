/**
 * Keeps the secrets of an app's settings out of what is reported of it: hooks put into their errors
 * what they connect to and with what, and errors go to rows, logs and HTTP.
 */

import { redactSecrets } from "../secrets.ts";
import type { AttemptVerdict } from "./decide-status.ts";
import type { AppSettings } from "./settings.ts";

const maxMessageLength = 1_000;
/** As long as an acknowledgement of drift may name one. */
const maxCodeLength = 100;

/** Takes out what is secret, then cuts what is too long to show. */
export const withoutSecrets = (
  verdict: AttemptVerdict,
  settings: readonly AppSettings[],
): AttemptVerdict => {
  const { reason, error } = verdict;
  const shown = (text: string): string => {
    const redacted = redactSecrets(text, settings);
    return redacted.length <= maxMessageLength
      ? redacted
      : `${redacted.slice(0, maxMessageLength - 1)}…`;
  };
  return {
    ...verdict,
    reason: reason && {
      code: shown(reason.code).slice(0, maxCodeLength),
      message: shown(reason.message),
    },
    ...(error !== undefined && { error: shown(error) }),
  };
};
