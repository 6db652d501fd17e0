import { z } from "zod";
import { instant, optionalFlag, pageQuery, reason } from "./shared.ts";

const reasons = [
  "handler_threw",
  "crash_loop",
  "unreadable",
  "unknown_kind",
  "unknown_command",
  "invalid_input",
  "state_unreadable",
  "over_bound",
] as const;
const works = ["message", "timer", "effect", "ask", "mail"] as const;

const kind = z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, "must match [a-z][a-z0-9-]{0,62}");
const text = z.string().min(1).max(600);
const filter = {
  kind: kind.optional(),
  actor: text.optional(),
  reason: z.enum(reasons).optional(),
  work: z.enum(works).optional(),
  app: text.optional(),
};

export const lettersQuery = z.strictObject({ ...pageQuery, unresolved: optionalFlag, ...filter });

export const letter = z.object({
  id: z.string(),
  shard: z.number().int(),
  source: z.literal("actor"),
  appId: z.string().nullable(),
  work: z.enum(works),
  reason: z.enum(reasons),
  kind: z.string().nullable(),
  actorId: z.string().nullable(),
  command: z.string().nullable(),
  sender: z.string().nullable(),
  principal: z.string().nullable(),
  attempts: z.number().int(),
  firstAttemptAt: instant,
  lastAttemptAt: instant,
  lastError: z.string(),
  createdAt: instant,
  resolution: z.enum(["replayed", "ignored", "handled_by_script", "handler_failed"]).nullable(),
  resolvedAt: instant.nullable(),
  resolvedBy: z.string().nullable(),
  resolvedReason: z.string().nullable(),
  replays: z.number().int(),
});

export const letterDetail = letter.extend({ payload: z.unknown(), replayable: z.boolean() });

export const letterCount = z.object({
  unresolved: z.number().int(),
  parked: z.number().int(),
  asOf: instant,
  stale: z.boolean(),
});

export const letterChange = z.object({ letter, changed: z.boolean() });

export const replayBody = z.strictObject({ reason, again: z.boolean().optional() });

export const resolveBody = z.strictObject({
  reason,
  to: z.enum(["ignored", "handled_by_script", "handler_failed"]).optional(),
});

export const replayManyBody = z.strictObject({
  filter: z.strictObject(filter),
  reason,
  dryRun: z.boolean().optional(),
  ratePerSecond: z.number().min(0.1).max(1_000).optional(),
  limit: z.number().int().min(1).max(500).optional(),
  cursor: pageQuery.cursor,
});

export const replayManyAnswer = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      result: z.enum(["replayed", "would-replay", "skipped", "failed"]),
      code: z.string().optional(),
      message: z.string().optional(),
    }),
  ),
  nextCursor: z.string().optional(),
  dryRun: z.boolean(),
});
