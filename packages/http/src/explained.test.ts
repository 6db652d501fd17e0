import { describe, expect, test } from "bun:test";
import { expectProblem } from "./problem-kit.test.ts";
import { useTable } from "./table-kit.test.ts";

const { call } = useTable();
const get = (path: string, as: "viewer" | "admin" = "viewer") => call("GET", path, { as });

describe("GET /v1/explain/shard/{shard}", () => {
  test("tells who owns it", async () => {
    const { status, json } = await get("/v1/explain/shard/3");
    expect([status, json.subject, json.owner]).toEqual([200, "shard/3", "web-1"]);
  });

  test.each(["-1", "x", "1.5", "9999999", "%00"])("refuses %p", async (shard) => {
    const answer = await get(`/v1/explain/shard/${shard}`);
    expectProblem(answer, "VALIDATION", 422);
    expect(Object.keys(answer.json.fieldErrors)).toEqual(["shard"]);
  });

  test("does not find one beyond the last", async () => {
    expectProblem(await get("/v1/explain/shard/4"), "SHARD_NOT_FOUND", 404);
  });
});

describe.each(["/v1/actors", "/v1/explain/actor"])("GET %s/{kind}/{id}", (path) => {
  test("tells of an actor, and its state to admins alone", async () => {
    const seen = (await get(`${path}/app/crm-sync`)).json;
    expect([seen.subject, seen.state.kind, "value" in seen.state]).toEqual([
      "actor/app/crm-sync",
      "stored",
      false,
    ]);
    const all = (await get(`${path}/app/crm-sync`, "admin")).json;
    expect(all.state.value).toBeObject();
  });

  test("takes any id, and finds nothing under one that nothing has", async () => {
    for (const id of ["nobody", "a%2Fb", "%F0%9F%92%A9", "x".repeat(512)]) {
      expectProblem(await get(`${path}/clerk/${id}`), "ACTOR_NOT_FOUND", 404);
    }
  });

  test("refuses what is no kind and no id", async () => {
    expectProblem(await get(`${path}/Clerk/one`), "VALIDATION", 422);
    expectProblem(await get(`${path}/clerk/${"x".repeat(513)}`), "VALIDATION", 422);
    expectProblem(await get(`${path}/ghost/one`), "ACTOR_NOT_FOUND", 404);
  });
});
