/** Prints what a command failed with: a sentence for people, one JSON object for programs. */
import { type CliError, hasCode } from "../cli-error.ts";
import type { Io } from "../io.ts";
import { plainText } from "./plain-text.ts";

type Printed = Pick<CliError, "code" | "message" | "hint" | "requestId">;

/** What is told of an error that nobody foresaw. */
export const unforeseen = (error: unknown): Printed => ({
  code: "INTERNAL",
  message: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
  hint: "This is a fault of the program: please report it with the output of the same command and -v.",
  requestId: undefined,
});

const forPeople = ({ message, hint, requestId }: Printed): string => {
  const lines = [`muster: ${plainText(message)}`];
  if (hint !== undefined) lines.push(`  ${plainText(hint)}`);
  if (requestId !== undefined) lines.push(`  request ${plainText(requestId)}`);
  return `${lines.join("\n")}\n`;
};

/** Prints an error on stderr. */
export const printError = (io: Io, thrown: unknown, asJson: boolean): void => {
  const error: Printed = hasCode(thrown)
    ? {
        code: thrown.code,
        message: thrown.message,
        hint: thrown.hint,
        requestId: "requestId" in thrown ? (thrown.requestId as string | undefined) : undefined,
      }
    : unforeseen(thrown);
  const { code, message, hint = null, requestId = null } = error;
  io.err(
    asJson
      ? `${JSON.stringify({ error: { code, message, hint, requestId } })}\n`
      : forPeople(error),
  );
};
