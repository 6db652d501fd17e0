/** Parts that several routes share. */
import { z } from "zod";

export const idParams = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, "must match [a-z0-9][a-z0-9._-]{0,63}"),
});

export const reasonBody = z.strictObject({
  reason: z
    .string("a reason is required")
    .trim()
    .min(1, "a reason is required")
    .max(500, "may have 500 characters"),
});

export const instant = z.iso.datetime();

const flag = z
  .enum(["true", "false"], "must be true or false")
  .transform((text) => text === "true");
export const optionalFlag = flag.optional();

/** Paging of every list. */
export const pageQuery = {
  limit: z.coerce.number("must be a number").int().min(1).max(500).optional(),
  cursor: z.string().min(1).max(512).optional(),
};

export const listOf = <T extends z.ZodType>(item: T) =>
  z.object({
    items: z.array(item),
    nextCursor: z.string().optional(),
    asOf: instant,
    stale: z.boolean(),
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
  outcome: z.enum(["not-applied", "unknown"]).optional(),
});
