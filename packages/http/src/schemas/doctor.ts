import { z } from "zod";
import { instant, optionalFlag } from "./shared.ts";

export const doctorQuery = z.strictObject({ bundle: optionalFlag });

export const doctorReport = z.object({
  well: z.boolean(),
  checks: z.array(
    z.object({
      id: z.string(),
      title: z.string(),
      state: z.enum(["ok", "warn", "bad"]),
      message: z.string(),
      remedy: z.string().nullable(),
    }),
  ),
  asOf: instant,
  /** With `?bundle=true`. */
  bundle: z.record(z.string(), z.unknown()).optional(),
});
