/** Assertions of the suite's own, so that it runs under any test runner. */

const show = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => {
    if (part instanceof Uint8Array) return `bytes(${[...part.subarray(0, 40)].join(",")})`;
    if (part instanceof Map) return [...part.entries()];
    return part === undefined ? "undefined" : part;
  }) ?? String(value);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

const sameItems = (left: readonly unknown[], right: readonly unknown[]): boolean =>
  left.length === right.length && left.every((item, index) => same(item, right[index]));

/** Deep equality; an absent field equals an undefined one. */
const same = (left: unknown, right: unknown): boolean => {
  if (Object.is(left, right)) return true;
  if (!isRecord(left) || !isRecord(right)) return false;
  if (left instanceof Uint8Array || right instanceof Uint8Array) {
    if (!(left instanceof Uint8Array && right instanceof Uint8Array)) return false;
    return left.length === right.length && left.every((byte, index) => byte === right[index]);
  }
  if (left instanceof Map || right instanceof Map) {
    if (!(left instanceof Map && right instanceof Map) || left.size !== right.size) return false;
    return [...left].every(([key, value]) => right.has(key) && same(value, right.get(key)));
  }
  if (Array.isArray(left) || Array.isArray(right)) {
    return Array.isArray(left) && Array.isArray(right) && sameItems(left, right);
  }
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...keys].every((key) => same(left[key], right[key]));
};

/** @throws Error when `fact` is false */
export function assertThat(fact: boolean, otherwise: string): asserts fact {
  if (!fact) throw new Error(otherwise);
}

/** @throws Error when the values differ */
export const assertEqual = (actual: unknown, expected: unknown, what: string): void => {
  assertThat(same(actual, expected), `${what}: got ${show(actual)}, expected ${show(expected)}`);
};

/** Narrows a tagged answer. @throws Error for another kind */
export const assertKind = <T extends { readonly kind: string }, const K extends T["kind"]>(
  answer: T,
  kind: K,
  what: string,
): Extract<T, { readonly kind: K }> => {
  assertThat(answer.kind === kind, `${what}: got ${show(answer)}, expected the kind "${kind}"`);
  return answer as Extract<T, { readonly kind: K }>;
};

/** The only element. @throws Error when there are none or more */
export const only = <T>(items: readonly T[], what: string): T => {
  const [first] = items;
  assertThat(items.length === 1 && first !== undefined, `${what}: got ${show(items)}`);
  return first;
};
