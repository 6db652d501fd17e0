/** Parts that several routes share. */
import { z } from "zod";

/** Id of an app, a node or a cluster. */
export const id = z
  .string("an id is required")
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, "must match [a-z0-9][a-z0-9._-]{0,63}");

export const idParams = z.strictObject({ id });

export const reason = z
  .string("a reason is required")
  .trim()
  .min(1, "a reason is required")
  .max(500, "may have 500 characters");

export const reasonBody = z.strictObject({ reason });

export const instant = z.iso.datetime();

/** What an answer from views is true for, and whether that may be out of date. */
export const freshness = { asOf: instant, stale: z.boolean() };

const flag = z
  .enum(["true", "false"], "must be true or false")
  .transform((text) => text === "true");
export const optionalFlag = flag.optional();

/** Paging of every list. */
export const pageQuery = {
  limit: z.coerce.number("must be a number").int().min(1).max(500).optional(),
  cursor: z.string().min(1).max(512).optional(),
};

/** Query of a list that has no filter. */
export const page = z.strictObject(pageQuery);

export const listOf = <T extends z.ZodType>(item: T) =>
  z.object({
    items: z.array(item),
    nextCursor: z.string().optional(),
    ...freshness,
  });

export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  code: z.string(),
  detail: z.string(),
  requestId: z.string(),
  hint: z.string().optional(),
  fieldErrors: z.record(z.string(), z.string()).optional(),
  success: z.literal(false).optional(),
  current: z.string().optional(),
  retryAfterMs: z.number().optional(),
  timedOut: z.enum(["server", "ask", "hook", "wait"]).optional(),
  outcome: z.enum(["not-applied", "unknown"]).optional(),
  blockers: z
    .array(
      z.object({
        nodeId: z.string().optional(),
        appId: z.string().optional(),
        initStatus: z.string().optional(),
        observedGeneration: z.number().int().nullable().optional(),
        reason: z.object({ code: z.string(), message: z.string() }),
      }),
    )
    .optional(),
  notConfirmed: z.array(z.string()).optional(),
});
