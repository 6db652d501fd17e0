import { afterAll, beforeAll, expect, test } from "bun:test";
import { startCluster, type TestCluster } from "../kit/cluster.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster({ witnessDelayMs: 300 });
});
afterAll(() => cluster.close());

interface Ledger {
  readonly keys: readonly string[];
  readonly witnessed: readonly string[];
  readonly failed: readonly string[];
}
const read = async (id: string): Promise<Ledger> =>
  (await cluster.node("web-1").ask(id, "read")) as Ledger;

/** The witness records outside our fence: what really ran, whoever was entitled to run it. */
test("effects under way when their owner is killed have one recorded outcome each, and none of them is forgotten", async () => {
  await cluster.startAll(3);
  await cluster.settled("web-1", "web-2", "web-3");
  const started: { id: string; key: string; onCrash: "rerun" | "interrupt" }[] = [];
  for (let n = 0; n < 120; n++) {
    const onCrash = n % 2 === 0 ? "rerun" : "interrupt";
    started.push({ id: `e-${n % 30}`, key: `${onCrash}-${n}`, onCrash });
  }
  const asked = started.map(({ id, key, onCrash }) =>
    cluster
      .node("web-1")
      .ask(id, "putWitnessed", { key, onCrash }, { idempotencyKey: key })
      .then(() => key)
      .catch(() => undefined),
  );
  await cluster.waitUntil(
    "effects of both kinds are under way on the node to be killed",
    () => cluster.witness.records.filter(({ node }) => node === "web-2").map(({ key }) => key),
    (keys) => keys.filter((key) => key.startsWith("interrupt")).length > 3 && keys.length > 8,
    { everyMs: 2 },
  );
  await cluster.kill("web-2");
  const acked = new Set((await Promise.all(asked)).filter((key) => key !== undefined));
  await cluster.settled("web-1", "web-3");

  const outcomes = async (): Promise<readonly string[]> => {
    const ids = [...new Set(started.map(({ id }) => id))];
    const states = await Promise.all(ids.map(read));
    return states.flatMap(({ witnessed, failed }) => [...witnessed, ...failed]);
  };
  await cluster.waitUntil(
    "every acknowledged effect has an outcome in the state",
    outcomes,
    (seen) => [...acked].every((key) => seen.includes(key)),
    { deadlineMs: 30_000 },
  );
  const seen = await outcomes();
  expect(seen).toHaveLength(new Set(seen).size);
  expect(acked.size).toBeGreaterThan(100);
  const again = started.filter(({ key }) => cluster.witness.times(key) > 1);
  expect(again.length).toBeGreaterThan(0);
  for (const { key, onCrash } of started) {
    if (onCrash === "interrupt") expect(cluster.witness.times(key)).toBeLessThanOrEqual(1);
    else if (acked.has(key)) expect(cluster.witness.times(key)).toBeGreaterThanOrEqual(1);
  }
}, 60_000);
