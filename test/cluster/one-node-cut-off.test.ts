import { afterAll, beforeAll, expect, test } from "bun:test";
import { startCluster, type TestCluster } from "../kit/cluster.ts";
import { nothingWrong, startLoadOn } from "../kit/load.ts";
import type { NodeError } from "../kit/node-process.ts";
import { stretch } from "../kit/stretch.ts";
import { holdsFor } from "../kit/wait-until.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
  await cluster.startAll(3);
});
afterAll(() => cluster.close());

const ids = ["web-1", "web-2", "web-3"] as const;

/** I1, I5, I6, I10: what a node says and does that alone cannot reach Redis. */
const bearsOnWeb3 = async (cut: () => void): Promise<void> => {
  await cluster.settled(...ids);
  const load = await startLoadOn(cluster, ["web-1", "web-2"], { repeat: true, timeoutMs: 1_000 });
  await load.more(200);
  cut();
  const node = cluster.node("web-3");
  await cluster.waitUntil(
    "web-3 knows nothing any more and names itself",
    () => node.status(),
    ({ verdict, stale, reasons }) =>
      verdict === "unknown" && stale && reasons.join().includes("web-3 cannot reach redis"),
  );
  const asked = performance.now();
  const error = await node.ask("l-1", "put", { key: "k" }, { timeoutMs: 5_000 }).catch((e) => e);
  expect(error as NodeError).toMatchObject({ code: "BACKEND_UNAVAILABLE", outcome: "not-applied" });
  expect(performance.now() - asked).toBeLessThan(stretch(500));
  await cluster.waitUntil("the others own every shard and say that web-3 is gone", async () => {
    const owners = [...new Set((await cluster.ownersOf()).values())].sort().join();
    const { reasons } = await cluster.node("web-2").status();
    return owners === "web-1,web-2" && /web-3 is (suspect|lost)/.test(reasons.join());
  });
  await load.more(200);
  cluster.heal("web-3");
  await cluster.settled(...ids);
  for (const id of ids) {
    await cluster.waitUntil(
      `${id} says that all is well`,
      () => cluster.node(id).status(),
      ({ verdict }) => verdict === "healthy",
    );
  }
  await load.more(200);
  await load.stop();
  const promised = { ...nothingWrong, unknown: 0, notApplied: 0 };
  expect(await load.verify("web-3")).toMatchObject(promised);
};

test(
  "a node whose connections are refused says so, answers its callers, and comes back by itself",
  () => bearsOnWeb3(() => cluster.cut("web-3", "refused")),
  60_000,
);

test(
  "a node whose Redis answers 5 s late counts as gone, answers its callers, and comes back by itself",
  () => bearsOnWeb3(() => cluster.slow("web-3", 5_000)),
  60_000,
);

test("a Redis that answers 5 s late to all moves no shard, and is back with the next answer", async () => {
  await cluster.settled(...ids);
  const before = await cluster.still();
  const gone = await cluster.judgedGone();
  for (const id of ids) cluster.slow(id, 5_000);
  for (const id of ids) {
    await cluster.waitUntil(
      `${id} refuses its callers at once`,
      () =>
        cluster
          .node(id)
          .ask("l-1", "put", { key: "k" }, { timeoutMs: 500 })
          .catch((e) => e),
      (error) => (error as NodeError).code === "BACKEND_UNAVAILABLE",
    );
  }
  await holdsFor(
    "no node takes another for gone, though no lease can be extended",
    2_250,
    async () => (await cluster.node("web-2").nodes()).items.map(({ state }) => state).join(),
    (states) => states === "up,up,up",
  );
  for (const id of ids) cluster.heal(id);
  for (const id of ids) {
    await cluster.waitUntil(`${id} is answered again`, () =>
      cluster.node(id).ask(`back-${id}`, "put", { key: "k" }),
    );
  }
  expect(await cluster.ownership()).toEqual(before);
  expect(await cluster.judgedGone()).toBe(gone);
}, 60_000);
