/** What the reconciler keeps: alerts, its mode, what its passes came to. Instants are Redis time, ms. */
import { z } from "zod";
import { changeReason } from "../apps/intent.ts";

const instant = z.int().nonnegative();
const short = z.string().min(1).max(100);

/** What an alert is about; kind, subject and cause together are one alert. */
export const alertAbout = z.strictObject({
  /** `app-drift`, `node-lost` or one of the troubles of the cluster. */
  kind: short,
  /** App id, node id, `shard-N`, a kind of actors or the backend. */
  subject: short,
  /** Snake_case: the reason code that the rows give. */
  cause: short,
  message: z.string().max(2_000),
  /** What to do about it. */
  remedy: z.string().max(1_000),
});
export type AlertAbout = z.output<typeof alertAbout>;

/** Newer fields are passed over. */
export const alertRow = z.object({
  ...alertAbout.shape,
  id: z.string(),
  openedAt: instant,
  /** How often it was opened. */
  count: z.int().positive(),
  ackedBy: z.string().nullable(),
  ackReason: z.string().nullable(),
  closedAt: instant.nullable(),
});
export type AlertRow = Readonly<z.output<typeof alertRow>>;

/** Names the alert of a kind, subject and cause. */
export const alertId = ({ kind, subject, cause }: Omit<AlertAbout, "message" | "remedy">): string =>
  `${kind}:${subject}:${cause}`;

export const reconcilerModes = ["enforce", "observe", "paused"] as const;
export type ReconcilerMode = (typeof reconcilerModes)[number];

/** What one pass came to. */
export const passResult = z.object({
  at: instant,
  node: z.string(),
  fence: z.int().nonnegative(),
  /** Rows looked at. */
  checked: z.int().nonnegative(),
  /** Rows that do not agree. */
  drifted: z.int().nonnegative(),
  /** Rows that were nudged by the pass before and agree now. */
  repaired: z.int().nonnegative(),
  /** Nodes that did not answer a nudge. */
  failed: z.int().nonnegative(),
  /** Drifted rows left alone: terminal, about to be tried, observed, or by mode. */
  skipped: z.int().nonnegative(),
  /** Why all were left alone, where they were. */
  because: z.enum(["observe", "paused"]).nullable(),
  opened: z.int().nonnegative(),
  closed: z.int().nonnegative(),
  /** Nodes forgotten since they were gone for long. */
  reaped: z.int().nonnegative().default(0),
  durationMs: z.int().nonnegative(),
});
export type PassResult = Readonly<z.output<typeof passResult>>;

/** Passes kept. */
export const maxPasses = 20;

const mode = z.object({
  mode: z.enum(reconcilerModes),
  by: z.string(),
  reason: z.string(),
  owner: z.string().nullable(),
  /** When it ends by itself; `null`: never. */
  until: instant.nullable(),
  at: instant,
});

export const reconcilerRow = z.object({
  mode: mode.nullable(),
  leader: z.string().nullable(),
  /** Fence of the last election that was heard of; lower ones are refused. */
  fence: z.int().nonnegative(),
  /** Oldest first. */
  passes: z.array(passResult),
});
export type ReconcilerRow = Readonly<z.output<typeof reconcilerRow>>;

export const modeInput = z.strictObject({
  mode: z.enum(reconcilerModes, `must be ${reconcilerModes.join(", ")}`),
  reason: changeReason,
  owner: z
    .string()
    .trim()
    .min(1, "must not be empty")
    .max(100, "may have 100 characters")
    .optional(),
  until: z.int("must be an ISO-8601 instant such as 2026-05-01T12:00:00Z").optional(),
});

/** The mode in force: a pause ends by itself. */
export const modeAt = (row: ReconcilerRow | undefined, now: number): ReconcilerMode => {
  const set = row?.mode;
  if (!set || (set.until !== null && set.until <= now)) return "enforce";
  return set.mode;
};
