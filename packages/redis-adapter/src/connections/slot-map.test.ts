import { expect, test } from "bun:test";
import type { Reply } from "../link.ts";
import { emptySlotMap, parseSlots } from "./slot-map.ts";

const b = (text: string): Buffer => Buffer.from(text);
const server = (host: Reply, port: number): Reply => [host, port, b("id"), []];
const same = (address: string) => address;
const parse = (reply: Reply, translate = same) => parseSlots(reply, "10.0.0.1:7000", translate);

test("each slot has the primary of its range, replicas have none", () => {
  const map = parse([
    [0, 99, server(b("10.0.0.1"), 7000), server(b("10.0.0.4"), 7000)],
    [100, 16_383, server(b("10.0.0.2"), 7000)],
  ]);
  expect([map.ownerOf(0), map.ownerOf(99), map.ownerOf(100), map.ownerOf(16_383)]).toEqual([
    "10.0.0.1:7000",
    "10.0.0.1:7000",
    "10.0.0.2:7000",
    "10.0.0.2:7000",
  ]);
  expect(map.primaries).toEqual(["10.0.0.1:7000", "10.0.0.2:7000"]);
  expect(map.uncovered).toBe(0);
});

test("slots that nobody serves have no primary", () => {
  const map = parse([[1, 2, server(b("10.0.0.1"), 7000)]]);
  expect(map.ownerOf(0)).toBeUndefined();
  expect(map.uncovered).toBe(16_382);
  expect(emptySlotMap.primaries).toEqual([]);
});

test("a server that knows no address of its own is the one that was asked", () => {
  for (const unknown of [b(""), b("?"), null]) {
    expect(parse([[0, 0, server(unknown, 7001)]]).ownerOf(0)).toBe("10.0.0.1:7001");
  }
});

test("an address is translated where it is not reached as told", () => {
  const map = parse([[0, 0, server(b("172.17.0.2"), 6379)]], (address) =>
    address === "172.17.0.2:6379" ? "localhost:17001" : address,
  );
  expect(map.ownerOf(0)).toBe("localhost:17001");
});

test("a moved slot changes nothing else", () => {
  const before = parse([[0, 16_383, server(b("10.0.0.1"), 7000)]]);
  const after = before.with(7, "10.0.0.2:7000");
  expect(after.ownerOf(7)).toBe("10.0.0.2:7000");
  expect(after.ownerOf(8)).toBe("10.0.0.1:7000");
  expect(before.ownerOf(7)).toBe("10.0.0.1:7000");
  expect(after.equals(before)).toBe(false);
  expect(after.with(7, "10.0.0.1:7000").equals(before)).toBe(true);
});
