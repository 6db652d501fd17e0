import { expect, test } from "bun:test";
import { firstLimit, isFiltered, parseFilters, pathOf, searchOf } from "./filters.ts";

test("an address carries the filters there and back", () => {
  const filters = { q: "a b&c=d/é", drifted: true, limit: firstLimit };
  expect(parseFilters(searchOf(filters))).toEqual(filters);
  expect(isFiltered(filters)).toBe(true);
});

test("no filter leaves the address as it is", () => {
  const filters = parseFilters("");
  expect([searchOf(filters), isFiltered(filters)]).toEqual(["", false]);
});

test("what else an address says is passed over", () => {
  expect(parseFilters("?drifted=maybe&limit=9999&x=y")).toEqual({
    q: "",
    drifted: false,
    limit: firstLimit,
  });
  expect(parseFilters(`?q=${"x".repeat(300)}`).q).toHaveLength(100);
});

test("the path asks for rows, a bounded number of apps and what was chosen", () => {
  expect(pathOf({ q: "crm", drifted: true, limit: 500 })).toBe(
    "v1/apps?include=nodes&limit=500&q=crm&drifted=true",
  );
});
