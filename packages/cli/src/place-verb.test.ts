import { expect, test } from "bun:test";
import { Command } from "commander";
import { nouns } from "./commands/index.ts";
import { declareFlags } from "./flags.ts";
import { placeVerb } from "./place-verb.ts";

const globals = declareFlags(new Command()).options;

test.each([
  ["nodes", "nodes list"],
  ["apps --drifted", "apps list --drifted"],
  ["apps --desired enabled", "apps list --desired enabled"],
  ["-o json nodes", "-o json nodes list"],
  ["--url=http://h nodes", "--url=http://h nodes list"],
  ["nodes --url http://h", "nodes list --url http://h"],
  ["nodes -ojson", "nodes list -ojson"],
])("`%s` gets its default verb", (given, expected) => {
  expect(placeVerb(given.split(" "), nouns, globals).join(" ")).toBe(expected);
});

test.each([
  "nodes get web-1",
  "nodes --url http://h get web-1",
  "nodes drian web-1",
  "nodes --help",
  "apps -h",
  "apps -q --help",
  "status",
  "token",
  "unknown nodes",
  "help nodes",
  "--url nodes status",
])("`%s` is left as it is", (given) => {
  expect(placeVerb(given.split(" "), nouns, globals).join(" ")).toBe(given);
});
