/**
 * Plain values are what crosses from one actor to another: null, booleans, numbers, text, bytes,
 * arrays, and objects of these. Where no bytes are written, on the way to an actor of the same
 * node, a copy keeps caller and actor apart and refuses what could not have been written.
 */

/** As deep as the codec goes, counted the same way. */
const maxDepth = 64;

let weight = 0;

const notPlain = (value: object): Error =>
  new Error(
    `A ${value.constructor?.name ?? "value"} cannot be stored: use numbers, text, booleans, null, bytes, arrays and plain objects.`,
  );

/**
 * Checks that an object is plain: what is not would come back as something else, or not at all.
 * @throws Error naming what is not plain
 */
export const requirePlain = (value: object): void => {
  const prototype: unknown = Object.getPrototypeOf(value);
  // Objects of another realm are plain as well: their prototype is at the end of its chain too.
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) throw notPlain(value);
  if (Object.hasOwn(value, "__proto__")) throw new Error('The key "__proto__" cannot be stored.');
};

const copy = (value: unknown, depth: number): unknown => {
  switch (typeof value) {
    case "string":
      weight += 1 + value.length;
      return value;
    case "number":
    case "boolean":
    case "undefined":
      weight += 1;
      return value;
    case "object":
      break;
    default:
      throw new Error(`A ${typeof value} cannot be stored.`);
  }
  weight += 1;
  if (value === null) return value;
  if (depth > maxDepth) throw new Error(`A value may be nested ${maxDepth} deep.`);
  if (Array.isArray(value)) return Array.from(value, (item) => copy(item ?? null, depth + 1));
  if (value instanceof Uint8Array) {
    weight += value.byteLength;
    return new Uint8Array(value);
  }
  requirePlain(value);
  const copied: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const item: unknown = (value as Record<string, unknown>)[key];
    if (item === undefined) continue;
    weight += 1 + key.length;
    copied[key] = copy(item, depth + 1);
  }
  return copied;
};

/**
 * Copies a plain value as writing and reading it would: fields that are undefined are left out.
 * @throws Error for what is not plain
 */
export const copyPlain = (value: unknown): unknown => copy(value, 1);

export const mostBytesPerWeight = 9;

/**
 * Copies as {@link copyPlain} does, and weighs: at least `weight` bytes are written for the value,
 * and at most {@link mostBytesPerWeight} times as many.
 */
export const weighPlain = (
  value: unknown,
): { readonly value: unknown; readonly weight: number } => {
  weight = 0;
  const copied = copy(value, 1);
  return { value: copied, weight };
};
