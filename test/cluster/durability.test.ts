import { afterEach, beforeEach, expect, test } from "bun:test";
import { startCluster, type TestCluster } from "../kit/cluster.ts";
import { nothingWrong, startLoadOn } from "../kit/load.ts";
import { caughtUp, primaryArgs, startReplica } from "../kit/redis-replica.ts";
import type { RedisServer } from "../kit/redis-server.ts";

const names = ["web-1", "web-2", "web-3"];
let cluster: TestCluster;
let replica: RedisServer;
beforeEach(async () => {
  cluster = await startCluster({
    redis: { args: primaryArgs },
    durability: { replicas: 1, timeoutMs: 500 },
  });
  replica = await startReplica(cluster.redis);
  await caughtUp(cluster.redis, replica);
  await cluster.startAll(3);
  await cluster.settled(...names);
});
afterEach(async () => {
  replica.thaw();
  await cluster.close();
  await replica.stop();
});

test("where callers wait for a replica, a primary that dies takes nothing acknowledged with it", async () => {
  const load = await startLoadOn(cluster, names, { actors: 8 });
  await cluster.waitUntil(
    "the load runs",
    () => load.acked,
    (acked) => acked > 500,
  );
  // From here on the replica gets nothing: what is written now is lost with the primary.
  await replica.freeze();
  await cluster.waitUntil(
    "callers are told that outcomes are unknown",
    () => load.unknown,
    (unknown) => unknown > 20,
  );
  await cluster.redis.end("kill");
  replica.thaw();
  await replica.command("REPLICAOF", "NO", "ONE");
  cluster.retarget(replica.port);
  await cluster.settled(...names);
  await load.stop();
  // Nobody acknowledges any more: the new primary has no replica.
  const report = await load.verify("web-2");
  expect(report.acked).toBeGreaterThan(500);
  expect(report).toMatchObject(nothingWrong);
}, 60_000);

test("without its replica every caller is told so soon, the status says why, and it ends with it", async () => {
  const put = (key: string) => cluster.node("web-1").ask("l", "put", { key });
  await put("before");
  await replica.freeze();
  await expect(put("meanwhile")).rejects.toMatchObject({
    code: "OUTCOME_UNKNOWN",
    outcome: "unknown",
  });
  const reasons = async () =>
    (await Promise.all(names.map((id) => cluster.node(id).status())))
      .flatMap((status) => status.reasons)
      .join();
  expect(await reasons()).toContain("Fewer replicas than durability asks for");
  replica.thaw();
  await cluster.waitUntil("commands are acknowledged again", () => put("after"));
  await cluster.waitUntil("the status is silent about it", reasons, (said) => said === "");
  const { keys } = (await cluster.node("web-2").ask("l", "read")) as { keys: readonly string[] };
  expect(keys.slice(0, 2)).toEqual(["before", "meanwhile"]);
}, 60_000);
