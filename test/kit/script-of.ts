/** Tells which of the adapter's scripts a request calls, so that a fault can be aimed at one of them. */
import { scripts } from "../../packages/redis-adapter/src/scripts.generated.ts";

const names = new Map<string, string>(Object.values(scripts).map(({ sha, name }) => [sha, name]));

/** Name of the script called by EVALSHA, such as `append` or `commit`; `undefined` for anything else. */
export const scriptOf = (words: readonly string[]): string | undefined =>
  words[0] === "evalsha" ? names.get(words[1] ?? "") : undefined;

/** Chooses calls of the named scripts. */
export const callsOf =
  (...wanted: readonly string[]) =>
  (words: readonly string[]): boolean => {
    const name = scriptOf(words);
    return name !== undefined && wanted.includes(name);
  };
