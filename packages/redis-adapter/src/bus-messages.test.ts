/** Hints come back as they were sent, and what is no hint is dropped (I8). */
import { describe, expect, test } from "bun:test";
import type {
  BusMessage,
  EntryId,
  HistoryId,
  Incarnation,
  NodeId,
  Topic,
} from "@muster/core/ports";
import fc from "fast-check";
import { decodeMessage, encodeMessage } from "./bus-messages.ts";
import { maxPublishedBytes, packRows, unpackRows } from "./rows.ts";

const node = "web-1" as NodeId;
const version = { historyId: "a".repeat(40) as HistoryId, n: 12 };
const every = Uint8Array.from({ length: 256 }, (_, i) => i);
const entry = { id: "5-1" as EntryId, payloads: [every, new Uint8Array(0), every] };

const cases: readonly (readonly [Topic, BusMessage])[] = [
  [
    { topic: "wake", shard: 3 },
    { topic: "wake", shard: 3, entry, previous: "5-0" as EntryId },
  ],
  [
    { topic: "wake", shard: 3 },
    { topic: "wake", shard: 3 },
  ],
  [
    { topic: "replies", node },
    { topic: "replies", payload: every },
  ],
  [
    { topic: "node", node },
    { topic: "node", payload: new Uint8Array(0) },
  ],
  [
    { topic: "view", kind: "app" },
    {
      topic: "view",
      kind: "app",
      shard: 3,
      version,
      rows: [
        { id: "é ☃", row: every },
        { id: "", row: "removed" },
        { id: "x", row: new Uint8Array(0) },
      ],
    },
  ],
  [
    { topic: "view", kind: "app" },
    { topic: "view", kind: "app", shard: 3, version, rows: [] },
  ],
  [
    { topic: "view", kind: "app" },
    { topic: "view", kind: "app", shard: 3, version },
  ],
  [
    { topic: "status" },
    {
      topic: "status",
      nodeId: node,
      incarnation: "life" as Incarnation,
      version,
      reset: true,
      rows: [{ unit: "a", row: every }],
    },
  ],
  [
    { topic: "status" },
    { topic: "status", nodeId: node, incarnation: "life" as Incarnation, version, reset: false },
  ],
  [{ topic: "membership" }, { topic: "membership", version: 7 }],
  [{ topic: "ownership" }, { topic: "ownership", shards: [1, 2] }],
  [{ topic: "ownership" }, { topic: "ownership", shards: [] }],
];

/** Buffers compare as the bytes they hold. */
const plain = (value: unknown): unknown =>
  value instanceof Uint8Array
    ? [...value]
    : Array.isArray(value)
      ? value.map(plain)
      : typeof value === "object" && value !== null
        ? Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)]))
        : value;

describe("a message comes back as it was sent", () => {
  for (const [i, [topic, message]] of cases.entries()) {
    test(`${topic.topic} ${i}`, () => {
      const bytes = encodeMessage(topic, message);
      expect(plain(decodeMessage(topic, bytes ?? Buffer.from("none")))).toEqual(plain(message));
    });
  }
});

test("a message of another topic is not encoded", () => {
  expect(encodeMessage({ topic: "status" }, { topic: "membership", version: 1 })).toBeUndefined();
});

test("a message that was cut short is dropped, or tells of no content", () => {
  for (const [topic, message] of cases) {
    const bytes = encodeMessage(topic, message);
    if (!bytes || !["wake", "view", "status"].includes(topic.topic)) continue;
    for (let length = 0; length < bytes.length; length++) {
      const cut = decodeMessage(topic, bytes.subarray(0, length));
      if (cut) expect("entry" in cut || "rows" in cut).toBe(false);
    }
  }
});

test("any bytes on any channel are read or dropped, never thrown at", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...cases), (bytes, [topic]) => {
      decodeMessage(topic, Buffer.from(bytes));
    }),
    { numRuns: 3_000 },
  );
});

test("a damaged message is read or dropped, never thrown at", () => {
  fc.assert(
    fc.property(fc.constantFrom(...cases), fc.nat(), fc.nat(255), ([topic, message], at, byte) => {
      const bytes = encodeMessage(topic, message) ?? Buffer.alloc(1);
      if (bytes.length > 0) bytes[at % bytes.length] = byte;
      decodeMessage(topic, bytes);
    }),
    { numRuns: 3_000 },
  );
});

test("rows come back as they were packed", () => {
  const row = fc.record({
    name: fc.string({ unit: "grapheme", maxLength: 30 }),
    row: fc.oneof(fc.constant("removed" as const), fc.uint8Array({ maxLength: 100 })),
  });
  fc.assert(
    fc.property(fc.array(row, { maxLength: 20 }), (rows) => {
      expect(plain(unpackRows(packRows(rows)))).toEqual(plain({ kind: "rows", rows }));
    }),
  );
});

test("rows over the bound are left out", () => {
  const row = new Uint8Array(maxPublishedBytes / 2);
  expect(packRows([{ name: "a", row }]).length).toBeGreaterThan(0);
  expect(
    packRows([
      { name: "a", row },
      { name: "b", row },
    ]),
  ).toEqual(Buffer.alloc(0));
  expect(unpackRows(Buffer.alloc(0))).toEqual({ kind: "too-large" });
});
