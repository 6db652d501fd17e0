import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { Muster } from "@muster/core";
import { Counter, Registry, register } from "prom-client";
import { apiOf, clerk, seeded, seedNode, startNode, until } from "../http-kit.test.ts";
import { catalogue } from "./catalogue.ts";
import { createMetrics } from "./create-metrics.ts";

let muster: Muster;
beforeAll(async () => {
  muster = await startNode();
  await seedNode(muster);
});
afterAll(() => muster.stop());

/** Value of each sample, by name and labels as exposed. */
const samplesOf = (text: string): ReadonlyMap<string, number> =>
  new Map(
    text
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => {
        const at = line.lastIndexOf(" ");
        return [line.slice(0, at), Number(line.slice(at + 1))] as const;
      }),
  );
const typesOf = (text: string): ReadonlyMap<string, string> =>
  new Map(
    [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = "", type = ""]) => [name, type]),
  );
const read = async () => samplesOf(await createMetrics(muster).text());

describe("GET /metrics", () => {
  test("answers in the text format, for viewers", async () => {
    const { call } = apiOf(muster);
    const answer = await call("GET", "/metrics", { as: "viewer" });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    const samples = samplesOf(answer.text);
    expect(samples.get('muster_info{cluster="shop",node="web-1"}')).toBe(1);
    expect(samples.get("muster_apps")).toBe(muster.apps.list().items.length);
    expect((await call("GET", "/metrics")).status).toBe(401);
  });

  test("is not there where a mount does without", async () => {
    const { call } = apiOf(muster, { metrics: false });
    expect((await call("GET", "/metrics", { as: "admin" })).status).toBe(404);
  });

  test("answers without a token where no token is asked for", async () => {
    const { call } = apiOf(muster, { auth: "none", allowPublic: true });
    expect((await call("GET", "/metrics")).status).toBe(200);
  });

  test("has a label for each app only where asked to", async () => {
    const name = `muster_app_drifted_nodes{app="${seeded.app}"}`;
    const { call } = apiOf(muster, { metrics: { perApp: true } });
    const answer = await call("GET", "/metrics", { as: "viewer" });
    expect(samplesOf(answer.text).get(name)).toBe(0);
    expect((await read()).has(name)).toBe(false);
    expect((await createMetrics(muster).text()).includes(seeded.app)).toBe(false);
  });
});

test("the registry of the process is left alone, and one that is given has the metrics, too", async () => {
  const registry = new Registry();
  const ours = new Counter({ name: "orders_total", help: "Orders", registers: [registry] });
  ours.inc(3);
  apiOf(muster, { metrics: { registry } });
  expect(register.getMetricsAsArray()).toEqual([]);
  const samples = samplesOf(await registry.metrics());
  expect([samples.get("orders_total"), samples.get("muster_apps")]).toEqual([
    3,
    muster.apps.list().items.length,
  ]);
  expect((await read()).has("orders_total")).toBe(false);
});

test("figures move with what the node does", async () => {
  const name = 'muster_commands_total{outcome="done"}';
  const before = await read();
  await muster.actor(clerk, "moves").ask.spread({ forms: 0 });
  const after = await read();
  expect((after.get(name) ?? 0) - (before.get(name) ?? 0)).toBeGreaterThanOrEqual(1);
  const turns = "muster_turn_duration_seconds_count";
  expect(after.get(turns) ?? 0).toBeGreaterThan(before.get(turns) ?? 0);
  const letters = await until("letters are counted", read, (samples) =>
    samples.has("muster_dead_letters_unresolved"),
  );
  expect(letters.get("muster_dead_letters_unresolved")).toBe(2);
  expect(letters.get('muster_alerts_open{kind="sample"}')).toBe(1);
});

test("a counter and each bucket of a histogram only grow", async () => {
  const types = typesOf(await createMetrics(muster).text());
  const before = await read();
  await muster.actor(clerk, "grows").ask.spread({ forms: 0 });
  const after = await read();
  for (const [sample, value] of before) {
    const name = sample.replace(/(_bucket|_sum|_count)?(\{.*)?$/, "");
    if (types.get(name) === "gauge") continue;
    expect([sample, (after.get(sample) ?? -1) >= value]).toEqual([sample, true]);
  }
});

test("the buckets of a histogram add up to its count, in seconds", async () => {
  const samples = await read();
  for (const { name, type } of catalogue) {
    if (type !== "histogram") continue;
    const buckets = [...samples].filter(([sample]) => sample.startsWith(`${name}_bucket`));
    const counts = buckets.map(([, value]) => value);
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(counts.at(-1)).toBe(samples.get(`${name}_count`));
    expect(buckets.at(-1)?.[0]).toBe(`${name}_bucket{le="+Inf"}`);
    expect(name).toEndWith("_seconds");
  }
});

describe("the page of metrics", () => {
  const page = readFileSync(new URL("../../../../docs/metrics.md", import.meta.url), "utf8");
  const rows = new Map(
    [...page.matchAll(/^\| `(muster_\w+)` +\| (\w+) +\| ([^|]*?) *\|/gm)].map(
      ([, name = "", type = "", labels = ""]) => [
        name,
        [type, [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label)],
      ],
    ),
  );

  test("tells every metric with its type and labels, and no other", () => {
    expect(Object.fromEntries(rows)).toEqual(
      Object.fromEntries(catalogue.map(({ name, type, labels }) => [name, [type, [...labels]]])),
    );
  });

  test("its rules use only metrics that are exposed", async () => {
    const exposed = typesOf(await createMetrics(muster, { perApp: true }).text());
    expect([...exposed.keys()].sort()).toEqual([...rows.keys()].sort());
    const used = new Set(page.match(/\bmuster_[a-z_]+/g));
    const unknown = [...used].filter(
      (name) => !exposed.has(name.replace(/_(bucket|count|sum)$/, "")) && !exposed.has(name),
    );
    expect(unknown).toEqual([]);
  });
});
