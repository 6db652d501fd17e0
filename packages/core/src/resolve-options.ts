/** Checks the options of a node: one human sentence per broken rule, all of them at once. */
import { z } from "zod";
import { MusterError } from "./errors.ts";
import { idPattern } from "./model/ids.ts";
import { type ClusterSettings, defaultSettings, type MusterOptions } from "./options.ts";

const id = (what: string) =>
  z.string(`${what} must be text`).regex(idPattern, `${what} must match [a-z0-9][a-z0-9._-]{0,63}`);
const positive = z.int().positive();

const settingsSchema = z.strictObject(
  Object.fromEntries(Object.keys(defaultSettings).map((name) => [name, positive.optional()])),
);

const schema = z.looseObject({
  cluster: id("cluster"),
  node: z
    .strictObject({
      id: id("node.id").optional(),
      weight: z.number().positive().max(1_000).optional(),
      version: z.string().max(100).optional(),
      url: z.string().max(2_048).optional(),
    })
    .optional(),
  settings: settingsSchema.optional(),
});

const crossRules: readonly [broken: (s: ClusterSettings) => boolean, sentence: string][] = [
  [(s) => s.shardCount > 4_096, "settings.shardCount may be at most 4096"],
  [
    (s) => s.heartbeatMs * 3 > s.leaseMs,
    "settings.leaseMs must be at least three times settings.heartbeatMs, or one late heartbeat ends a lease",
  ],
  [
    (s) => s.trustMarginMs >= s.leaseMs / 2,
    "settings.trustMarginMs must be less than half of settings.leaseMs",
  ],
  [
    (s) => s.confirmMs >= s.heartbeatMs,
    "settings.confirmMs must be less than settings.heartbeatMs",
  ],
];

/**
 * Fills in defaults and checks every rule.
 * @throws MusterError `OPTIONS_INVALID` naming all broken rules
 */
export const resolveSettings = (options: MusterOptions): ClusterSettings => {
  const problems: string[] = [];
  const checked = schema.safeParse(options);
  if (!checked.success) {
    for (const issue of checked.error.issues) {
      const path = issue.path.join(".");
      problems.push(issue.message.startsWith(path) ? issue.message : `${path}: ${issue.message}`);
    }
  }
  const given = Object.fromEntries(
    Object.entries(options?.settings ?? {}).filter(([, value]) => value !== undefined),
  );
  const settings: ClusterSettings = { ...defaultSettings, ...given };
  if (problems.length === 0) {
    for (const [broken, sentence] of crossRules) if (broken(settings)) problems.push(sentence);
  }
  if (problems.length > 0) {
    throw new MusterError("OPTIONS_INVALID", `The options are not valid: ${problems.join("; ")}.`, {
      op: "createMuster",
    });
  }
  return settings;
};
