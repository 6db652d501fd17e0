import { expect, test } from "bun:test";
import { Command } from "ioredis";
import type { Argument } from "./link.ts";
import { encodeCommand, WireCommand } from "./wire-command.ts";

const stock = (name: string, args: readonly Argument[]): Buffer => {
  const writable = new Command(name, args as Argument[]).toWritable({} as never);
  return Buffer.from(writable as unknown as Buffer | string);
};

const cases: readonly (readonly [string, readonly Argument[]])[] = [
  ["no argument", []],
  ["plain words", ["key", "value", "0", "12345678901234567890"]],
  ["empty word and empty bytes", ["", Buffer.alloc(0), "x"]],
  ["words of several bytes a character", ["é".repeat(9), "☃".repeat(40), "𝄞", "a".repeat(9)]],
  ["bytes of every value", [Buffer.from(Uint8Array.from({ length: 256 }, (_, i) => i))]],
  ["lengths around powers of ten", [9, 10, 99, 100, 999, 1_000].map((n) => "x".repeat(n))],
  ["more than the scratch holds", [Buffer.alloc(300_000, 7), "☃".repeat(100_000)]],
  ["many arguments", Array.from({ length: 5_000 }, (_, i) => `argument-${i}`)],
];

for (const [title, args] of cases) {
  test(`${title}: encoded as ioredis encodes it`, () => {
    expect(encodeCommand("evalsha", args).equals(stock("evalsha", args))).toBe(true);
  });
}

test("an encoded command does not change when the next one is encoded", () => {
  const first = new WireCommand("set", ["key", "first"]).toWritable();
  const copy = Buffer.from(first);
  new WireCommand("set", ["key", "other"]).toWritable();
  expect(first).toEqual(copy);
});
