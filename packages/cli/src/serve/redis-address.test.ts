import { expect, test } from "bun:test";
import { parseRedisAddress, withoutPassword } from "./redis-address.ts";

test.each([
  ["redis://h:1", { url: "redis://h:1" }],
  ["rediss://u:p@h", { url: "rediss://u:p@h" }],
  ["redis+cluster://a:1", { cluster: ["a:1"] }],
  ["redis+cluster://a:1,b,[::1]:2/", { cluster: ["a:1", "b", "[::1]:2"] }],
  ["redis+cluster://:p%40ss@a:1", { cluster: ["a:1"], password: "p@ss" }],
  [
    "rediss+cluster://u:p@a:1,b:2",
    { cluster: ["a:1", "b:2"], username: "u", password: "p", tls: true },
  ],
])("%s is read", (address, options) => {
  expect<object>(parseRedisAddress(address)).toEqual(options);
});

test.each([
  ["nothing", "no URL"],
  ["http://h", "must begin with redis://"],
  ["redis+cluster://", "cannot be read"],
  ["redis+cluster://a:1,,b:2", "cannot be read"],
  ["redis+cluster://a:1/3", "cannot be read"],
  ["redis+cluster://a:b", "cannot be read"],
])("%s is refused", (address, words) => {
  expect(() => parseRedisAddress(address)).toThrow(words);
});

test.each([
  ["redis://h:1", "redis://h:1"],
  ["redis://u:secret@h:1/", "redis://u:***@h:1"],
  ["redis+cluster://:se@cret@a:1,b:2", "redis+cluster://:***@a:1,b:2"],
])("%s is shown without its password", (address, shown) => {
  expect(withoutPassword(address)).toBe(shown);
});
