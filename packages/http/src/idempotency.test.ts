import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Muster } from "@muster/core";
import { apiOf, type Role, startNode } from "./http-kit.test.ts";
import { expectProblem } from "./problem-kit.test.ts";

let muster: Muster;
let call: ReturnType<typeof apiOf>["call"];
beforeAll(async () => {
  muster = await startNode();
  ({ call } = apiOf(muster));
});
afterAll(() => muster.stop());

const post = (path: string, body: unknown, key: string, as: Role = "operator") =>
  call("POST", path, { as, body, headers: { "idempotency-key": key } });
const install = (id: string, key: string, more: object = {}, as?: Role) =>
  post("/v1/apps", { id, version: "1.0.0", reason: "x", ...more }, key, as);
const intentOf = async (id: string) => {
  const { json } = await call("GET", `/v1/apps/${id}`, { as: "viewer" });
  return [json.generation, json.desiredStatus, json.reason];
};

test("the same change under the same key is made once and answered the same", async () => {
  const first = await install("once", "order-1");
  const second = await install("once", "order-1");
  expect([first.status, second.status]).toEqual([201, 201]);
  expect(second.json.intentId).toBe(first.json.intentId);
  expect(await intentOf("once")).toEqual([1, "enabled", "x"]);
});

test("without a key the second install says that nothing changed", async () => {
  const body = { id: "plain", version: "1.0.0", reason: "x" };
  const answers = [
    await call("POST", "/v1/apps", { as: "operator", body }),
    await call("POST", "/v1/apps", { as: "operator", body }),
  ];
  expect(answers.map(({ status }) => status)).toEqual([201, 200]);
});

test("a repeated change does not undo what was done since", async () => {
  await install("later", "order-2");
  const disable = () => post("/v1/apps/later/disable", { reason: "night" }, "order-3");
  expect((await disable()).json.changed).toBe(true);
  await post("/v1/apps/later/enable", { reason: "day" }, "order-4");
  expect((await disable()).json.changed).toBe(true);
  expect(await intentOf("later")).toEqual([3, "enabled", "day"]);
});

describe("another change under the same key is refused", () => {
  test("when the body differs", async () => {
    await install("twice", "order-5");
    const answer = await install("twice", "order-5", { reason: "y" });
    expectProblem(answer, "IDEMPOTENCY_CONFLICT", 422);
    expect(answer.json.outcome).toBe("not-applied");
    expect(await intentOf("twice")).toEqual([1, "enabled", "x"]);
  });

  test("when the command differs", async () => {
    await install("cross", "order-6");
    await post("/v1/apps/cross/disable", { reason: "x" }, "order-7");
    const answer = await post("/v1/apps/cross/enable", { reason: "x" }, "order-7");
    expectProblem(answer, "IDEMPOTENCY_CONFLICT", 422);
    expect(await intentOf("cross")).toEqual([2, "disabled", "x"]);
  });
});

test("a key is its caller's own", async () => {
  await install("shared", "order-8", {}, "operator");
  const other = await install("shared", "order-8", { reason: "mine" }, "admin");
  expect([other.status, other.json.changedBy]).toEqual([200, "otto"]);
});

test("a refusal is kept under its key too", async () => {
  const enable = () => post("/v1/apps/ghost/enable", { reason: "x" }, "order-9");
  expectProblem(await enable(), "APP_NOT_FOUND", 404);
  await install("ghost", "order-10");
  expectProblem(await enable(), "APP_NOT_FOUND", 404);
});

test("twenty requests at once under one key make one change", async () => {
  await install("crowd", "order-11");
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => post("/v1/apps/crowd/disable", { reason: "x" }, "order-12")),
  );
  expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
  expect(new Set(answers.map(({ json }) => json.app.intentId)).size).toBe(1);
  expect(await intentOf("crowd")).toEqual([2, "disabled", "x"]);
});
