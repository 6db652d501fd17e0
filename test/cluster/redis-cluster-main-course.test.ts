import { afterAll, beforeAll, expect, test } from "bun:test";
import { type AppsFolder, createAppsFolder } from "../kit/apps-folder.ts";
import { startCluster, type TestCluster } from "../kit/cluster.ts";
import { nothingWrong, startLoadOn } from "../kit/load.ts";
import { type RedisCluster, startRedisCluster } from "../kit/redis-cluster.ts";

let redis: RedisCluster;
let cluster: TestCluster;
let apps: AppsFolder;
beforeAll(async () => {
  apps = createAppsFolder();
  redis = await startRedisCluster();
  cluster = await startCluster({ redisCluster: redis, appsDir: apps.dir });
});
afterAll(async () => {
  await cluster.close();
  await redis.stop();
  apps.close();
});

test("three nodes on a Redis Cluster share the shards, and the status names the mode", async () => {
  await cluster.startAll(3);
  await cluster.settled("web-1", "web-2", "web-3");
  for (const node of cluster.nodes()) {
    const { redis: shown } = await node.status();
    expect(shown).toMatchObject({ mode: "cluster", role: "primary", state: "connected" });
  }
  await Promise.all(
    redis.servers.map(async (server) => {
      expect(Number(await server.command("DBSIZE"))).toBeGreaterThan(0);
    }),
  );
  expect(await cluster.judgedGone()).toBe(0);
}, 60_000);

test("an app that is installed, disabled and enabled is followed by every node", async () => {
  apps.add("shop");
  const change = (what: object) => cluster.node("web-1").do(what as never);
  const agree = (fact: string) =>
    cluster.waitUntil(fact, async () => (await cluster.node("web-3").app("shop")).converged);
  await change({ do: "install", request: { id: "shop", version: "1.0.0", reason: "x" } });
  await agree("all run it");
  await change({ do: "disable", id: "shop", reason: "x" });
  expect((await cluster.node("web-1").app("shop")).desiredStatus).toBe("disabled");
  await agree("all have stopped it");
  await change({ do: "enable", id: "shop", reason: "x" });
  await agree("all run it again");
  const { items } = await cluster.node("web-2").rows("shop");
  expect(items.map(({ nodeId }): string => nodeId).sort()).toEqual(["web-1", "web-2", "web-3"]);
}, 60_000);

/** I1 to I4. */
test("commands, messages, timers and effects of a user's actor outlive a kill and a hand-over", async () => {
  const load = await startLoadOn(cluster, ["web-1", "web-2", "web-3"]);
  const acked = (more: number) => {
    const before = load.acked;
    return cluster.waitUntil(
      "the load runs",
      () => load.acked,
      (now) => now > before + more,
    );
  };
  await acked(500);
  const ask = (id: string, command: string, input: object) =>
    cluster.node("web-1").ask(id, command, input);
  await ask("course", "forward", { key: "f", to: "course-2" });
  await ask("course", "remind", { key: "later", afterMs: 1_500 });
  await ask("course", "putWitnessed", { key: "seen", onCrash: "rerun" });
  await cluster.kill("web-2");
  await cluster.settled("web-1", "web-3");
  await acked(200);
  await cluster.start("web-2");
  await cluster.settled("web-1", "web-2", "web-3");
  expect(await cluster.stop("web-3")).toBe(0);
  await cluster.settled("web-1", "web-2");
  await acked(200);
  await load.stop();
  expect(await load.verify("web-2")).toMatchObject(nothingWrong);
  await cluster.waitUntil(
    "message, timer and effect have come",
    async () =>
      Promise.all(["course", "course-2"].map((id) => cluster.node("web-2").ask(id, "read"))),
    (states) => {
      const [first, second] = states as { keys: string[]; witnessed: string[] }[];
      return (
        first?.keys.join() === "f,seen,later" &&
        first.witnessed.join() === "seen" &&
        second?.keys.join() === "f"
      );
    },
  );
}, 60_000);
