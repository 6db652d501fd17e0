/** Reads values that came from outside, where nothing is certain of their shape. */

export type JsonRecord = Readonly<Record<string, unknown>>;

export const isRecord = (value: unknown): value is JsonRecord =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A member that should be an object; an empty one where it is not. */
export const recordAt = (record: JsonRecord, key: string): JsonRecord => {
  const value = record[key];
  return isRecord(value) ? value : {};
};

/** A member that should be a list of objects; what is none is left out. */
export const recordsAt = (record: JsonRecord, key: string): readonly JsonRecord[] => {
  const value = record[key];
  return Array.isArray(value) ? value.filter(isRecord) : [];
};

/** A member that should be text; `undefined` where it is not. */
export const textAt = (record: JsonRecord, key: string): string | undefined => {
  const value = record[key];
  return typeof value === "string" ? value : undefined;
};

/** A member that should be a number; `undefined` where it is not. */
export const numberAt = (record: JsonRecord, key: string): number | undefined => {
  const value = record[key];
  return typeof value === "number" ? value : undefined;
};

/** Parses JSON; `undefined` for what is none. */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};
