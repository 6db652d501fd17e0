/** Mail that cannot be understood is put aside with its bytes, and blocks nothing (I8). */
import { describe, expect, test } from "bun:test";
import { encode } from "../codec.ts";
import type { ActorKey, ProducerId } from "../model/ids.ts";
import { journal, world } from "./engine-kit.test.ts";
import { encodeBatch, encodeMessage } from "./wire.ts";

const message = (id: string, line: string): Uint8Array =>
  encodeMessage({
    kind: "journal",
    id,
    command: "write",
    input: { line },
    sender: "",
    depth: 0,
    sentAt: 1,
  });
const truncated = (bytes: Uint8Array): Uint8Array => bytes.slice(0, bytes.byteLength - 5);
const flipped = (bytes: Uint8Array): Uint8Array => bytes.map((byte, n) => (n === 7 ? 0xc1 : byte));
/** Nested 10,000 deep, in one byte a level. */
const deep = (): Uint8Array => new Uint8Array(10_001).fill(0x91);

const corrupt: [string, (id: string) => Uint8Array][] = [
  ["nothing", () => new Uint8Array()],
  ["noise", () => new Uint8Array([0xc1, 0xff, 0x00, 0x13])],
  ["a truncated batch", (id) => truncated(encodeBatch("x", [message(id, "cut")]))],
  ["a batch with a broken byte", (id) => flipped(encodeBatch("x", [message(id, "flip")]))],
  ["values nested too deep", deep],
  [
    "a batch of another format",
    (id) =>
      encode([
        [99, "x"],
        ["journal", id, "write"],
      ]),
  ],
  ["something that is no batch", () => encode({ hello: "there" })],
  ["a claim of a billion entries", () => new Uint8Array([0xdd, 0x3b, 0x9a, 0xca, 0x00])],
];

const one = async () => {
  const all = world();
  const n1 = await all.start("n1");
  const { shards } = await all.outside();
  let number = 0;
  /** Appends raw payloads as a node of the cluster would. */
  const append = (id: string, payload: Uint8Array, count = 1) => {
    number += 1;
    const producer = `${Number.MAX_SAFE_INTEGER}.outsider` as ProducerId;
    return shards.append({
      shard: all.shardOf(id),
      source: { kind: "producer", producer, number, hash: `h${number}` },
      payloads: [payload],
      count,
    });
  };
  return { ...all, n1, append };
};

describe("in a mailbox,", () => {
  test.each(corrupt)(
    "%s is put aside, and what comes before and after is handled",
    async (_, make) => {
      const { append, clock, deadLetters, n1, pending, read } = await one();
      await append("a", encodeBatch("x", [message("a", "before")]));
      const payload = make("a");
      await append("a", payload);
      await append("a", encodeBatch("x", [message("a", "after")]));
      await clock.runFor(1_000);
      expect(await read(n1, "a")).toEqual(["before", "after"]);
      expect((await deadLetters()).map(({ work, reason, body }) => [work, reason, body])).toEqual([
        ["mail", "unreadable", payload],
      ]);
      expect(await pending("a")).toBe(0);
    },
  );

  test("one message that cannot be understood leaves the others of its batch alone", async () => {
    const { append, clock, deadLetters, n1, read } = await one();
    const batch = encodeBatch("x", [message("a", "first"), encode([7]), message("a", "third")]);
    await append("a", batch, 3);
    await clock.runFor(1_000);
    expect(await read(n1, "a")).toEqual(["first", "third"]);
    expect(await deadLetters()).toMatchObject([
      { work: "mail", reason: "unreadable", body: batch, index: 1, attempts: 0 },
    ]);
  });

  test("a message that misstates its parts is put aside", async () => {
    const { append, clock, deadLetters, n1, read } = await one();
    const parts = [["journal", "write"], "a", { line: "x" }, 1, 0];
    const wrong = parts.map((_, n) => parts.map((part, m) => (m === n ? { no: 1 } : part)));
    const batch = encodeBatch(
      "x",
      wrong.map((each) => encode(each)),
    );
    await append("a", batch, wrong.length);
    await clock.runFor(1_000);
    // An input that is no line is refused by the schema; the rest is not understood at all.
    expect((await deadLetters()).map(({ work, reason }) => `${work} ${reason}`).toSorted()).toEqual(
      ["message invalid_input", ...Array(4).fill("mail unreadable")].toSorted(),
    );
    expect(await read(n1, "a")).toEqual([]);
  });

  test("is put aside once, also over a change of owner", async () => {
    const { append, clock, deadLetters, finish, n1, read, start } = await one();
    await append("a", new Uint8Array([0xc1]));
    await clock.runFor(1_000);
    await finish(n1.stop());
    await append("a", new Uint8Array([0xc1, 0xc1]));
    const n2 = await start("n2");
    expect(await read(n2, "a")).toEqual([]);
    expect((await deadLetters()).map(({ body }) => body)).toEqual([
      new Uint8Array([0xc1]),
      new Uint8Array([0xc1, 0xc1]),
    ]);
  });
});

test("a mailbox is not counted as fuller for what was put aside", async () => {
  const { append, clock, pending } = await one();
  await append("a", new Uint8Array([0xc1]), 40);
  await append("a", encodeBatch("x", [message("a", "line")]));
  await clock.runFor(1_000);
  expect(await pending("a")).toBe(0);
});

test("an unreadable state refuses its own actor's commands and no others", async () => {
  const { clock, deadLetters, endOf, finish, idsIn, n1, server, start } = await one();
  const [locked = "", free = ""] = idsIn(3, 2);
  await finish(n1.actor(journal, locked).ask.write({ line: "x" }));
  await finish(n1.stop());
  const key = `journal/${locked}` as ActorKey;
  server
    .cluster("shop")
    .shards.get(3)
    ?.states.set(key, new Uint8Array([0xc1]));
  const n2 = await start("n2");
  expect(await endOf(n2.actor(journal, locked).ask.read({}))).toMatchObject({
    code: "STATE_UNREADABLE",
    outcome: "not-applied",
  });
  await finish(n2.actor(journal, locked).tell.write({ line: "y" }));
  expect(await endOf(n2.actor(journal, free).ask.write({ line: "z" }))).toEqual({ value: 1 });
  await clock.runFor(500);
  expect((await deadLetters()).map(({ work, reason }) => [work, reason])).toEqual([
    ["message", "state_unreadable"],
  ]);
});
