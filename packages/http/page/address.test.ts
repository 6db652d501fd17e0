import { expect, test } from "bun:test";
import { type Address, appsPathOf, home, isFiltered, parseAddress, searchOf } from "./address.ts";

const full: Address = {
  view: "events",
  app: "crm-sync",
  letter: "3.1-0.4",
  q: "a&b=<i>",
  drifted: true,
  desired: "disabled",
  sort: "problems",
  all: true,
  types: "app.*,alert.opened",
  subject: "order/a b/é",
};

test("an address written is the address read", () => {
  for (const address of [home, full, { ...home, view: "letters" as const, all: true }]) {
    expect(parseAddress(searchOf(address))).toEqual(address);
  }
});

test("what is as at first is not in the address", () => {
  expect(searchOf(home)).toBe("");
  expect(searchOf({ ...home, app: "crm" })).toBe("?app=crm");
});

test("what nobody wrote so is passed over", () => {
  const search = "?view=admin&sort=random&desired=on&drifted=yes&all=1&other=x";
  expect(parseAddress(search)).toEqual(home);
  expect(parseAddress(`?q=${"x".repeat(300)}`).q).toHaveLength(100);
});

test("the apps asked for are those of the filters", () => {
  expect(appsPathOf(home, 100)).toBe("v1/apps?include=nodes&limit=100");
  expect(appsPathOf(full, 500)).toBe(
    "v1/apps?include=nodes&limit=500&q=a%26b%3D%3Ci%3E&drifted=true&desired=disabled",
  );
  expect([isFiltered(home), isFiltered(full), isFiltered({ ...home, desired: "enabled" })]).toEqual(
    [false, true, true],
  );
});
