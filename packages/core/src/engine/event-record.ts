/** An event as stored: bytes in the shard's log and in the stream. */
import { decode, encode } from "../codec.ts";
import type { ActorEvent } from "../define-actor.ts";
import { builtInEventTypes, type ClusterEvent } from "../model/event.ts";
import { placeOf } from "../model/event-id.ts";
import type { ActorKey, RedisMs } from "../model/ids.ts";
import { isoInstant } from "../model/instant.ts";
import type { StoredEvent } from "../ports/event-store.ts";

/** @throws Error for data that cannot be stored */
export const encodeEvent = (
  actor: ActorKey,
  { type, data, reason, subject = actor }: ActorEvent,
  now: RedisMs,
  principal: string | undefined,
): Uint8Array => encode([subject, type, now, principal ?? null, reason ?? null, data ?? null]);

const fieldsOf = (payload: Uint8Array): readonly unknown[] => {
  const decoded = decode(payload);
  return decoded.kind === "decoded" && Array.isArray(decoded.value) ? decoded.value : [];
};

const own: ReadonlySet<unknown> = new Set(builtInEventTypes);

/** The audit takes what somebody changed through one of Muster's own features. */
export const isAudited = (payload: Uint8Array): boolean => {
  const [, type, , by] = fieldsOf(payload);
  return typeof by === "string" && own.has(type);
};

const asRecord = (data: unknown): ClusterEvent["data"] => {
  if (typeof data === "object" && data !== null && !Array.isArray(data)) {
    return data as ClusterEvent["data"];
  }
  return data === null || data === undefined ? {} : { value: data };
};

/** Reads an event; what cannot be understood is told as such, so that none is passed over. */
export const decodeEvent = ({ id, payload }: StoredEvent): ClusterEvent => {
  const [subject, type, at, by, reason, data] = fieldsOf(payload);
  if (typeof subject !== "string" || typeof type !== "string" || typeof at !== "number") {
    const { ms } = placeOf(id);
    return { id, type: "event.unreadable", subject: "cluster", at: isoInstant(ms), data: {} };
  }
  return {
    id,
    type,
    subject,
    at: isoInstant(at),
    ...(typeof by === "string" && { by }),
    ...(typeof reason === "string" && { reason }),
    data: asRecord(data),
  };
};
