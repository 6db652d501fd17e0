import { expect, test } from "bun:test";
import { createRespReader, requestWords } from "./resp.ts";

const messages = [
  "+OK\r\n",
  "-NOSCRIPT none\r\n",
  ":12\r\n",
  "$-1\r\n",
  "$5\r\na\r\nbc\r\n",
  "*-1\r\n",
  "*0\r\n",
  "*2\r\n$1\r\na\r\n*2\r\n:1\r\n$0\r\n\r\n",
  "%1\r\n+k\r\n*1\r\n:1\r\n",
  ">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nm\r\n",
  "_\r\n",
  "#t\r\n",
  "|1\r\n+ttl\r\n:3\r\n$1\r\nx\r\n",
  "PING\r\n",
];

test("a stream cut at any byte gives the same messages", () => {
  const stream = Buffer.from(messages.join(""), "latin1");
  for (let cut = 0; cut <= stream.length; cut++) {
    const reader = createRespReader();
    const read = [...reader.push(stream.subarray(0, cut)), ...reader.push(stream.subarray(cut))];
    expect(read.map((message) => message.toString("latin1"))).toEqual(messages);
  }
});

test("a message is handed out only once it is complete", () => {
  const reader = createRespReader();
  expect(reader.push(Buffer.from("*2\r\n$1\r\na\r\n"))).toEqual([]);
  expect(reader.push(Buffer.from("$1\r\nb"))).toEqual([]);
  expect(reader.push(Buffer.from("\r\n"))).toHaveLength(1);
});

test("the words of a request are its command in lower case and its first arguments", () => {
  const evalsha = Buffer.from("*4\r\n$7\r\nEVALSHA\r\n$3\r\nabc\r\n$1\r\n1\r\n$6\r\n{c:1}m\r\n");
  expect(requestWords(evalsha)).toEqual(["evalsha", "abc", "1", "{c:1}m"]);
  expect(requestWords(evalsha, 2)).toEqual(["evalsha", "abc"]);
  expect(requestWords(Buffer.from("PING\r\n"))).toEqual(["ping"]);
});
