/** `muster verify` over real nodes on Redis, whose data is damaged behind their back; `muster doctor`. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { Redis } from "ioredis";
import { type RedisServer, startRedisServer } from "../kit/redis-server.ts";
import { waitUntil } from "../kit/wait-until.ts";
import { type RunningMuster, runMuster, runtimes, startMuster } from "./program.ts";

const appsDir = fileURLToPath(new URL("../../examples/apps", import.meta.url));
const nodes: RunningMuster[] = [];
let redis: RedisServer;
let data: Redis;
let url: string;
beforeAll(async () => {
  redis = await startRedisServer();
  data = new Redis(redis.url);
  const flags = ["--cluster", "checked", "--redis", redis.url, "--apps", appsDir, "--json"];
  for (const id of ["web-1", "web-2"]) {
    const own = ["--node-id", id, "--port", "0", "--auth", "none"];
    nodes.push(startMuster(["serve", ...flags, ...own], { runtime: "bun" }));
  }
  const ready = await Promise.all(nodes.map((node) => node.ready));
  url = ready[0]?.nodes[0]?.url ?? "";
  const install = ["apps", "install", "crm-sync", "--version", "1.0.0", "--reason", "first"];
  expect((await runMuster([...install, "--url", url])).code).toBe(0);
  const wait = ["wait", "--for", "app/crm-sync=converged", "--url", url];
  expect((await runMuster(wait)).code).toBe(0);
}, 60_000);
afterAll(async () => {
  data.disconnect();
  for (const node of nodes.splice(0)) {
    node.signal("SIGKILL");
    await node.ended;
  }
  await redis.stop();
});

const verify = async () => {
  const { code, out, err } = await runMuster(["verify", "--json", "--url", url]);
  if (out === "") throw new Error(err);
  const { findings } = JSON.parse(out) as {
    findings: readonly { check: string; subject: string; remedy: string }[];
  };
  return { code, told: findings.map(({ check, subject }) => `${check} ${subject}`).toSorted() };
};
const shardOf = async (actor: string): Promise<number> => {
  for (let shard = 0; shard < 16; shard++) {
    if (await data.hexists(`muster:checked:{checked:${shard}}:a`, actor)) return shard;
  }
  throw new Error(`no shard has ${actor}`);
};
const keyOf = (shard: number, name: string): string => `muster:checked:{checked:${shard}}:${name}`;

test("is clean on a healthy cluster, and writes nothing", async () => {
  await waitUntil("it is clean", verify, ({ code }) => code === 0);
  const shard = await shardOf("app/crm-sync");
  const dump = async () =>
    Promise.all(
      ["own", "a", "due", "fx", "view:app", "ver"].map((name) =>
        data.dumpBuffer(keyOf(shard, name)),
      ),
    );
  const before = await dump();
  expect(await verify()).toEqual({ code: 0, told: [] });
  expect(await dump()).toEqual(before);
}, 30_000);

test("tells exactly what was damaged, by way of any node, and is clean when it is mended", async () => {
  const shard = await shardOf("app/crm-sync");
  const [rows, states, due, fx] = ["view:app", "a", "due", "fx"].map((name) => keyOf(shard, name));
  const row = await data.hgetBuffer(rows ?? "", "crm-sync");
  const state = await data.hgetBuffer(states ?? "", "app/crm-sync");
  const garbage = Buffer.from([0xc1, 0xff]);

  await data.hset(rows ?? "", "crm-sync", garbage);
  expect(await verify()).toEqual({ code: 3, told: ["rows actor/app/crm-sync"] });
  await data.hset(rows ?? "", "crm-sync", row ?? "");

  await data.hset(states ?? "", "app/crm-sync", garbage);
  expect(await verify()).toEqual({ code: 3, told: ["intents actor/app/crm-sync"] });
  await data.hset(states ?? "", "app/crm-sync", state ?? "");

  await data.zadd(due ?? "", 9e15, garbage);
  await data.hset(fx ?? "", "damaged", garbage);
  expect(await verify()).toEqual({
    code: 3,
    told: [`effects shard/${shard}`, `timers shard/${shard}`],
  });
  await data.zrem(due ?? "", garbage);
  await data.hdel(fx ?? "", "damaged");

  expect(await verify()).toEqual({ code: 0, told: [] });
}, 60_000);

test.each([...runtimes])("doctor under %s is well, by a node and without one", async (runtime) => {
  const offOf = (out: string) =>
    (JSON.parse(out).checks as readonly { id: string; state: string }[])
      .filter(({ state }) => state === "bad")
      .map(({ id }) => id);
  const byNode = await runMuster(["doctor", "--json", "--url", url], { runtime });
  expect([byNode.code, offOf(byNode.out)]).toEqual([0, []]);
  const args = ["doctor", "--redis", redis.url, "--cluster", "checked", "--json"];
  const alone = await runMuster(args, { runtime });
  expect([alone.code, offOf(alone.out)]).toEqual([0, []]);
  expect(JSON.parse(alone.out).checks.map(({ id }: { id: string }) => id)).toContain(
    "redis-pubsub",
  );
});
