import { describe, expect, test } from "bun:test";
import { type Redirection, redirectionOf } from "./redirection.ts";

const asked = "10.0.0.1:7000";
const cases: readonly (readonly [string, Redirection | undefined])[] = [
  ["MOVED 3999 127.0.0.1:6381", { kind: "moved", slot: 3999, address: "127.0.0.1:6381" }],
  ["ASK 3999 redis-2.example:6381", { kind: "ask", address: "redis-2.example:6381" }],
  ["MOVED 7 ::1:6381", { kind: "moved", slot: 7, address: "::1:6381" }],
  // A server that knows no address of its own leaves the host away: it is the one that was asked.
  ["MOVED 7 :6381", { kind: "moved", slot: 7, address: "10.0.0.1:6381" }],
  ["TRYAGAIN Multiple keys request during rehashing of slot", { kind: "later" }],
  ["CLUSTERDOWN Hash slot not served", { kind: "later" }],
  ["LOADING Redis is loading the dataset in memory", { kind: "later" }],
  ["READONLY You can't write against a read only replica.", { kind: "later" }],
  ["NOSCRIPT No matching script", undefined],
  ["OOM command not allowed", undefined],
  ["Command timed out", undefined],
  ["MOVED to nowhere", undefined],
  ["", undefined],
];

describe("an answer", () => {
  for (const [message, redirection] of cases) {
    test(`"${message}" leads to ${redirection?.kind ?? "nothing"}`, () => {
      expect(redirectionOf(message, asked)).toEqual(redirection as Redirection);
    });
  }
});
