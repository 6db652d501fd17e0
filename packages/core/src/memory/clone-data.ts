/** Copies the store's data for a snapshot: structure is copied, bytes and strings are shared. */

type Cloneable = { clone(): unknown };
const canClone = (value: object): value is Cloneable =>
  "clone" in value && typeof value.clone === "function";

const cloned = (value: unknown): unknown => {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  if (value instanceof Map) {
    return new Map([...value].map(([key, each]) => [key, cloned(each)]));
  }
  if (value instanceof Set) return new Set(value);
  if (canClone(value)) return value.clone();
  if (Array.isArray(value)) return value.map(cloned);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, cloned(each)]));
};

export const cloneData = <T extends object>(data: T): T => cloned(data) as T;
