import { expect, test } from "bun:test";
import { recordedCalls } from "./recorded-calls.ts";

const words = (...texts: readonly string[]) => texts.map((text) => Buffer.from(text));

test("script calls of a cluster's shards are kept in order, under another name of its length", () => {
  const calls = recordedCalls(
    [
      { client: "a", words: words("evalsha", "sha", "1", "m:{one:3}:own", "m:{one}:wake") },
      { client: "a", words: words("evalsha", "sha", "1", "m:{one}:beats") },
      { client: "b", words: words("EVALSHA", "sha", "1", "m:{one:12}:own") },
      { client: "b", words: words("ping") },
      { client: "b", words: words("evalsha", "sha", "1", "m:{two:3}:own") },
    ],
    "one",
    "six",
  );
  expect(calls).toEqual([
    {
      client: 0,
      shard: 3,
      frame: Buffer.from(
        "*5\r\n$7\r\nevalsha\r\n$3\r\nsha\r\n$1\r\n1\r\n$13\r\nm:{six:3}:own\r\n$12\r\nm:{six}:wake\r\n",
      ),
    },
    {
      client: 1,
      shard: 12,
      frame: Buffer.from(
        "*4\r\n$7\r\nEVALSHA\r\n$3\r\nsha\r\n$1\r\n1\r\n$14\r\nm:{six:12}:own\r\n",
      ),
    },
  ]);
});

test("a name of another length would shift what counts its bytes", () => {
  expect(() =>
    recordedCalls([{ client: "a", words: words("evalsha", "s", "1", "{one:1}") }], "one", "seven"),
  ).toThrow("differ in length");
});
