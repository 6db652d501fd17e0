/** Events as they are asked for and answered. */
import { z } from "zod";
import { instant } from "./shared.ts";

const place = z.string().min(1).max(64).describe("id of an event, or an ISO-8601 instant");

/** Names of types with commas between; `app.*` takes all that begin so. */
const types = z
  .string()
  .min(1)
  .max(2_000)
  .transform((text) => text.split(",").map((type) => type.trim()))
  .describe("types with commas between; `app.*` takes all that begin so");

export const eventsQuery = z.strictObject({
  since: place.optional(),
  until: place.optional(),
  types: types.optional(),
  subject: z.string().min(1).max(600).optional(),
  limit: z.coerce.number("must be a number").int().min(1).max(500).optional(),
});

export const auditQuery = eventsQuery.extend({ by: z.string().min(1).max(200).optional() });

export const event = z.object({
  id: z.string(),
  type: z.string(),
  subject: z.string(),
  at: instant,
  by: z.string().optional(),
  reason: z.string().optional(),
  data: z.record(z.string(), z.unknown()),
});

export const eventHistory = z.object({
  items: z.array(event),
  window: z.object({ from: instant, to: instant }),
});

export const audit = eventHistory.extend({
  items: z.array(event.extend({ by: z.string() })),
});
