import { expect, test } from "bun:test";
import { createReplyReader, isDone } from "./replies.ts";

const stream = Buffer.from(
  "*3\r\n:0\r\n$4\r\na\r\nb\r\n*-1\r\n+OK\r\n-ERR no\r\n$-1\r\n:7\r\n*2\r\n*1\r\n:1\r\n$0\r\n\r\n",
);
const whole = ["*3", "+OK", "-ERR no", "$-1", ":7", "*2"];

test("replies are found wherever the stream is cut", () => {
  for (let size = 1; size <= stream.length; size++) {
    const found: string[] = [];
    const read = createReplyReader((reply) => found.push(reply.toString()));
    for (let at = 0; at < stream.length; at += size) read(stream.subarray(at, at + size));
    expect(found.map((reply) => reply.split("\r\n")[0] ?? "")).toEqual(whole);
    expect(found.join("")).toBe(stream.toString());
  }
});

test("only an answer that begins with 0 says that the script did its work", () => {
  expect(isDone(Buffer.from("*2\r\n:0\r\n:1\r\n"))).toBe(true);
  expect(isDone(Buffer.from("*2\r\n:1\r\n:0\r\n"))).toBe(false);
  expect(isDone(Buffer.from("-NOSCRIPT\r\n"))).toBe(false);
});
