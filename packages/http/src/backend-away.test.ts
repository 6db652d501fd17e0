import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { makeCuttable } from "./cut-kit.test.ts";
import { apiOf, seedNode, until } from "./http-kit.test.ts";
import { bodyOf, expectProblem, isChange, nameOf, pathOf } from "./problem-kit.test.ts";
import { routes } from "./routes/index.ts";

const { muster, network } = makeCuttable();
const { call } = apiOf(muster);
const get = (path: string) => call("GET", path, { as: "viewer" });
const isStale = async (): Promise<boolean> => {
  const answers = await Promise.all(["/v1/status", "/v1/apps", "/v1/nodes"].map(get));
  return answers.every(({ json }) => json.stale === true);
};
const isFresh = async (): Promise<boolean> => {
  const answers = await Promise.all(["/v1/status", "/v1/apps", "/v1/nodes"].map(get));
  return answers.every(({ json }) => json.stale === false);
};

beforeAll(async () => {
  await muster.start();
  await seedNode(muster);
  await until("the app agrees", () => muster.apps.get("crm-sync").converged, Boolean);
});
afterAll(() => muster.stop());

describe("right after the cut", () => {
  afterEach(async () => {
    network.heal();
    await until("the node is back", isFresh, Boolean, 10_000);
  });

  test.each(routes.filter(isChange).map((route) => [nameOf(route), route] as const))(
    "%s is refused within a second",
    async (_, route) => {
      network.cut();
      const begun = performance.now();
      const answer = await call(route.method.toUpperCase(), pathOf(route), {
        as: "admin",
        ...(route.body && { body: bodyOf(route) }),
      });
      const tookMs = performance.now() - begun;
      expect([answer.status, answer.json.code]).toEqual([
        503,
        expect.stringMatching(/^(BACKEND_UNAVAILABLE|OUTCOME_UNKNOWN)$/),
      ]);
      expectProblem(answer);
      expect(tookMs).toBeLessThan(2_000);
    },
  );
});

describe("once the node has noticed", () => {
  beforeEach(async () => {
    network.cut();
    await until("reads say that they are old", isStale, Boolean, 10_000);
  });
  afterEach(async () => {
    network.heal();
    await until("the node is back", isFresh, Boolean, 10_000);
  });

  test.each(routes.filter(isChange).map((route) => [nameOf(route), route] as const))(
    "%s is refused at once and was not applied",
    async (_, route) => {
      const begun = performance.now();
      const answer = await call(route.method.toUpperCase(), pathOf(route), {
        as: "admin",
        ...(route.body && { body: bodyOf(route) }),
      });
      expect(performance.now() - begun).toBeLessThan(500);
      expectProblem(answer, "BACKEND_UNAVAILABLE", 503);
      expect([answer.json.outcome, answer.headers.get("retry-after")]).toEqual([
        "not-applied",
        "1",
      ]);
    },
  );

  test("what is read from views is answered, marked as old, and true for the time it tells", async () => {
    const apps = await get("/v1/apps?include=nodes");
    expect([apps.status, apps.json.stale]).toEqual([200, true]);
    expect(apps.json.items.map(({ id }: { id: string }) => id)).toContain("crm-sync");
    for (const path of [
      "/v1/apps/crm-sync",
      "/v1/apps/crm-sync/status",
      "/v1/nodes",
      "/v1/nodes/web-1",
    ]) {
      const answer = await get(path);
      expect([path, answer.status, answer.json.stale]).toEqual([path, 200, true]);
      const first = Date.parse(answer.json.asOf);
      await until(
        "time passes",
        () => Date.now() - first,
        (age) => age > 400,
      );
      const later = Date.parse((await get(path)).json.asOf);
      expect([path, Math.abs(later - first) < 5]).toEqual([path, true]);
    }
    const report = await get("/v1/status/apps");
    expect([report.status, report.headers.get("x-muster-stale")]).toEqual([200, "true"]);
  });

  test("the verdict is unknown and names the node", async () => {
    const { json } = await get("/v1/status");
    expect([json.verdict, json.stale]).toEqual(["unknown", true]);
    expect(json.reasons[0]).toContain("web-1 cannot reach memory");
  });

  test("its tag differs from that of the fresh answer and holds while only the age grows", async () => {
    const status = await get("/v1/status");
    const tag = status.headers.get("etag") ?? "";
    await until(
      "the age is told anew",
      async () => (await get("/v1/status")).text !== status.text,
      Boolean,
    );
    const again = await call("GET", "/v1/status", {
      as: "viewer",
      headers: { "if-none-match": tag },
    });
    expect(again.status).toBe(304);
    const report = (await get("/v1/status/apps")).headers.get("etag");
    network.heal();
    await until("the node is back", isFresh, Boolean, 10_000);
    expect((await get("/v1/status")).headers.get("etag")).not.toBe(tag);
    expect((await get("/v1/status/apps")).headers.get("etag")).not.toBe(report);
  });

  test("what an old view does not hold may be there all the same", async () => {
    for (const path of [
      "/v1/apps/unheard-of",
      "/v1/apps/unheard-of/status",
      "/v1/nodes/unheard-of",
    ]) {
      const answer = await get(path);
      expectProblem(answer, "BACKEND_UNAVAILABLE", 503);
      expect(answer.json.detail).toContain('"unheard-of"');
    }
  });

  test("shards, which no view holds, are not answered", async () => {
    expectProblem(await get("/v1/shards"), "BACKEND_UNAVAILABLE", 503);
  });

  test("routes that no view concerns go on", async () => {
    for (const path of ["/healthz", "/openapi.json"]) expect((await get(path)).status).toBe(200);
  });
});

test("after the heal a change is made, and what is not there is not found", async () => {
  network.cut();
  await until("reads say that they are old", isStale, Boolean, 10_000);
  network.heal();
  await until("the node is back", isFresh, Boolean, 10_000);
  const body = { reason: "night" };
  const answer = await until(
    "the change is taken",
    () => call("POST", "/v1/apps/crm-sync/disable", { as: "operator", body }),
    ({ status }) => status === 200,
  );
  expect(answer.json.app.desiredStatus).toBe("disabled");
  expectProblem(await get("/v1/apps/unheard-of"), "APP_NOT_FOUND", 404);
});

test("before a node has joined nothing is said not to exist", async () => {
  const api = apiOf(makeCuttable().muster);
  const ask = (path: string) => api.call("GET", path, { as: "viewer" });
  expect((await ask("/v1/apps")).json).toMatchObject({ items: [], stale: true });
  expect((await ask("/v1/status")).json).toMatchObject({ verdict: "unknown", stale: true });
  expectProblem(await ask("/v1/apps/crm-sync"), "BACKEND_UNAVAILABLE", 503);
  expectProblem(await ask("/v1/nodes/web-1"), "BACKEND_UNAVAILABLE", 503);
  const body = { id: "crm-sync", version: "1.0.0", reason: "x" };
  const early = await api.call("POST", "/v1/apps", { as: "admin", body });
  expectProblem(early, "NOT_STARTED", 503);
});
