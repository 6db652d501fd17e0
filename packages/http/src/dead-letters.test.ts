import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Muster } from "@muster/core";
import { tokens } from "./auth.ts";
import { apiOf, clerk, seeded, seedNode, startNode, tokenOf } from "./http-kit.test.ts";
import { expectProblem } from "./problem-kit.test.ts";

let muster: Muster;
let call: ReturnType<typeof apiOf>["call"];
beforeAll(async () => {
  muster = await startNode();
  await seedNode(muster);
  ({ call } = apiOf(muster));
});
afterAll(() => muster.stop());

const post = (path: string, body: object, headers: Record<string, string> = {}) =>
  call("POST", `/v1/dead-letters/${path}`, { as: "operator", body, headers });

test("a letter is read with what was put aside, and without its bytes", async () => {
  const { status, json } = await call("GET", `/v1/dead-letters/${seeded.letter}`, { as: "admin" });
  expect(status).toBe(200);
  expect(json).toMatchObject({
    reason: "over_bound",
    kind: "clerk",
    command: "spread",
    payload: { forms: 101 },
    replayable: true,
    resolution: null,
  });
  expect(json.bytes).toBeUndefined();
});

test("letters are listed by what they are", async () => {
  const ids = async (query: string) =>
    (await call("GET", `/v1/dead-letters?${query}`, { as: "admin" })).json.items.map(
      ({ id }: { id: string }) => id,
    );
  const all = [seeded.letter, seeded.otherLetter];
  expect(await ids("")).toEqual(all);
  expect(await ids("unresolved=true&kind=clerk&reason=over_bound&work=message")).toEqual(all);
  expect(await ids("actor=clerk/one")).toHaveLength(1);
  expect(await ids("kind=seat")).toEqual([]);
  const page = await call("GET", "/v1/dead-letters?limit=1", { as: "admin" });
  expect(await ids(`limit=1&cursor=${page.json.nextCursor}`)).toEqual([seeded.otherLetter]);
});

test("an operator without the grant sees and changes none, and learns how many there are", async () => {
  const entry = { name: "olga", role: "operator", tokens: [tokenOf.operator] } as const;
  const { call: ask } = apiOf(muster, { auth: tokens([entry]) });
  const as = "operator";
  const body = { reason: "x" };
  const one = `/v1/dead-letters/${seeded.letter}`;
  for (const answer of [
    await ask("GET", "/v1/dead-letters", { as }),
    await ask("GET", one, { as }),
    await ask("POST", `${one}/replay`, { as, body }),
    await ask("POST", `${one}/resolve`, { as, body }),
    await ask("POST", "/v1/dead-letters/replay", { as, body: { ...body, filter: {} } }),
  ]) {
    expectProblem(answer, "FORBIDDEN", 403);
  }
  const { json } = await ask("GET", "/v1/dead-letters/count", { as });
  expect(json.unresolved).toBe(2);
});

test("a replay is made once under its key, refused without, and made again when asked to", async () => {
  const path = `${seeded.letter}/replay`;
  const key = { "idempotency-key": "k-1" };
  const first = await post(path, { reason: "mended" }, key);
  expect([first.status, first.json.changed, first.json.letter.resolvedBy]).toEqual([
    200,
    true,
    "otto",
  ]);
  const repeat = await post(path, { reason: "mended" }, key);
  expect([repeat.status, repeat.json.changed, repeat.json.letter.replays]).toEqual([200, false, 1]);
  expectProblem(await post(path, { reason: "other" }, key), "IDEMPOTENCY_CONFLICT", 422);
  const again = await post(path, { reason: "mended" });
  expectProblem(again, "DEAD_LETTER_RESOLVED", 409);
  expect(again.json.current).toBe("replayed");
  expect((await post(path, { reason: "x", again: true })).json.letter.replays).toBe(2);
});

test("a letter is resolved as one thing", async () => {
  const path = `${seeded.otherLetter}/resolve`;
  const to = "handled_by_script";
  expect((await post(path, { reason: "done", to })).json.letter.resolution).toBe(to);
  expect((await post(path, { reason: "done", to })).json.changed).toBe(false);
  expectProblem(await post(path, { reason: "no" }), "DEAD_LETTER_RESOLVED", 409);
  expect((await call("GET", "/v1/status", { as: "viewer" })).json.deadLetters).toEqual({
    unresolved: 0,
    parked: 0,
  });
});

test("a replay of many tells what it would do", async () => {
  for (const id of ["three", "four"]) await muster.actor(clerk, id).tell.spread({ forms: 101 });
  const body = { filter: { kind: "clerk" }, reason: "look", dryRun: true };
  const { json } = await post("replay", body);
  expect(json.items.map(({ result }: { result: string }) => result)).toEqual([
    "would-replay",
    "would-replay",
  ]);
  const sent = await post("replay", { ...body, dryRun: false, ratePerSecond: 1_000 });
  expect(sent.json.items.map(({ result }: { result: string }) => result)).toEqual([
    "replayed",
    "replayed",
  ]);
});
