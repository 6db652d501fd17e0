/** Reads legacy records from a file, and cuts them into requests that a node takes. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { usageError } from "./cli-error.ts";
import type { Io } from "./io.ts";
import { isRecord, parseJson } from "./json.ts";

/** Bytes of the records of one request; a node takes 1 MiB in all. */
const mostBytes = 900_000;
const mostRecords = 1_000;

const textOf = async (file: string, io: Io): Promise<string> => {
  if (file === "-") return io.readAll();
  try {
    return await readFile(resolve(io.cwd, file), "utf8");
  } catch {
    throw usageError(`--from: ${file} cannot be read`);
  }
};

const ofLines = (text: string, file: string): readonly unknown[] =>
  text.split("\n").flatMap((line, at) => {
    if (line.trim() === "") return [];
    const value = parseJson(line);
    if (value !== undefined) return [value];
    throw usageError(
      `--from ${file}: line ${at + 1} is not JSON`,
      "A file holds a list of records as JSON, or one record a line.",
    );
  });

/**
 * The records of a file: a JSON list, an object with a list under `records` or `items`, or one
 * record a line. `-` reads standard input.
 * @throws CliError `USAGE`
 */
export const readRecords = async (file: string, io: Io): Promise<readonly unknown[]> => {
  const text = await textOf(file, io);
  const whole = parseJson(text);
  if (Array.isArray(whole)) return whole;
  if (isRecord(whole)) {
    const list = whole["records"] ?? whole["items"];
    return Array.isArray(list) ? list : [whole];
  }
  return ofLines(text, file);
};

/** Cuts records into as few requests as may be. @throws CliError `USAGE` for one that fits none */
export const cutRecords = (records: readonly unknown[]): readonly (readonly unknown[])[] => {
  const cut: unknown[][] = [];
  let size = mostBytes;
  for (const [at, record] of records.entries()) {
    const bytes = Buffer.byteLength(JSON.stringify(record)) + 1;
    if (bytes > mostBytes) {
      throw usageError(
        `record ${at + 1} has ${bytes} bytes, over the limit of ${mostBytes}`,
        "Leave out icons and languages: Muster has no use for them.",
      );
    }
    size += bytes;
    const last = cut.at(-1);
    if (last && size <= mostBytes && last.length < mostRecords) last.push(record);
    else {
      cut.push([record]);
      size = bytes;
    }
  }
  return cut;
};
