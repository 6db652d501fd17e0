import { afterAll, beforeAll, expect, test } from "bun:test";
import { startCluster, type TestCluster } from "../kit/cluster.ts";
import { nothingWrong, shardOfLedger, startLoadOn } from "../kit/load.ts";
import { type SentinelSet, startSentinelSet } from "../kit/sentinel-set.ts";

const names = ["web-1", "web-2", "web-3"];
let set: SentinelSet;
let cluster: TestCluster;
beforeAll(async () => {
  set = await startSentinelSet({ downAfterMs: 700 });
  cluster = await startCluster({ sentinels: set });
  await cluster.startAll(3);
  await cluster.settled(...names);
}, 60_000);
afterAll(async () => {
  await cluster.close();
  await set.stop();
});

/** Which servers our nodes have connections to. */
const visited = async (): Promise<readonly number[]> => {
  const lists = await Promise.all(
    set.servers
      .filter(({ pid }) => pid !== 0)
      .map(async (server) => [server.port, await server.command("CLIENT", "LIST")] as const),
  );
  return lists.filter(([, list]) => list.includes("name=muster:")).map(([port]) => port);
};
const load = () => startLoadOn(cluster, names, { repeat: true, timeoutMs: 1_000 });

/** I1 to I5. */
test("Sentinels that are told to replace the primary under load: nothing is doubled, and what is lost is told", async () => {
  const running = await load();
  await running.more(500);
  await set.failOver();
  const primary = await set.primary();
  await cluster.waitUntil(
    "every connection is at the new primary",
    visited,
    (ports) => ports.join() === String(primary.port),
  );
  await running.more(500);
  await cluster.settled(...names);
  await running.stop();
  const report = await running.verify("web-2");
  expect(report).toMatchObject({ ...nothingWrong, lost: report.lost, unknown: 0, notApplied: 0 });
  // Nodes leave before the replica is promoted, if the announcement reaches them in time.
  await cluster.waitUntil(
    "what is lost is told",
    async () => (await cluster.node("web-1").losses()).items.map(({ subject }) => subject),
    (told) => report.losers.every((id) => told.includes(shardOfLedger(id))),
  );
}, 60_000);

/** I2, I3, I5, I6. What the replicas had was everything: no load runs while the primary dies. */
test("a primary that is killed is replaced, and nodes go on with its data, also one that starts meanwhile", async () => {
  await set.healthy();
  const before = await load();
  await before.more(300);
  await before.stop();
  await set.caughtUp();
  const former = await set.primary();
  await former.end("kill");
  const refused = await cluster
    .node("web-1")
    .ask("ledger", "put", { key: "meanwhile" }, { timeoutMs: 500 })
    .catch((error: unknown) => error);
  expect(refused).toMatchObject({ retryable: true });
  const joining = await cluster.start("web-4", { wait: false });
  const present = await set.replaced(former);
  await joining.ready;
  await cluster.settled(...names, "web-4");
  await cluster.waitUntil("it is answered again", () =>
    cluster.node("web-1").ask("ledger", "read"),
  );
  expect(await visited()).toEqual([present.port]);
  expect((await cluster.node("web-1").status()).redis).toMatchObject({
    mode: "sentinel",
    role: "primary",
    state: "connected",
  });
  expect(await before.verify("web-2")).toMatchObject({ ...nothingWrong, unknown: 0 });
  const after = await load();
  await after.more(300);
  await after.stop();
  expect(await after.verify("web-4")).toMatchObject({ ...nothingWrong, unknown: 0, notApplied: 0 });
  // Back, the former one is a replica of the present one.
  await former.begin();
  await set.healthy();
  expect(await visited()).toEqual([present.port]);
}, 90_000);
