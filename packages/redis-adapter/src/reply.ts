/** Reads replies of scripts; a reply of another shape is a fault of ours and throws. */
import type { Reply } from "./link.ts";
import { type Status, statuses } from "./statuses.ts";

const odd = (reply: unknown): Error => new Error(`Redis answered ${String(reply)} unexpectedly.`);

export const list = (reply: Reply | undefined): readonly Reply[] => {
  if (Array.isArray(reply)) return reply;
  throw odd(reply);
};

export const bytes = (reply: Reply | undefined): Buffer => {
  if (reply instanceof Buffer) return reply;
  throw odd(reply);
};

export const text = (reply: Reply | undefined): string => bytes(reply).toString("utf8");

export const number = (reply: Reply | undefined): number => {
  const value = typeof reply === "number" ? reply : Number(text(reply));
  if (Number.isNaN(value)) throw odd(reply);
  return value;
};

/** The status at the head of a script's answer. */
export const statusOf = (answer: readonly Reply[]): Status => {
  const status = statuses[answer[0] as keyof typeof statuses];
  if (status === undefined) throw odd(answer[0]);
  return status;
};

/**
 * Calls back for each two neighbours of a flat list, such as HGETALL gives, without the nameless one
 * that keeps a key in being.
 */
export const eachPair = (
  reply: Reply | undefined,
  take: (name: Buffer, value: Buffer) => void,
): void => {
  const flat = list(reply);
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const name = bytes(flat[i]);
    if (name.length > 0) take(name, bytes(flat[i + 1]));
  }
};

/** Bytes as ioredis takes them, without a copy. */
export const toBuffer = (value: Uint8Array): Buffer =>
  value instanceof Buffer ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
