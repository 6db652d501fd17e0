import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createMuster, MemoryServer, type Muster, memoryBackend } from "@muster/core";
import { contentTag } from "./content-tag.ts";
import { apiOf, startNode, until } from "./http-kit.test.ts";
import { nameOf, pathOf } from "./problem-kit.test.ts";
import { routes } from "./routes/index.ts";

let muster: Muster;
let call: ReturnType<typeof apiOf>["call"];

const isSettled = () => muster.apps.list().items.every(({ converged }) => converged);
const change = async (id: string, verb: "enable" | "disable") => {
  await call("POST", `/v1/apps/${id}/${verb}`, { as: "admin", body: { reason: "x" } });
  await until("the app agrees", isSettled, Boolean);
};
const get = (path: string, etag?: string) =>
  call("GET", path, {
    as: "viewer",
    ...(etag !== undefined && { headers: { "if-none-match": etag } }),
  });
const tagOf = async (path: string): Promise<string> => {
  const tag = (await get(path)).headers.get("etag");
  if (tag === null) throw new Error(`${path} has no ETag`);
  return tag;
};

beforeAll(async () => {
  muster = await startNode({ settings: { shardCount: 4, viewSweepMs: 100 } });
  ({ call } = apiOf(muster));
  for (const id of ["crm-sync", "mailer"]) {
    await call("POST", "/v1/apps", { as: "admin", body: { id, version: "1.0.0", reason: "x" } });
  }
  await until("the apps agree", isSettled, Boolean);
});
afterAll(() => muster.stop());

/** What views answer; the node's lag and memory are content, and do move. */
const paths = [
  "/v1/status",
  "/v1/status/apps",
  "/v1/apps",
  "/v1/apps?include=nodes",
  "/v1/apps/crm-sync",
  "/v1/apps/crm-sync/status",
];

describe.each(paths.map((path) => [path] as const))("%s", (path) => {
  test("keeps its tag while only clocks move, and is then not sent again", async () => {
    const { headers, json } = await get(path);
    const tag = headers.get("etag") ?? "";
    expect(tag).toMatch(/^W\/"[\w-]{27}"$/);
    if (json.asOf !== undefined) {
      await until(
        "the clock moves",
        async () => (await get(path)).json.asOf,
        (asOf) => asOf > json.asOf,
      );
    }
    const again = await get(path, tag);
    expect([again.status, again.text, again.headers.get("etag")]).toEqual([304, "", tag]);
  });

  test("gets a new tag when its content changes, and the old one when it changes back", async () => {
    const tag = await tagOf(path);
    await change("crm-sync", "disable");
    const answer = await get(path, tag);
    if (path === "/v1/status") expect(answer.status).toBe(304);
    else {
      expect([answer.status, answer.text.length > 0]).toEqual([200, true]);
      expect(answer.headers.get("etag")).not.toBe(tag);
    }
    await change("crm-sync", "enable");
  });

  test("takes a list of tags, a strong one and a star", async () => {
    const tag = await tagOf(path);
    const strong = tag.slice(2);
    for (const header of [`"a", ${tag}, "b"`, strong, `${strong},"a"`, "*", " * "]) {
      expect((await get(path, header)).status).toBe(304);
    }
    for (const header of ["", '"a"', "a", `${tag}x`, strong.slice(1), '"*"']) {
      expect((await get(path, header)).status).toBe(200);
    }
  });
});

test("the tag of the verdict changes with the counts", async () => {
  const tag = await tagOf("/v1/status");
  await call("POST", "/v1/apps", {
    as: "admin",
    body: { id: "third", version: "1.0.0", reason: "x" },
  });
  await until("the app agrees", isSettled, Boolean);
  expect((await get("/v1/status", tag)).status).toBe(200);
});

test("a node's tag changes with its record and not with its lease", () => {
  const node = (more: object) =>
    JSON.stringify({
      id: "web-1",
      leaseAgeMs: 12,
      lastHeartbeatAt: "2026-05-01T12:00:00.000Z",
      shards: 4,
      ...more,
    });
  const tag = contentTag(node({}));
  expect(contentTag(node({ leaseAgeMs: 240.5, lastHeartbeatAt: "2026-05-01T12:00:09.000Z" }))).toBe(
    tag,
  );
  expect(contentTag(node({ shards: 5 }))).not.toBe(tag);
  expect(contentTag(node({ cordoned: true }))).not.toBe(tag);
});

test("the age in a reason of the verdict is a clock, other numbers in it are not", () => {
  const status = (reason: string) => contentTag(JSON.stringify({ reasons: [reason] }));
  const tag = status("node web-2 is suspect: last heard 1.2 s ago");
  expect(status("node web-2 is suspect: last heard 31.0 s ago")).toBe(tag);
  expect(status("node web-3 is suspect: last heard 1.2 s ago")).not.toBe(tag);
  expect(status("node web-2 is lost: last heard 1.2 s ago")).not.toBe(tag);
});

test("text that looks like a clock field is content", () => {
  const app = (lastError: string) => contentTag(JSON.stringify({ lastError }));
  expect(app('{"asOf":"1"}')).not.toBe(app('{"asOf":"2"}'));
});

test("every list and record from views has a tag, and changes have none", async () => {
  const untagged = new Set([
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",
    "GET /v1/shards",
    "GET /v1/verify",
    "GET /v1/doctor",
    "GET /v1/explain/shard/{shard}",
    "GET /v1/explain/actor/{kind}/{id}",
    "GET /v1/actors/{kind}/{id}",
    "GET /v1/dead-letters",
    "GET /v1/dead-letters/{id}",
    "GET /v1/audit",
    "GET /v1/events",
    "GET /v1/migrate/apps",
    "GET /v1/apps/{id}/history",
    "GET /v1/migrate/apps",
    "GET /v1/wait",
    "GET /v1/apps/{id}/wait",
  ]);
  for (const route of routes.filter(({ method }) => method === "get")) {
    const answer = await get(pathOf(route));
    expect([nameOf(route), answer.headers.has("etag")]).toEqual([
      nameOf(route),
      !untagged.has(nameOf(route)),
    ]);
    const kept = answer.headers.get("cache-control");
    expect(kept).toBe(answer.headers.has("etag") ? "private, no-cache" : "no-store");
  }
  const body = { reason: "x" };
  const changed = await call("POST", "/v1/apps/mailer/disable", { as: "admin", body });
  expect([changed.headers.get("etag"), changed.headers.get("cache-control")]).toEqual([
    null,
    "no-store",
  ]);
});

test("a node's tag is the same on every node but for what is local", async () => {
  const backend = memoryBackend({ server: new MemoryServer() });
  const nodes = ["web-1", "web-2"].map((id) =>
    createMuster({ cluster: "pair", node: { id }, backend, settings: { shardCount: 4 } }),
  );
  await Promise.all(nodes.map((node) => node.start()));
  const tags = await until(
    "both see the same report",
    () =>
      Promise.all(
        nodes.map(async (node) =>
          (await apiOf(node).call("GET", "/v1/status/apps", { as: "viewer" })).headers.get("etag"),
        ),
      ),
    ([one, other]) => one === other,
  );
  expect(tags[0]).not.toBeNull();
  await Promise.all(nodes.map((node) => node.stop()));
});
