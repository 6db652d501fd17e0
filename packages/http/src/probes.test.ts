import { describe, expect, test } from "bun:test";
import { makeCuttable } from "./cut-kit.test.ts";
import { apiOf, makeNode, until } from "./http-kit.test.ts";
import { expectProblem } from "./problem-kit.test.ts";

const probe = async (call: ReturnType<typeof apiOf>["call"], path: string) => {
  const { status, json } = await call("GET", path);
  return [status, json.status];
};

test("a node that has not joined is alive and not ready; one that has is both", async () => {
  const muster = makeNode();
  const { call } = apiOf(muster);
  expect(await probe(call, "/healthz")).toEqual([200, "ok"]);
  expect(await probe(call, "/readyz")).toEqual([503, "starting"]);
  expect(await probe(call, "/readyz?require=redis")).toEqual([503, "starting"]);
  await muster.start();
  expect(await probe(call, "/readyz")).toEqual([200, "ready"]);
  expect(await probe(call, "/readyz?require=redis")).toEqual([200, "ready"]);
  await muster.stop();
  expect(await probe(call, "/readyz")).toEqual([503, "stopping"]);
  expect(await probe(call, "/healthz")).toEqual([200, "ok"]);
});

test("a node is not ready as soon as it begins to stop", async () => {
  const muster = makeNode();
  await muster.start();
  const stopping = Object.create(muster, { state: { value: "stopping" }, ready: { value: true } });
  expect(await probe(apiOf(stopping).call, "/readyz")).toEqual([503, "stopping"]);
  await muster.stop();
});

test("a node whose backend never answers is alive and starting", async () => {
  const { muster, network } = makeCuttable();
  network.cut();
  const { call } = apiOf(muster);
  const started = muster.start({ timeoutMs: 200 });
  expect(await probe(call, "/readyz")).toEqual([503, "starting"]);
  await expect(started).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE" });
  expect(await probe(call, "/readyz")).toEqual([503, "starting"]);
  expect(await probe(call, "/healthz")).toEqual([200, "ok"]);
  network.heal();
  await until(
    "it is ready",
    () => probe(call, "/readyz"),
    ([status]) => status === 200,
  );
  await muster.stop();
});

describe("while the backend is away", () => {
  test("a node stays ready, and says that it does not know", async () => {
    const { muster, network } = makeCuttable();
    const { call } = apiOf(muster);
    await muster.start();
    network.cut();
    await until(
      "it notices",
      () => probe(call, "/readyz"),
      ([, text]) => text === "unknown",
    );
    expect(await probe(call, "/readyz")).toEqual([200, "unknown"]);
    expect(await probe(call, "/readyz?require=redis")).toEqual([503, "unknown"]);
    expect(await probe(call, "/healthz")).toEqual([200, "ok"]);
    network.heal();
    await until(
      "it is back",
      () => probe(call, "/readyz?require=redis"),
      ([status]) => status === 200,
    );
    expect(await probe(call, "/readyz")).toEqual([200, "ready"]);
    await muster.stop();
  });
});

test("probes tell nothing of the cluster, and 503 asks to come back", async () => {
  const muster = makeNode();
  const { call } = apiOf(muster);
  const starting = await call("GET", "/readyz");
  expect(Object.keys(starting.json)).toEqual(["status"]);
  expect(starting.headers.get("retry-after")).toBe("1");
  expect(starting.headers.get("cache-control")).toBe("no-store");
  expectProblem(await call("GET", "/readyz?require=sql"), "VALIDATION", 422);
});
