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
  ["redis+sentinel://a:1,b/main", { sentinels: ["a:1", "b"], name: "main" }],
  [
    "redis+sentinel://u:p%40@[::1]:2/my.main/3/?sentinel-username=w&sentinel-password=s%26t",
    {
      sentinels: ["[::1]:2"],
      name: "my.main",
      username: "u",
      password: "p@",
      db: 3,
      sentinelUsername: "w",
      sentinelPassword: "s&t",
    },
  ],
  ["rediss+sentinel://a/main", { sentinels: ["a"], name: "main", tls: true, sentinelTls: true }],
  ["rediss+sentinel://a/main?sentinel-tls=no", { sentinels: ["a"], name: "main", tls: true }],
  [
    "redis+sentinel://a/main?sentinel-tls=yes",
    { sentinels: ["a"], name: "main", sentinelTls: true },
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
  ["redis+sentinel://a:1", "cannot be read"],
  ["redis+sentinel:///main", "cannot be read"],
  ["redis+sentinel://a:b/main", "cannot be read"],
  ["redis+sentinel://a/main/x", "cannot be read"],
  ["redis+sentinel://a/main?password=x", "nobody knows"],
  ["redis+sentinel://a/main?sentinel-tls=1", "yes or no"],
])("%s is refused", (address, words) => {
  expect(() => parseRedisAddress(address)).toThrow(words);
});

test.each([
  ["redis://h:1", "redis://h:1"],
  ["redis://u:secret@h:1/", "redis://u:***@h:1"],
  ["redis+cluster://:se@cret@a:1,b:2", "redis+cluster://:***@a:1,b:2"],
  [
    "redis+sentinel://u:secret@a/main?sentinel-password=secret&sentinel-tls=no",
    "redis+sentinel://u:***@a/main?sentinel-password=***&sentinel-tls=no",
  ],
])("%s is shown without its password", (address, shown) => {
  expect(withoutPassword(address)).toBe(shown);
});
