import { afterAll, beforeAll, expect, test } from "bun:test";
import { startCluster, type TestCluster } from "../kit/cluster.ts";
import { nothingWrong, startLoadOn } from "../kit/load.ts";
import { holdsFor } from "../kit/wait-until.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.close());

/** Wake-ups and replies go by pub/sub, and so does the proof that a process is alive. */
test("every subscription cut at once, again and again, makes nobody suspect and loses no command", async () => {
  await cluster.startAll(3);
  await cluster.settled("web-1", "web-2", "web-3");
  const before = await cluster.still();
  const load = await startLoadOn(cluster, ["web-1", "web-2", "web-3"], {
    repeat: true,
    timeoutMs: 1_000,
  });
  await load.more(300);
  let cut = 0;
  await holdsFor(
    "no node is suspect and no shard moves",
    3_000,
    async () => {
      cut += Number(await cluster.redis.command("CLIENT", "KILL", "TYPE", "pubsub"));
      return (await cluster.ownership()).join();
    },
    (ownership) => ownership === before.join(),
  );
  expect(cut).toBeGreaterThan(60);
  await load.more(500);
  await load.stop();
  expect(await cluster.judgedGone()).toBe(0);
  expect(await load.verify("web-2")).toMatchObject({ ...nothingWrong, unknown: 0, notApplied: 0 });
}, 60_000);
