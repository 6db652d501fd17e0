/**
 * Keeps the secrets of an app's settings out of what is reported of it: hooks put into their errors
 * what they connect to and with what, and errors go to rows, logs and HTTP.
 */
import type { AttemptVerdict } from "./decide-status.ts";
import type { AppSettings } from "./settings.ts";

const secretName =
  /secret|token|passw|passphrase|credential|authori[sz]ation|cookie|api_?-?key|private_?-?key/i;
const userInUrl = /\b([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/?#@]{1,512}@/gi;
/** Shorter values would tear words apart and are no secrets worth the name. */
const minLength = 4;
const maxMessageLength = 1_000;

const collect = (value: unknown, secret: boolean, into: Set<string>): void => {
  if (typeof value === "string" || typeof value === "number") {
    const text = String(value);
    if (secret && text.length >= minLength) into.add(text);
  } else if (typeof value === "object" && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      collect(item, secret || secretName.test(key), into);
    }
  }
};

/**
 * Replaces in a text the settings whose names say that they are secret, and user and password in
 * any URL.
 */
export const redactSecrets = (text: string, settings: readonly AppSettings[]): string => {
  const secrets = new Set<string>();
  for (const each of settings) collect(each, false, secrets);
  // Longest first, so that one which holds another goes as a whole.
  const ordered = [...secrets].sort((a, b) => b.length - a.length);
  return ordered
    .reduce((rest, secret) => rest.replaceAll(secret, "[redacted]"), text)
    .replace(userInUrl, "$1[redacted]@");
};

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
    reason: reason && { ...reason, message: shown(reason.message) },
    ...(error !== undefined && { error: shown(error) }),
  };
};
