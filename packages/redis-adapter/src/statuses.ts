/** What the integer at the head of a script's answer means; the Lua files use the same numbers. */
export const statuses = Object.freeze({
  0: "ok",
  1: "fenced",
  2: "history",
  3: "lost",
  4: "conflict",
  5: "gap",
  6: "stale",
  7: "full",
  8: "unknown-producer",
  9: "held",
  10: "stale-membership",
  11: "superseded",
  12: "taken",
  13: "mismatch",
  14: "unknown-node",
  15: "unknown-loss",
} as const);
export type Status = (typeof statuses)[keyof typeof statuses];
