/** What Prometheus would scrape from real nodes on a private Redis, while they work. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { type RedisServer, startRedisServer } from "../kit/redis-server.ts";
import { waitUntil } from "../kit/wait-until.ts";
import { type RunningMuster, runMuster, runtimes, startMuster } from "./program.ts";

const appsDir = fileURLToPath(new URL("../../examples/apps", import.meta.url));
let redis: RedisServer;
const nodes: RunningMuster[] = [];
beforeAll(async () => {
  redis = await startRedisServer();
});
afterAll(async () => {
  for (const node of nodes.splice(0)) {
    node.signal("SIGKILL");
    await node.ended;
  }
  await redis.stop();
});

const scrape = async (url: string): Promise<ReadonlyMap<string, number>> => {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(" ");
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
};
const sum = (samples: readonly ReadonlyMap<string, number>[], name: string): number =>
  samples.reduce((total, each) => total + (each.get(name) ?? Number.NaN), 0);

test("figures of a node under Node and one under Bun move as they work, and tell of a lost peer", async () => {
  const flags = ["--cluster", "scraped", "--redis", redis.url, "--apps", appsDir];
  for (const runtime of runtimes) {
    const own = ["--node-id", runtime, "--port", "0", "--auth", "none", "--json"];
    nodes.push(startMuster(["serve", ...flags, ...own], { runtime }));
  }
  const urls = await Promise.all(nodes.map(async (node) => (await node.ready).nodes[0]?.url ?? ""));
  const scrapeAll = () => Promise.all(urls.map(scrape));
  const before = await waitUntil("both are seen, and share the shards", scrapeAll, (samples) =>
    samples.every(
      (each) =>
        each.get('muster_nodes{state="up"}') === 2 && (each.get("muster_node_shards") ?? 0) > 0,
    ),
  );
  expect(sum(before, "muster_node_shards")).toBe(16);

  const install = ["apps", "install", "crm-sync", "--version", "1.0.0", "--reason", "first"];
  expect((await runMuster([...install, "--url", urls[0] ?? ""])).code).toBe(0);
  const after = await waitUntil("the app runs on both", scrapeAll, (samples) =>
    samples.every((each) => each.get('muster_app_rows{init_status="auto_enabled"}') === 2),
  );
  for (const name of [
    'muster_commands_total{outcome="done"}',
    "muster_commits_total",
    "muster_commit_duration_seconds_count",
    "muster_turn_duration_seconds_count",
  ]) {
    expect([name, sum(after, name) > sum(before, name)]).toEqual([name, true]);
  }
  expect(sum(after, "muster_redis_round_trip_seconds")).toBeGreaterThan(0);
  expect(sum(after, "muster_commit_duration_seconds_sum")).toBeGreaterThan(0);
  await waitUntil("one node leads and passes are counted", scrapeAll, (samples) => {
    return (
      sum(samples, "muster_reconciler_leader") === 1 &&
      sum(samples, "muster_reconciler_passes_total") > 0
    );
  });

  const killed = nodes.pop();
  killed?.signal("SIGKILL");
  await killed?.ended;
  await waitUntil(
    "the loss is told",
    () => scrape(urls[0] ?? ""),
    (samples) =>
      samples.get('muster_verdict{verdict="degraded"}') === 1 &&
      samples.get("muster_node_shards") === 16,
  );
}, 90_000);
