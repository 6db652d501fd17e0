/** The default identity of an intent: the same for equal rows, whoever encoded them. */
import { createHash } from "node:crypto";
import { Encoder } from "@msgpack/msgpack";

const encoder = new Encoder({ maxDepth: 64, ignoreUndefined: true, sortKeys: true });

/** 132 bits of SHA-256 over the row with its keys in order, as 22 URL-safe characters. */
export const rowIdentity = (row: unknown): string =>
  createHash("sha256").update(encoder.encode(row)).digest("base64url").slice(0, 22);
