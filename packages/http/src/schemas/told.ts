/** What is told in words: waits, explanations, differences. */
import { AppDesiredStatus, AppStatus, isMusterError, parseCondition } from "@muster/core";
import { z } from "zod";
import { id, instant, pageQuery, reason } from "./shared.ts";

const value = z.union([z.string(), z.number(), z.null()]);

export const nextStep = z.object({
  kind: z.enum(["none", "soon", "retry", "waits", "terminal"]),
  at: instant.optional(),
  sentence: z.string(),
  command: z.string().optional(),
});

export const explanation = z.object({
  subject: z.string(),
  intent: z.object({
    desiredStatus: z.enum(AppDesiredStatus),
    version: z.string(),
    generation: z.number().int(),
    by: z.string(),
    reason: z.string(),
    at: instant,
  }),
  nodes: z.array(
    z.object({
      nodeId: z.string(),
      nodeState: z.string(),
      initStatus: z.enum(AppStatus),
      converged: z.boolean(),
      stale: z.boolean(),
      reason: z.object({ code: z.string(), message: z.string() }).nullable(),
      attempts: z.array(
        z.object({
          at: instant,
          lastAt: instant,
          count: z.number().int(),
          generation: z.number().int(),
          outcome: z.enum(AppStatus),
          error: z.string().optional(),
        }),
      ),
      attemptCount: z.number().int(),
      next: nextStep,
    }),
  ),
  differences: z.array(
    z.object({
      field: z.string(),
      values: z.array(z.object({ value, nodes: z.array(z.string()) })),
    }),
  ),
  sentence: z.string(),
  command: z.string().optional(),
});

export const nodeDifference = z.object({
  appId: z.string(),
  differences: z.array(z.object({ field: z.string(), a: value, b: value })),
  sentence: z.string(),
});

export const appDiff = z.object({
  appId: z.string(),
  nodeId: z.string(),
  differences: z.array(z.object({ field: z.string(), wanted: z.string(), found: z.string() })),
  next: nextStep,
});

export const reconcileBody = z.strictObject({
  nodes: z.array(id).min(1, "must name a node").max(500).optional(),
  force: z.boolean("must be true or false").optional(),
  reason,
});
export const reconcileAllBody = reconcileBody.extend({
  apps: z.array(id).min(1, "must name an app").max(500).optional(),
});
export const reconcileAnswer = z.object({
  items: z.array(
    z.object({
      appId: z.string(),
      nodeId: z.string(),
      result: z.enum(["repaired", "nudged", "skipped", "failed"]),
      code: z.string().optional(),
      message: z.string().optional(),
    }),
  ),
});

export const compareQuery = z.strictObject({ ...pageQuery, a: id, b: id });

const timeoutMs = z.coerce
  .number("must be a number of milliseconds")
  .int("must be a whole number")
  .min(0, "must be 0 or more")
  .max(60_000, "can be at most 60000: ask again for longer")
  .optional();
const generation = z.coerce.number("must be a number").int().min(1).optional();

export const waitQuery = z.strictObject({
  for: z
    .string("a condition is required")
    .max(300, "may have 300 characters")
    .transform((text, context) => {
      try {
        return parseCondition(text);
      } catch (error) {
        context.addIssue(isMusterError(error) ? (error.fieldErrors?.["for"] ?? "") : String(error));
        return z.NEVER;
      }
    }),
  generation,
  timeoutMs,
});
export const appWaitQuery = z.strictObject({
  for: z
    .enum(
      ["converged", "enabled", "disabled", "gone"],
      "must be converged, enabled, disabled or gone",
    )
    .optional(),
  generation,
  timeoutMs,
});

export const waitAnswer = z.object({
  satisfied: z.literal(true),
  condition: z.string(),
  generation: z.number().int().optional(),
  notConfirmed: z.array(z.string()),
});

export const historyQuery = z.strictObject({ limit: pageQuery.limit });

export const appHistory = z.object({
  items: z.array(
    z.discriminatedUnion("kind", [
      z.object({
        kind: z.literal("change"),
        at: instant,
        change: z.string(),
        generation: z.number().int(),
        desiredStatus: z.enum(AppDesiredStatus),
        version: z.string(),
        by: z.string(),
        reason: z.string(),
      }),
      z.object({
        kind: z.literal("outcome"),
        at: instant,
        lastAt: instant,
        count: z.number().int(),
        nodeId: z.string(),
        generation: z.number().int(),
        version: z.string().nullable(),
        initStatus: z.enum(AppStatus),
        reason: z.object({ code: z.string(), message: z.string() }).nullable(),
      }),
    ]),
  ),
  window: z.object({ from: instant, to: instant }),
});
