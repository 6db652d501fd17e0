import { type VerifyCheck, verifyChecks } from "@muster/core";
import { z } from "zod";
import { instant } from "./shared.ts";

const count = z.number().int().nonnegative();
const check = z.enum(Object.keys(verifyChecks) as [VerifyCheck, ...VerifyCheck[]]);

export const verifyReport = z.object({
  clean: z.boolean(),
  checks: z.array(
    z.object({ check, title: z.string(), looked: count, findings: count, skipped: count }),
  ),
  findings: z.array(
    z.object({ check, subject: z.string(), message: z.string(), remedy: z.string() }),
  ),
  more: count,
  asOf: instant,
});
