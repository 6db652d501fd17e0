import { z } from "zod";
import { instant } from "./shared.ts";

const count = z.number().int().nonnegative();
const age = z.number().nonnegative().nullable();

export const shardParams = z.strictObject({
  shard: z
    .string()
    .regex(/^\d{1,6}$/, "must be a number")
    .transform(Number),
});
export const actorParams = z.strictObject({
  kind: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, "must match [a-z][a-z0-9-]{0,62}"),
  id: z.string().min(1).max(512),
});

export const shardExplanation = z.object({
  subject: z.string(),
  shard: count,
  owner: z.string().nullable(),
  epoch: z.number(),
  seq: count,
  placedOn: z.string().nullable(),
  mailbox: z.object({ entries: count, messages: count, oldestMs: age }),
  actors: count,
  timers: count,
  effects: count,
  unsent: count,
  deadLetters: count,
  sentence: z.string(),
  next: z.string(),
  command: z.string().nullable(),
  asOf: instant,
});

export const actorExplanation = z.object({
  subject: z.string(),
  kind: z.string(),
  id: z.string(),
  shard: count,
  owner: z.string().nullable(),
  epoch: z.number(),
  revision: count,
  mailbox: z.object({ waiting: count, oldestMs: age }),
  timers: z.array(z.object({ name: z.string(), command: z.string(), dueAt: instant })).nullable(),
  effects: z.array(z.object({ effect: z.string(), id: z.string(), attempts: count })).nullable(),
  openAsks: count.nullable(),
  deadLetters: z.array(z.string()),
  state: z.object({
    kind: z.enum(["stored", "absent", "unreadable"]),
    bytes: count,
    error: z.string().optional(),
    value: z.unknown().optional(),
  }),
  sentence: z.string(),
  asOf: instant,
});
