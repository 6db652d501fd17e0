import { expect, test } from "bun:test";
import { parseMonitorLine } from "./monitor-line.ts";

test("a monitored command comes back byte for byte", () => {
  const line =
    '+1732160000.123456 [0 127.0.0.1:50000] "evalsha" "\\x00\\xff\\"\\\\" "" "a b\\r\\n\\t\\a\\b"';
  expect(parseMonitorLine(line)).toEqual({
    client: "127.0.0.1:50000",
    words: [
      Buffer.from("evalsha"),
      Buffer.from([0, 255, 0x22, 0x5c]),
      Buffer.alloc(0),
      Buffer.from("a b\r\n\t\x07\b"),
    ],
  });
});

test("a backslash before an x stays one", () => {
  expect(parseMonitorLine('+1.2 [0 h:1] "\\\\x41"')?.words).toEqual([Buffer.from("\\x41")]);
});

test("what a script calls inside is no command of a client", () => {
  expect(parseMonitorLine('+1.2 [0 lua] "get" "k"')).toBeUndefined();
  expect(parseMonitorLine("+OK")).toBeUndefined();
});
