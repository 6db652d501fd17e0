import { afterAll, beforeAll, expect, test } from "bun:test";
import { startCluster, type TestCluster } from "../kit/cluster.ts";
import { nothingWrong, startLoadOn } from "../kit/load.ts";
import { callsOf } from "../kit/script-of.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.close());

/** I1, I2, I4: whoever sends again, at once or late, the second copy finds its number taken. */
test("appends, commits and claims that reach Redis three times are applied once", async () => {
  await cluster.startAll(3);
  await cluster.settled("web-1", "web-2", "web-3");
  const proxies = cluster.nodes().map(({ id }) => cluster.proxy(id));
  for (const proxy of proxies) {
    proxy.copyRequests({
      when: callsOf("append", "append-out", "commit", "claim", "release"),
      afterMs: [0, 400],
    });
    proxy.repeatMessages();
  }
  const load = await startLoadOn(cluster, ["web-1", "web-2", "web-3"]);
  await load.more(1_000);
  await cluster.node("web-1").do({ do: "drain", id: "web-2", reason: "claims" });
  await cluster.waitUntil("its shards have moved", async () =>
    [...(await cluster.ownersOf()).values()].every((owner) => owner !== "web-2"),
  );
  await load.more(1_000);
  await cluster.node("web-1").do({ do: "undrain", id: "web-2", reason: "claims" });
  await cluster.settled("web-1", "web-2", "web-3");
  await load.more(500);
  await load.stop();
  const answered = (status: "fenced" | "conflict" | "stale"): number => {
    const number = { fenced: "1", conflict: "4", stale: "6" }[status];
    return proxies.reduce((sum, { copied }) => sum + (copied.get(number) ?? 0), 0);
  };
  expect(answered("stale")).toBeGreaterThan(500);
  expect(answered("conflict")).toBeGreaterThan(200);
  expect(answered("fenced")).toBeGreaterThan(10);
  expect(await load.verify("web-3")).toMatchObject(nothingWrong);
}, 60_000);
