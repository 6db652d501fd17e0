import { afterAll, beforeAll, expect, test } from "bun:test";
import { startCluster, type TestCluster } from "../kit/cluster.ts";
import { nothingWrong, startLoadOn } from "../kit/load.ts";
import { holdsFor } from "../kit/wait-until.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.close());

test("a Redis that forgets its scripts again and again under load costs no command", async () => {
  await cluster.startAll(3);
  await cluster.settled("web-1", "web-2", "web-3");
  const load = await startLoadOn(cluster, ["web-1", "web-2", "web-3"]);
  await load.more(300);
  await holdsFor("the scripts can be flushed", 2_000, () =>
    cluster.redis.command("SCRIPT", "FLUSH"),
  );
  await load.more(500);
  await load.stop();
  expect(await cluster.judgedGone()).toBe(0);
  expect(await load.verify("web-1")).toMatchObject({ ...nothingWrong, unknown: 0, notApplied: 0 });
}, 60_000);
