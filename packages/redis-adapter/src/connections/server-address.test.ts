import { expect, test } from "bun:test";
import { sentinelPort, serverAddress } from "./server-address.ts";

test.each([
  ["redis-1:7000", "redis-1:7000"],
  ["redis-1", "redis-1:6379"],
  ["[::1]:7000", "::1:7000"],
  ["[::1]", "::1:6379"],
  [{ host: "redis-1", port: 7000 }, "redis-1:7000"],
  [{ host: "redis-1" }, "redis-1:6379"],
] as const)("%p is the server %p", (given, address) => {
  expect(serverAddress(given)).toBe(address);
});

test("a Sentinel has another port unless it is told", () => {
  expect(serverAddress("sentinel-1", sentinelPort)).toBe("sentinel-1:26379");
  expect(serverAddress("sentinel-1:1", sentinelPort)).toBe("sentinel-1:1");
});
