import { expect, test } from "bun:test";
import type { Failure } from "./api.ts";
import { statusWith } from "./page-kit.test.ts";
import { decideScreen, type ScreenFacts } from "./screen.ts";

const facts = (part: Partial<ScreenFacts>): ScreenFacts => ({
  status: undefined,
  failure: undefined,
  silentMs: 0,
  ageMs: 0,
  signIn: "asked",
  ...part,
});
const silent: Failure = { kind: "silent" };
const refused = (status: number, detail: string, hint?: string): Failure => ({
  kind: "problem",
  problem: { status, code: "X", detail, ...(hint !== undefined && { hint }) },
});
const away = statusWith({
  stale: true,
  verdict: "unknown",
  redis: { mode: "redis", role: "primary", state: "connecting", findings: [] },
});

test("before the first answer the page is loading", () => {
  expect(decideScreen(facts({}))).toEqual({ kind: "loading" });
});

test("an answer that is up to date is shown without a notice", () => {
  expect(decideScreen(facts({ status: statusWith() }))).toEqual({
    kind: "data",
    notice: undefined,
    old: false,
  });
});

test("with Redis away the data stays, marked as old, with its age", () => {
  const screen = decideScreen(facts({ status: away, ageMs: 12_400 }));
  expect(screen).toMatchObject({
    kind: "data",
    old: true,
    notice: {
      title: "web-1 cannot reach Redis",
      text: expect.stringContaining("What you see was true 12 s ago"),
    },
  });
});

test("views that are read anew are told apart from a Redis that is away", () => {
  const screen = decideScreen(facts({ status: statusWith({ stale: true }), ageMs: 3_000 }));
  expect(screen).toMatchObject({ old: true, notice: { title: "This may be out of date" } });
});

test("a node that falls silent keeps its last data, with how long it has been silent", () => {
  const screen = decideScreen(facts({ status: statusWith(), failure: silent, silentMs: 65_000 }));
  expect(screen).toMatchObject({
    kind: "data",
    old: true,
    notice: { title: "This node does not answer", text: expect.stringContaining("1 min ago") },
  });
});

test("a node that never answered is told as that", () => {
  expect(decideScreen(facts({ failure: silent }))).toMatchObject({ kind: "closed" });
});

test("who is not known is asked to sign in, and told why where it is for the second time", () => {
  const failure = refused(401, "The request carries no token.");
  for (const [signIn, title] of [
    ["asked", "Sign in"],
    ["wrong", "This token is not known here"],
    ["ended", "Your session has ended"],
    ["elsewhere", "Sign in at the server around this page"],
  ] as const) {
    expect(decideScreen(facts({ failure, signIn }))).toMatchObject({
      kind: "token",
      notice: { title },
    });
  }
});

test("whoever may not look sees no data that was seen before", () => {
  const failure = refused(403, "Without tokens only this machine may call.", "Set auth.");
  const screen = decideScreen(facts({ status: statusWith(), failure }));
  expect(screen).toEqual({
    kind: "closed",
    notice: {
      title: "This node refuses to answer",
      text: "Without tokens only this machine may call. Set auth.",
    },
  });
});

test("a refusal that passes keeps the data", () => {
  const failure = refused(429, "Too many wrong tokens from this address.");
  expect(decideScreen(facts({ status: statusWith(), failure }))).toMatchObject({
    kind: "data",
    old: true,
    notice: { text: expect.stringContaining("Too many wrong tokens") },
  });
});
