import { afterAll, beforeAll, expect, test } from "bun:test";
import { startCluster, type TestCluster } from "../kit/cluster.ts";
import { nothingWrong, startLoadOn } from "../kit/load.ts";
import { type RedisServer, startRedisServer } from "../kit/redis-server.ts";

let cluster: TestCluster;
let replica: RedisServer;
beforeAll(async () => {
  cluster = await startCluster({ redis: { args: ["--repl-diskless-sync-delay", "0"] } });
  replica = await startRedisServer();
});
afterAll(async () => {
  await cluster.close();
  await replica.stop();
});

const ids = ["web-1", "web-2", "web-3"] as const;
const host = "127.0.0.1";
const replicated = async (): Promise<boolean> => {
  const [primary, copy] = await Promise.all([
    cluster.redis.command("INFO", "replication"),
    replica.command("INFO", "replication"),
  ]);
  const offset = /master_repl_offset:(\d+)/.exec(primary)?.[1];
  return copy.includes("master_link_status:up") && copy.includes(`slave_repl_offset:${offset}`);
};

/** I2, I3, I5: what managed services do behind one address. Nothing is written while they change. */
test("nodes leave a primary that was demoted for the one behind the same address, and lose nothing", async () => {
  await cluster.startAll(3);
  await cluster.settled(...ids);
  await replica.command("REPLICAOF", host, String(cluster.redis.port));
  const load = await startLoadOn(cluster, ids, { repeat: true, timeoutMs: 1_000 });
  await cluster.waitUntil("the replica follows", async () =>
    (await replica.command("INFO", "replication")).includes("master_link_status:up"),
  );
  await load.more(300);

  await cluster.redis.command("CLIENT", "PAUSE", "10000", "WRITE");
  await cluster.waitUntil("the replica has everything", replicated);
  await replica.command("REPLICAOF", "NO", "ONE");
  cluster.retarget(replica.port);
  await cluster.redis.command("REPLICAOF", host, String(replica.port));
  await cluster.redis.command("CLIENT", "UNPAUSE");
  await cluster.waitUntil("every node has left the old one", async () => {
    const clients = await cluster.redis.command("CLIENT", "LIST");
    return !clients.includes("name=muster:");
  });
  await cluster.start("web-4");
  await cluster.settled(...ids, "web-4");
  expect(await cluster.judgedGone()).toBe(0);

  await load.more(300);
  await load.stop();
  expect(await load.verify("web-1")).toMatchObject({ ...nothingWrong, unknown: 0, notApplied: 0 });
}, 60_000);
