/** Writes what a node logs to stderr: a line for people, one JSON object for programs. */
import type { Logger } from "@muster/core";
import type { Cli } from "../cli.ts";
import { plainText } from "../output/plain-text.ts";

type Level = keyof Logger;
const levels: readonly Level[] = ["debug", "info", "warn", "error"];

const plain = (_: string, value: unknown): unknown => {
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  return typeof value === "bigint" ? String(value) : value;
};

const text = (fields: object): string =>
  Object.entries(fields)
    .map(([name, value]) => {
      const shown = typeof value === "string" ? value : JSON.stringify(value, plain);
      return ` ${name}=${plainText(shown ?? "undefined")}`;
    })
    .join("");

/** Makes the logger of a node: warnings only with `-q`, everything with `-v`. */
export const createStreamLogger = ({
  io,
  flags,
  asJson,
}: Pick<Cli, "io" | "flags" | "asJson">): Logger => {
  const least = flags.quiet ? "warn" : flags.verbose ? "debug" : "info";
  const write =
    (level: Level) =>
    (fields: object, message: string): void => {
      if (levels.indexOf(level) < levels.indexOf(least)) return;
      const at = new Date().toISOString();
      io.err(
        asJson
          ? `${JSON.stringify({ at, level, message, ...fields }, plain)}\n`
          : `${at} ${level.padEnd(5)} ${plainText(message)}${text(fields)}\n`,
      );
    };
  return { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
};
