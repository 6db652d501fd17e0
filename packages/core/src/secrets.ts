/**
 * Keeps secrets out of what is shown: what stands under a name that says so, wherever it turns up
 * in a text, and user and password in any URL.
 */
const secretName =
  /secret|token|passw|passphrase|credential|authori[sz]ation|cookie|api_?-?key|private_?-?key|^licen[cs]e([_-]?key)?$/i;
const userInUrl = /\b([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/?#@]{1,512}@/gi;
/** Shorter values would tear words apart and are no secrets worth the name. */
const minLength = 4;

const collect = (value: unknown, secret: boolean, into: Set<string>): void => {
  if (typeof value === "string" || typeof value === "number") {
    const text = String(value);
    if (secret && text.length >= minLength) into.add(text);
  } else if (typeof value === "object" && value !== null && !(value instanceof Uint8Array)) {
    for (const [key, item] of Object.entries(value)) {
      collect(item, secret || secretName.test(key), into);
    }
  }
};

/**
 * Replaces in a text what stands in the values under names which say that they are secret, and user and password in
 * any URL.
 */
export const redactSecrets = (text: string, values: readonly unknown[]): string => {
  const secrets = new Set<string>();
  for (const each of values) collect(each, false, secrets);
  // Longest first, so that one which holds another goes as a whole.
  const ordered = [...secrets].sort((a, b) => b.length - a.length);
  return ordered
    .reduce((rest, secret) => rest.replaceAll(secret, "[redacted]"), text)
    .replace(userInUrl, "$1[redacted]@");
};

const redacted = "[redacted]";
/** As in `password=hunter2` or `token: abc`, wherever a text says so. */
const saidOutright =
  /\b((?:[\w-]*(?:secret|token|passw(?:or)?d|passphrase|credential|api[_-]?key|private[_-]?key)[\w-]*|authori[sz]ation)["']?\s*[=:]\s*(?:bearer\s+)?["']?)[^\s"',;&]{4,}/gi;

/** Takes out of a text what it calls a secret itself, and user and password in any URL. */
export const redactText = (text: string): string =>
  text.replace(userInUrl, "$1[redacted]@").replace(saidOutright, `$1${redacted}`);

/** Objects kept as JSON hold secrets under names as any other. */
const redactTold = (text: string): string => {
  if (/^\s*[{[]/.test(text)) {
    try {
      return JSON.stringify(redactByName(JSON.parse(text)));
    } catch {
      // It only looks like JSON.
    }
  }
  return text.replace(userInUrl, "$1[redacted]@");
};

/**
 * Copies a plain value for people to look at: without what stands under a name that says it is
 * secret, also within JSON kept as text, and with bytes told by their number.
 */
export const redactByName = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return `[${value.byteLength} bytes]`;
  if (typeof value === "string") return redactTold(value);
  if (Array.isArray(value)) return value.map(redactByName);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      secretName.test(key) ? redacted : redactByName(item),
    ]),
  );
};
