import { afterAll, beforeAll, expect, test } from "bun:test";
import { startCluster, type TestCluster } from "../kit/cluster.ts";
import { stretchedLease } from "../kit/stretch.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.close());

test("a second process with a node id in use is refused, and the first one goes on", async () => {
  const first = await cluster.start("web-1");
  await cluster.settled("web-1");
  const before = await cluster.still();
  const second = await cluster.start("web-1", { wait: false });
  await expect(second.ready).rejects.toThrow(/NODE_ID_TAKEN.*web-1/);
  expect(await first.ask("l-1", "put", { key: "k" })).toBe(1);
  const { items } = await first.shards();
  expect(items.map(({ shard, owner, epoch }) => `${shard} ${owner} ${epoch}`)).toEqual([...before]);
  second.signal("SIGKILL");
  await second.exited;
  await first.do({ do: "stop" });
}, 60_000);

test("a process killed and started again under its id waits for one lease at most", async () => {
  await cluster.start("web-2");
  await cluster.settled("web-2");
  await cluster.node("web-2").ask("l-2", "put", { key: "k" });
  await cluster.kill("web-2");
  const startedAt = performance.now();
  await cluster.start("web-2");
  expect(performance.now() - startedAt).toBeLessThan(stretchedLease().leaseMs + 5_000);
  await cluster.settled("web-2");
  expect(await cluster.node("web-2").ask("l-2", "put", { key: "again" })).toBe(2);
}, 60_000);
