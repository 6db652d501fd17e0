/** Checks the options of a node: one human sentence per broken rule, all of them at once. */
import { z } from "zod";
import { MusterError } from "./errors.ts";
import { idPattern } from "./model/ids.ts";
import { type ClusterSettings, defaultSettings, type MusterOptions } from "./options.ts";

const id = (what: string) =>
  z.string(`${what} must be text`).regex(idPattern, `${what} must match [a-z0-9][a-z0-9._-]{0,63}`);
const text = (what: string, most: number) =>
  z.string(`${what} must be text`).max(most, `${what} may have at most ${most} characters`);
const holds = (what: string, ...members: readonly string[]) =>
  z.custom(
    (value) =>
      typeof value === "object" &&
      value !== null &&
      members.every((member) => typeof (value as Record<string, unknown>)[member] === "function"),
    what,
  );

const whole = (what: string) =>
  z
    .number(`${what} must be a number`)
    .refine(
      (value) => Number.isSafeInteger(value) && value > 0,
      `${what} must be a whole number above 0`,
    )
    .optional();
/** What is said of a value that is no object, or has a field that nothing reads. */
const objectErrors = (what: string) => ({
  error: ({ code, keys }: { readonly code?: string; readonly keys?: readonly string[] }) =>
    code === "unrecognized_keys"
      ? `${what} has no ${keys?.join(", ")}`
      : `${what} must be an object`,
});

const settingsSchema = z.strictObject(
  Object.fromEntries(Object.keys(defaultSettings).map((name) => [name, whole(`settings.${name}`)])),
  objectErrors("settings"),
);
const nodeSchema = z.strictObject(
  {
    id: id("node.id").optional(),
    weight: z
      .number("node.weight must be a number")
      .refine((weight) => weight > 0 && weight <= 1_000, "node.weight must be above 0, up to 1000")
      .optional(),
    version: text("node.version", 100).optional(),
    url: text("node.url", 2_048).optional(),
  },
  objectErrors("node"),
);
const appsSchema = z.strictObject(
  {
    host: holds("apps.host must be a host, as createHost() makes it", "load"),
    hookTimeoutMs: whole("apps.hookTimeoutMs"),
    slowRetryMs: whole("apps.slowRetryMs"),
  },
  objectErrors("apps"),
);

const fields = {
  cluster: id("cluster"),
  node: nodeSchema.optional(),
  backend: holds("backend must be a backend, as redisBackend() makes it", "create").optional(),
  actors: z
    .array(
      holds("actors must be what implement() returns", "partition", "implement").refine(
        (kind) => typeof kind === "object" && kind !== null && "implementation" in kind,
        "actors must be what implement() returns",
      ),
      "actors must be a list",
    )
    .optional(),
  replicas: z
    .array(
      holds("replicas must be what defineReplica() returns", "apply"),
      "replicas must be a list",
    )
    .optional(),
  apps: appsSchema.optional(),
  reconciler: z
    .union(
      [
        z.literal(false),
        z.strictObject(
          {
            everyMs: z.int().min(100).max(3_600_000).optional(),
            alertAfterMs: z.int().min(0).max(86_400_000).optional(),
            reapAfterMs: z.int().min(1_000).max(31_536_000_000).optional(),
            reapEphemeralAfterMs: z.int().min(1_000).max(31_536_000_000).optional(),
          },
          objectErrors("reconciler"),
        ),
      ],
      "reconciler must be false, or { everyMs: 100 to 3600000, alertAfterMs: 0 to 86400000, reapAfterMs and reapEphemeralAfterMs: 1000 to 31536000000 }",
    )
    .optional(),
  alertSinks: z
    .array(z.custom((sink) => typeof sink === "function", "alertSinks must be functions"))
    .optional(),
  settings: settingsSchema.optional(),
  logger: holds(
    "logger must have debug, info, warn and error",
    ...["debug", "info", "warn", "error"],
  ).optional(),
  development: z.boolean("development must be true or false").optional(),
  clock: z.unknown().optional(),
  random: z.unknown().optional(),
} satisfies Record<keyof MusterOptions, z.ZodType>;
const schema = z.strictObject(fields, objectErrors("createMuster"));

/** The codec reads no more than 8 MiB at once, and a batch holds up to 1 MiB besides its largest. */
const mostStateBytes = 8_388_000;
const mostMessageBytes = 4_194_304;

const crossRules: readonly [broken: (s: ClusterSettings) => boolean, sentence: string][] = [
  [(s) => s.shardCount > 4_096, "settings.shardCount may be at most 4096"],
  [(s) => s.eventsKept > 1_000_000, "settings.eventsKept may be at most 1000000"],
  [(s) => s.auditKept > 1_000_000, "settings.auditKept may be at most 1000000"],
  [
    (s) => s.maxStateBytes > mostStateBytes,
    `settings.maxStateBytes may be at most ${mostStateBytes}`,
  ],
  [
    (s) => s.maxMessageBytes > mostMessageBytes,
    `settings.maxMessageBytes may be at most ${mostMessageBytes}`,
  ],
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
  const checked = schema.safeParse(options);
  const problems = [...new Set(checked.error?.issues.map(({ message }) => message))];
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
