/**
 * Prepares arguments for the parser: puts the default verb after a noun that is given without one.
 * Done on the arguments because a default command of the parser would take a mistyped verb for an
 * argument of the default one and suggest nothing. Pure.
 */
import type { Option } from "commander";
import type { Noun } from "./noun.ts";

/** How many arguments a flag takes here: itself, and its value when that is a word of its own. */
const widthOf = (arg: string, globals: readonly Option[]): number | undefined => {
  const option = globals.find(({ short, long }) => arg === short || arg === long);
  if (option) return option.required ? 2 : 1;
  return globals.some(
    ({ short, long, required }) =>
      (long !== undefined && arg.startsWith(`${long}=`)) ||
      (required && short !== undefined && !arg.startsWith("--") && arg.startsWith(short)),
  )
    ? 1
    : undefined;
};

/** Index of the first argument from `at` on that is no global flag or value of one. */
const skipGlobals = (argv: readonly string[], at: number, globals: readonly Option[]): number => {
  for (let index = at; index < argv.length; ) {
    const width = widthOf(argv[index] ?? "", globals);
    if (width === undefined) return index;
    index += width;
  }
  return argv.length;
};

/** Adds the default verb where a noun has one and none was given. */
export const placeVerb = (
  argv: readonly string[],
  nouns: readonly Noun[],
  globals: readonly Option[],
): readonly string[] => {
  const at = skipGlobals(argv, 0, globals);
  const verb = nouns.find(({ name }) => name === argv[at])?.defaultVerb;
  if (verb === undefined) return argv;
  const next = argv[skipGlobals(argv, at + 1, globals)];
  if (next !== undefined && (!next.startsWith("-") || next === "-h" || next === "--help")) {
    return argv;
  }
  return [...argv.slice(0, at + 1), verb, ...argv.slice(at + 1)];
};
