import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Muster } from "@muster/core";
import fc from "fast-check";
import { apiOf, startNode } from "./http-kit.test.ts";
import { pageOf } from "./paging.ts";

let muster: Muster;
let call: ReturnType<typeof apiOf>["call"];
const install = (id: string) =>
  call("POST", "/v1/apps", { as: "admin", body: { id, version: "1.0.0", reason: "x" } });
const page = async (path: string, limit: number, cursor?: string) => {
  const more = cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`;
  const { json } = await call("GET", `${path}?limit=${limit}${more}`, { as: "viewer" });
  return json as { items: { id: string; shard: number }[]; nextCursor?: string };
};

beforeAll(async () => {
  muster = await startNode();
  ({ call } = apiOf(muster));
  for (const id of ["a1", "a2", "a3", "a4", "a5"]) await install(id);
});
afterAll(() => muster.stop());

test("pages follow each other in order and the last names no next one", async () => {
  const first = await page("/v1/apps", 2);
  const second = await page("/v1/apps", 2, first.nextCursor);
  const third = await page("/v1/apps", 2, second.nextCursor);
  expect([first, second, third].map(({ items }) => items.map(({ id }) => id))).toEqual([
    ["a1", "a2"],
    ["a3", "a4"],
    ["a5"],
  ]);
  expect(third.nextCursor).toBeUndefined();
});

test("a page that holds all there is names no next one", async () => {
  expect((await page("/v1/apps", 5)).nextCursor).toBeUndefined();
  expect((await page("/v1/apps", 4)).nextCursor).toBeString();
});

test("shards are paged by number", async () => {
  const first = await page("/v1/shards", 3);
  const second = await page("/v1/shards", 3, first.nextCursor);
  expect([...first.items, ...second.items].map(({ shard }) => shard)).toEqual([0, 1, 2, 3]);
});

test("a cursor stays where it is while items come before and after it", async () => {
  const { nextCursor } = await page("/v1/apps", 2);
  await install("a0");
  await install("a2-b");
  const rest = await page("/v1/apps", 500, nextCursor);
  expect(rest.items.map(({ id }) => id)).toEqual(["a2-b", "a3", "a4", "a5"]);
});

test("a cursor of something that is gone goes on behind it", () => {
  const listing = { items: ["a", "c", "d"], asOf: "", stale: false };
  const cursor = Buffer.from("b").toString("base64url");
  expect(pageOf(listing, { cursor }, (id) => id).items).toEqual(["c", "d"]);
  const end = Buffer.from("z").toString("base64url");
  expect(pageOf(listing, { cursor: end }, (id) => id)).toEqual({
    items: [],
    asOf: "",
    stale: false,
  });
});

describe("without a limit", () => {
  test("a page has a hundred items", () => {
    const items = Array.from({ length: 250 }, (_, index) => String(index).padStart(3, "0"));
    const listing = { items, asOf: "", stale: false };
    expect(pageOf(listing, {}, (id) => id).items).toEqual(items.slice(0, 100));
  });
});

test("pages of any size hold every item that stays exactly once, in order", () => {
  const ids = fc.uniqueArray(fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,6}$/), { maxLength: 30 });
  fc.assert(
    fc.property(ids, ids, fc.integer({ min: 1, max: 7 }), (kept, added, limit) => {
      const late = added.filter((id) => !kept.includes(id));
      const seen: string[] = [];
      let cursor: string | undefined;
      let present = [...kept].sort();
      do {
        const listing = { items: present, asOf: "", stale: false };
        const answer = pageOf(listing, { limit, cursor }, (id) => id);
        seen.push(...answer.items);
        cursor = answer.nextCursor;
        present = [...present, ...late.splice(0, 1)].sort();
      } while (cursor !== undefined);
      expect(seen.filter((id) => kept.includes(id))).toEqual([...kept].sort());
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen).toEqual([...seen].sort());
    }),
  );
});
