import { afterAll, beforeAll, expect, test } from "bun:test";
import { startCluster, type TestCluster } from "../kit/cluster.ts";
import { nothingWrong, startLoadOn } from "../kit/load.ts";
import { callsOf } from "../kit/script-of.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.close());

const ids = ["web-1", "web-2", "web-3"] as const;
const lost = 10_000;

/** I2, I3, I5: the work was done, its answer is lost, the connection breaks. */
test("ten thousand replies of appends, commits and claims lost after the work was done apply nothing twice and leave no promise open", async () => {
  await cluster.startAll(3);
  await cluster.settled(...ids);
  const load = await startLoadOn(cluster, ids, {
    actors: 400,
    workers: 64,
    pauseMs: 0,
    timeoutMs: 2_000,
    repeat: true,
  });
  await load.more(500);
  const swallowed = () => ids.reduce((sum, id) => sum + cluster.proxy(id).swallowed, 0);

  const claims = { when: callsOf("claim", "release", "load") };
  for (const id of ids) cluster.swallow(id, { ...claims, count: 10 });
  const admin = cluster.node("web-1");
  await admin.do({ do: "drain", id: "web-3", reason: "claims" });
  await cluster.waitUntil("its shards have moved", async () =>
    [...(await cluster.ownersOf()).values()].every((owner) => owner !== "web-3"),
  );
  await admin.do({ do: "undrain", id: "web-3", reason: "claims" });
  await cluster.waitUntil("thirty replies of claims are lost", swallowed, (count) => count >= 20);

  const writes = { when: callsOf("append", "append-out", "commit"), lingerMs: 40 };
  for (const id of ids) cluster.swallow(id, { ...writes, count: lost / 3 });
  await cluster.waitUntil("ten thousand replies are lost", swallowed, (count) => count >= lost, {
    deadlineMs: 90_000,
  });
  await load.more(500);
  await load.stop();
  const report = await load.verify("web-3");
  expect(report).toMatchObject(nothingWrong);
  expect(report.acked + report.unknown + report.notApplied).toBe(report.sent);
}, 120_000);
