import { expect, test } from "bun:test";
import { createFrameReader } from "./frames.ts";

const text =
  'retry: 1000\n: begun\n\nid: 1-0\n\nid: 2-0\nevent: app.intent.changed\ndata: {"a":1}\n\n: alive\n\nid: 3-0\ndata: x\ndata: y\n\n';
const frames = [
  { id: "1-0", event: "message", data: "" },
  { id: "2-0", event: "app.intent.changed", data: '{"a":1}' },
  { id: "3-0", event: "message", data: "x\ny" },
];

test("a stream cut anywhere is read as the same frames", () => {
  for (let at = 0; at <= text.length; at += 1) {
    const read = createFrameReader();
    expect([...read(text.slice(0, at)), ...read(text.slice(at))]).toEqual(frames);
  }
});

test("lines that end as on other systems are read as well, and what is not whole waits", () => {
  const read = createFrameReader();
  expect(read(text.replaceAll("\n", "\r\n"))).toEqual(frames);
  expect(read("id: 4-0\ndata: half")).toEqual([]);
});
