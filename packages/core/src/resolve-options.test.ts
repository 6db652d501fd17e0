import { describe, expect, test } from "bun:test";
import { Journal } from "./engine/engine-kit.test.ts";
import { isMusterError } from "./errors.ts";
import { createMuster } from "./muster.ts";
import { defaultSettings, type MusterOptions } from "./options.ts";
import { silentLogger } from "./ports/logger.ts";
import { resolveSettings } from "./resolve-options.ts";

/** The sentences that refuse the options. */
const problems = (options: unknown): readonly string[] => {
  try {
    createMuster(options as MusterOptions);
    return [];
  } catch (error) {
    if (!isMusterError(error, "OPTIONS_INVALID")) throw error;
    const told = /^The options are not valid: (.*)\.$/.exec(error.message)?.[1];
    return told?.split("; ") ?? [error.message];
  }
};
const shop = { cluster: "shop" };

describe("a broken rule is told in one sentence:", () => {
  test.each<[string, unknown]>([
    ["createMuster must be an object", undefined],
    ["createMuster has no acters", { ...shop, acters: [] }],
    ["cluster must be text", {}],
    ["cluster must match [a-z0-9][a-z0-9._-]{0,63}", { cluster: "The Shop" }],
    ["node must be an object", { ...shop, node: "web-1" }],
    ["node has no name", { ...shop, node: { name: "web-1" } }],
    ["node.id must match [a-z0-9][a-z0-9._-]{0,63}", { ...shop, node: { id: "Web 1" } }],
    ["node.id must be text", { ...shop, node: { id: 1 } }],
    ["node.weight must be above 0, up to 1000", { ...shop, node: { weight: 0 } }],
    ["node.weight must be a number", { ...shop, node: { weight: "1" } }],
    [
      "node.version may have at most 100 characters",
      { ...shop, node: { version: "1".repeat(101) } },
    ],
    ["node.url may have at most 2048 characters", { ...shop, node: { url: "u".repeat(2_049) } }],
    ["settings must be an object", { ...shop, settings: 5 }],
    ["settings has no leaseMS", { ...shop, settings: { leaseMS: 1_500 } }],
    ["settings.leaseMs must be a number", { ...shop, settings: { leaseMs: "1500" } }],
    [
      "settings.leaseMs must be a whole number above 0",
      { ...shop, settings: { leaseMs: 1_500.5 } },
    ],
    ["settings.maxFanOut must be a whole number above 0", { ...shop, settings: { maxFanOut: 0 } }],
    ["settings.shardCount may be at most 4096", { ...shop, settings: { shardCount: 4_097 } }],
    [
      "settings.leaseMs must be at least three times settings.heartbeatMs, or one late heartbeat ends a lease",
      { ...shop, settings: { heartbeatMs: 600 } },
    ],
    [
      "settings.trustMarginMs must be less than half of settings.leaseMs",
      { ...shop, settings: { trustMarginMs: 750 } },
    ],
    [
      "settings.confirmMs must be less than settings.heartbeatMs",
      { ...shop, settings: { confirmMs: 250 } },
    ],
    [
      "settings.maxStateBytes may be at most 8388000",
      { ...shop, settings: { maxStateBytes: 9e6 } },
    ],
    [
      "settings.maxMessageBytes may be at most 4194304",
      { ...shop, settings: { maxMessageBytes: 5_000_000 } },
    ],
    ["actors must be a list", { ...shop, actors: {} }],
    ["actors must be what implement() returns", { ...shop, actors: [{}] }],
    ["replicas must be a list", { ...shop, replicas: {} }],
    ["replicas must be what defineReplica() returns", { ...shop, replicas: [{}] }],
    ["apps must be an object", { ...shop, apps: true }],
    ["apps.host must be a host, as createHost() makes it", { ...shop, apps: {} }],
    [
      "apps.hookTimeoutMs must be a whole number above 0",
      { ...shop, apps: { host: { load: () => {} }, hookTimeoutMs: -1 } },
    ],
    ["backend must be a backend, as redisBackend() makes it", { ...shop, backend: {} }],
    ["logger must have debug, info, warn and error", { ...shop, logger: { info: () => {} } }],
  ])("%s", (sentence, options) => {
    expect(problems(options)).toEqual([sentence]);
  });
});

test("all broken rules are told at once", () => {
  expect(problems({ cluster: "", node: { id: "", weight: -1 }, settings: { leaseMs: 0 } })).toEqual(
    [
      "cluster must match [a-z0-9][a-z0-9._-]{0,63}",
      "node.id must match [a-z0-9][a-z0-9._-]{0,63}",
      "node.weight must be above 0, up to 1000",
      "settings.leaseMs must be a whole number above 0",
    ],
  );
});

test("a protocol without its behaviour is not a kind", () => {
  const { implementation: _, ...protocol } = Journal;
  expect(problems({ ...shop, actors: [protocol] })).toEqual([
    "actors must be what implement() returns",
  ]);
});

test("what is valid is taken, with defaults for the rest", () => {
  const logger = Object.assign(Object.create(silentLogger), { child: () => logger });
  expect(problems({ ...shop, node: { id: "web-1", weight: 0.5 }, logger })).toEqual([]);
  expect(problems({ ...shop, settings: { leaseMs: undefined } })).toEqual([]);
  expect(resolveSettings({ ...shop, settings: { leaseMs: 3_000 } })).toEqual({
    ...defaultSettings,
    leaseMs: 3_000,
  });
});

test("the defaults keep every rule and cannot be changed", () => {
  expect(resolveSettings(shop)).toEqual(defaultSettings);
  expect(() => Object.assign(defaultSettings, { leaseMs: 1 })).toThrow();
});

test("a node without an id is given one of its own that fits", () => {
  const ids = [createMuster(shop).nodeId, createMuster(shop).nodeId];
  for (const id of ids) expect(id).toMatch(/^[a-z0-9][a-z0-9._-]{0,63}$/);
  expect(ids[0]).not.toBe(ids[1] ?? "");
});
