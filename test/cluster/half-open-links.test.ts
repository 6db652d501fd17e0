import { afterAll, beforeAll, expect, test } from "bun:test";
import { startCluster, type TestCluster } from "../kit/cluster.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.close());

/** I5: no byte comes back and no connection breaks. */
test("a node whose connections hang half-open gives its callers an answer and finds its way back", async () => {
  await cluster.startAll(2);
  await cluster.settled("web-1", "web-2");
  await cluster.node("web-2").ask("l-1", "put", { key: "before" });
  expect(cluster.proxy("web-2").halfOpen()).toBeGreaterThanOrEqual(3);
  const asked = performance.now();
  const answer = await cluster
    .node("web-2")
    .ask("l-1", "put", { key: "meanwhile" }, { timeoutMs: 2_000 })
    .catch((error: Error) => error.message);
  expect(performance.now() - asked, String(answer)).toBeLessThan(3_500);
  await cluster.settled("web-1", "web-2");
  await cluster.waitUntil("web-2 is answered again", () =>
    cluster.node("web-2").ask("l-1", "put", { key: "after" }, { timeoutMs: 1_000 }),
  );
  const { keys } = (await cluster.node("web-1").ask("l-1", "read")) as { keys: readonly string[] };
  expect(keys.filter((key) => key === "meanwhile").length).toBeLessThanOrEqual(1);
  expect(keys.filter((key) => key === "before")).toHaveLength(1);
}, 60_000);
