import { expect, test } from "bun:test";
import { type Caller, callerText, refusalOf } from "./caller.ts";

const caller = (part: Partial<Caller> = {}): Caller => ({
  name: "vera",
  role: "viewer",
  readOnly: false,
  sessions: true,
  ...part,
});

test("what a role does not reach is refused beforehand, with the role it needs", () => {
  expect(refusalOf(caller(), "viewer")).toBeUndefined();
  expect(refusalOf(caller(), "operator")).toBe("This needs the role operator; vera has viewer.");
  expect(refusalOf(caller({ role: "operator" }), "operator")).toBeUndefined();
  expect(refusalOf(caller({ role: "operator" }), "admin")).toContain("needs the role admin");
  expect(refusalOf(caller({ role: "admin" }), "admin")).toBeUndefined();
});

test("a read-only mount refuses every change, whoever asks", () => {
  expect(refusalOf(caller({ role: "admin", readOnly: true }), "operator")).toContain("read-only");
  expect(callerText(caller({ readOnly: true }))).toBe("vera, viewer, read-only");
});

test("while it is not known who looks, the server is left to decide", () => {
  expect(refusalOf(undefined, "admin")).toBeUndefined();
});
