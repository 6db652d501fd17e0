/** The bytes of status rows: what one node tells the others of one of its units. */
import { decode, encode } from "../codec.ts";
import type { StatusRow } from "../view.ts";

/** A row as its node sets it; the history is filled in when it is written. */
export type OwnStatusRow = Omit<StatusRow<unknown>, "unit" | "historyId" | "reportedAt">;

/** Longest error text carried in a row, in characters. */
const maxErrorLength = 2_000;

export const clipError = (error: string): string =>
  error.length <= maxErrorLength ? error : `${error.slice(0, maxErrorLength - 1)}…`;

/** Encodes a row without its unit, which is the key it is stored under. */
export const encodeStatusRow = ({ unit: _, ...row }: StatusRow<unknown>): Uint8Array => encode(row);

export type ReadStatusRow =
  | { readonly kind: "row"; readonly row: StatusRow<unknown> }
  | { readonly kind: "unreadable"; readonly error: string };

const field = (record: Readonly<Record<string, unknown>>, name: string, type: string): unknown => {
  const value = record[name];
  if (typeof value !== type) throw new TypeError(`${name} must be a ${type}`);
  return value;
};

/** Decodes a row that any node may have written; never throws. Fields unknown here are passed over. */
export const readStatusRow = (unit: string, bytes: Uint8Array): ReadStatusRow => {
  const decoded = decode(bytes);
  if (decoded.kind === "corrupt") return { kind: "unreadable", error: decoded.error };
  const value = decoded.value;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { kind: "unreadable", error: "not a status row" };
  }
  const record = value as Readonly<Record<string, unknown>>;
  try {
    const lastError = record["lastError"];
    const intentHistoryId = record["intentHistoryId"];
    return {
      kind: "row",
      row: {
        unit,
        intentId: field(record, "intentId", "string") as string,
        observed: record["observed"],
        converged: field(record, "converged", "boolean") as boolean,
        attempts: field(record, "attempts", "number") as number,
        nextAttemptAt: field(record, "nextAttemptAt", "number") as number,
        lastError: typeof lastError === "string" ? lastError : undefined,
        since: field(record, "since", "number") as number,
        reportedAt: field(record, "reportedAt", "number") as number,
        historyId: field(record, "historyId", "string") as string,
        ...(typeof intentHistoryId === "string" && { intentHistoryId }),
      },
    };
  } catch (error) {
    return { kind: "unreadable", error: error instanceof Error ? error.message : String(error) };
  }
};
