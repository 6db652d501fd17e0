/**
 * Freezes values that are given to a user's code outside production: a handler that changes what it
 * was given throws at once, instead of leaving in memory what no commit holds.
 */
const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
};

/**
 * Freezes arrays and plain objects with all that they hold, and answers the value. What is frozen
 * already is taken to be so throughout; dates, maps, bytes and other instances stay as they are.
 */
export const deepFreeze = <T>(value: T): T => {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  if (Array.isArray(value)) {
    Object.freeze(value);
    for (const item of value) deepFreeze(item);
  } else if (isPlain(value)) {
    Object.freeze(value);
    for (const item of Object.values(value)) deepFreeze(item);
  }
  return value;
};
