/** The Redis user that docs/operations.md gives can do all that a node does, and nothing else. */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createHost, createMuster, defineActor, defineEffect, type Muster } from "@muster/core";
import { redisBackend } from "@muster/redis-adapter";
import { z } from "zod";
import { startRedisCluster } from "../kit/redis-cluster.ts";
import { type RedisServer, startRedisServer } from "../kit/redis-server.ts";
import { startSentinelSet } from "../kit/sentinel-set.ts";
import { waitUntil } from "../kit/wait-until.ts";

const text = readFileSync(join(import.meta.dir, "../../docs/operations.md"), "utf8");
const [words = [], onCluster = [], atSentinels = []] = [
  ...text.matchAll(/```[a-z]*\n(ACL SETUSER [^`]*)```/g),
].map(([, block = ""]) => block.replace("PASSWORD", "secret").trim().split(/\s+/));
const count = z.number().int();
const probe = defineActor({
  kind: "probe",
  state: z.strictObject({ done: z.array(z.string()) }),
  commands: {
    start: { input: z.strictObject({}), output: count },
    worked: { input: z.strictObject({ id: z.string(), input: count, output: count }) },
    lost: { input: z.looseObject({}) },
    rang: { input: z.strictObject({}) },
    told: { input: z.strictObject({}) },
    done: { input: z.strictObject({}), output: z.array(z.string()), readOnly: true },
  },
});
const Probe = probe.implement({
  initial: () => ({ done: [] }),
  on: {
    start: (turn, state, _, { self }) =>
      turn
        .next(state, {
          timers: [{ name: "t", afterMs: 50, command: "rang", input: {} }],
          effects: [{ effect: "work", input: 1 }],
          tell: ["x", "y"].map((id) => ({
            to: { kind: self.kind, id },
            partitionKey: id,
            command: "told",
            input: {},
          })),
          events: [{ type: "probe.started" }],
        })
        .reply(1),
    worked: (turn, { done }) => turn.next({ done: [...done, "worked"] }).reply(),
    lost: (turn, { done }) => turn.next({ done: [...done, "lost"] }).reply(),
    rang: (turn, { done }) => turn.next({ done: [...done, "rang"] }).reply(),
    told: (turn, { done }) => turn.next({ done: [...done, "told"] }).reply(),
    done: (turn, { done }) => turn.reply(done),
  },
  effects: {
    work: defineEffect({
      input: count,
      output: count,
      // biome-ignore lint/suspicious/noThenProperty: it names a command and cannot be called
      then: "worked",
      failed: "lost",
      run: async (input) => input,
    }),
  },
  view: ({ done }) => ({ done: done.length }),
});

let redis: RedisServer;
let nodes: readonly Muster[] = [];

beforeAll(async () => {
  redis = await startRedisServer({ aof: true });
  await redis.command(...words);
});
afterEach(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
});
afterAll(() => redis.stop());

/** Has two nodes do all there is to do; answers the findings of the first. */
const doEverything = async (backend: ReturnType<typeof redisBackend>) => {
  const host = createHost({
    load: async () => ({ kind: "loaded", app: {} }),
    enable: () => true,
  });
  nodes = ["web-1", "web-2"].map((id) =>
    createMuster({ cluster: "shop", node: { id }, backend, actors: [Probe], apps: { host } }),
  );
  await Promise.all(nodes.map((node) => node.start()));
  const [web1, web2] = nodes;
  if (!web1 || !web2) throw new Error("two nodes");

  await web1.actor(probe, "a").ask.start({}, { idempotencyKey: "once" });
  await web2.actor(probe, "a").ask.start({}, { idempotencyKey: "once" });
  const done = (id: string) => () => web2.actor(probe, id).ask.done({});
  await waitUntil("timer and effect", done("a"), (did) => did.toSorted().join() === "rang,worked");
  for (const id of ["x", "y"])
    await waitUntil("a message", done(id), (did) => did.join() === "told");
  await waitUntil("the list row", () => web2.view<{ done: number }>(probe).get("a")?.done === 2);

  const ops = web1.as({ name: "ops", role: "admin" });
  await ops.apps.install({ id: "greeter", version: "1.0.0", reason: "try it" });
  await waitUntil("the app", () => web2.apps.local("greeter")?.enabled === true);
  await ops.nodes.drain("web-2", { reason: "try it" });
  await waitUntil("the drain", async () =>
    (await web1.shards.list()).items.every(({ owner }) => owner === "web-1"),
  );
  return web1.status().redis.findings;
};

test("the user that the docs give suffices for all that nodes do", async () => {
  expect(words.slice(0, 3)).toEqual(["ACL", "SETUSER", "muster"]);
  const given = { url: redis.url, username: "muster", password: "secret" };
  expect(await doEverything(redisBackend(given))).toEqual([]);
  // Nothing was refused on the way, also not where a refusal would have been borne.
  expect(await redis.command("ACL", "LOG")).not.toContain("muster");
}, 30_000);

test("with what the docs add, it suffices on a Redis Cluster, also while slots move", async () => {
  expect(onCluster.slice(0, 3)).toEqual(["ACL", "SETUSER", "muster"]);
  const servers = await startRedisCluster();
  try {
    await servers.everywhere(...words);
    await servers.everywhere(...onCluster);
    const given = { cluster: servers.addresses, username: "muster", password: "secret" };
    const findings = await doEverything(redisBackend(given));
    expect(findings.map(({ code }) => code)).toEqual(["NO_REPLICA"]);
    for (const tag of ["shop", ...Array.from({ length: 16 }, (_, shard) => `shop:${shard}`)]) {
      const slot = await servers.slotOf(`{${tag}}`);
      const from = await servers.ownerOf(slot);
      const to = (await servers.primaries()).find(({ id }) => id !== from.id);
      const move = to && (await servers.beginMove(slot, to));
      await move?.moveKeys();
      const asked = nodes[0]?.actor(probe, "a").ask.done({}, { timeoutMs: 3_000 });
      await asked?.catch(() => {});
      await move?.finish();
    }
    await waitUntil("it answers", () => nodes[0]?.actor(probe, "a").ask.done({}));
    await Promise.all(nodes.map((node) => node.stop()));
    for (const server of servers.servers) {
      expect(await server.command("ACL", "LOG")).not.toContain("muster");
    }
  } finally {
    await servers.stop();
  }
}, 60_000);

test("the user that the docs give for Sentinels suffices, and nothing else is needed of them", async () => {
  expect(atSentinels.slice(0, 3)).toEqual(["ACL", "SETUSER", "muster"]);
  const set = await startSentinelSet({ replicas: 1 });
  try {
    for (const sentinel of set.sentinels) await sentinel.command(...atSentinels);
    for (const server of set.servers) await server.command(...words);
    const of = { username: "muster", password: "secret" };
    const ofSentinels = { sentinelUsername: "muster", sentinelPassword: "secret" };
    const given = { sentinels: set.addresses, name: set.name, ...of, ...ofSentinels };
    const findings = await doEverything(redisBackend(given));
    expect(findings.map(({ code }) => code)).toEqual(["PERSISTENCE_OFF", "MIN_REPLICAS"]);
    await Promise.all(nodes.map((node) => node.stop()));
    for (const server of [...set.sentinels, ...set.servers]) {
      expect(await server.command("ACL", "LOG")).not.toContain("muster");
    }
  } finally {
    await set.stop();
  }
}, 60_000);

test("the user may not touch what is not the cluster's", async () => {
  const other = redisBackend({ url: redis.url, username: "muster", password: "secret" });
  const node = createMuster({ cluster: "bank", node: { id: "web-1" }, backend: other });
  const error = await node.start({ timeoutMs: 5_000 }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "PREFLIGHT_FAILED" });
  await node.stop();
});
