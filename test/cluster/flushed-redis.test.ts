import { afterAll, beforeAll, expect, test } from "bun:test";
import { startCluster, type TestCluster } from "../kit/cluster.ts";
import { shardOfLedger } from "../kit/load.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.close());

/** I2, I6: what Redis lost is lost, and it is said; the cluster goes on. */
test("after FLUSHALL the cluster builds its data anew, goes on and says that data was lost", async () => {
  await cluster.startAll(3);
  await cluster.settled("web-1", "web-2", "web-3");
  for (let n = 0; n < 20; n++) await cluster.node("web-1").ask(`l-${n}`, "put", { key: "before" });
  await cluster.flush();
  for (const { id } of cluster.nodes()) {
    await cluster.waitUntil(`${id} has commands answered again`, () =>
      cluster.node(id).ask(`after-${id}`, "put", { key: "after" }, { timeoutMs: 1_000 }),
    );
  }
  await cluster.settled("web-1", "web-2", "web-3");
  const state = (await cluster.node("web-2").ask("after-web-1", "read")) as {
    keys: readonly string[];
  };
  expect(state.keys).toContain("after");
  for (let n = 0; n < 20; n++) {
    const lost = (await cluster.node("web-3").ask(`l-${n}`, "read")) as { keys: readonly string[] };
    expect(lost.keys).toEqual([]);
  }
  const written = new Set(Array.from({ length: 20 }, (_, n) => shardOfLedger(`l-${n}`)));
  for (const node of cluster.nodes()) {
    await cluster.waitUntil(
      `${node.id} names all that is gone`,
      async () => (await node.losses()).items.map(({ subject }) => subject),
      (subjects) => ["cluster", ...written].every((subject) => subjects.includes(subject)),
    );
    const { verdict, reasons } = await node.status();
    expect(verdict).toBe("degraded");
    expect(reasons.join()).toMatch(/data of shard \d+ was lost: everything up to commit \d+/);
  }
}, 60_000);
