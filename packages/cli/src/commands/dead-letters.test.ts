import { describe, expect, test } from "bun:test";
import { cleanUpAfterEach, fakeNode, muster, problem } from "../cli-kit.test.ts";

cleanUpAfterEach();

const letter = (id: string, more = {}) => ({
  id,
  shard: 3,
  source: "actor",
  appId: null,
  work: "message",
  reason: "handler_threw",
  kind: "seat",
  actorId: "row-7",
  command: "reserve",
  sender: "node:web-1",
  principal: null,
  attempts: 5,
  firstAttemptAt: "2025-01-01T00:00:00.000Z",
  lastAttemptAt: "2025-01-01T00:00:06.000Z",
  lastError: "Error: no\u001b[31m seat",
  createdAt: "2025-01-01T00:00:06.000Z",
  resolution: null,
  resolvedAt: null,
  resolvedBy: null,
  resolvedReason: null,
  replays: 0,
  ...more,
});
const listing = {
  items: [
    letter("3.1-0.0"),
    letter("4.2-0.1", { kind: null, actorId: null, work: "mail", resolution: "ignored" }),
  ],
  asOf: "2025-01-01T01:30:06.000Z",
  stale: false,
};

describe("muster dead-letters", () => {
  test("lists what could not be carried out", async () => {
    const { url } = await fakeNode(() => ({ body: listing }));
    expect((await muster(["dead-letters", "--url", url])).out).toBe(
      [
        "LETTER   ACTOR       COMMAND  WHY            TRIED  AGE    RESOLUTION",
        "3.1-0.0  seat/row-7  reserve  handler_threw  5      1h30m  -",
        "4.2-0.1  mail        reserve  handler_threw  5      1h30m  ignored",
        "",
      ].join("\n"),
    );
  });

  test("asks for what matches", async () => {
    const { url, asked } = await fakeNode(() => ({ body: listing }));
    const filters = ["--unresolved", "--kind", "seat", "--reason-code", "crash_loop"];
    await muster(["dead-letters", "list", ...filters, "--work", "timer", "--url", url]);
    expect(asked[0]).toMatchObject({
      path: "/v1/dead-letters",
      query: { unresolved: "true", kind: "seat", reason: "crash_loop", work: "timer" },
    });
  });

  test("shows one with what was put aside, whatever it holds", async () => {
    const { url } = await fakeNode(() => ({
      body: { ...letter("3.1-0.0"), payload: { row: 7, token: "[redacted]" }, replayable: true },
    }));
    const { out } = await muster(["dead-letters", "get", "3.1-0.0", "--url", url]);
    expect(out).toContain('payload   {"row":7,"token":"[redacted]"}');
    expect(out).toContain("replay    possible");
    expect(out).not.toContain("\u001b");
  });

  test("counts", async () => {
    const body = { unresolved: 3, parked: 2, asOf: "2025-01-01T00:00:00.000Z", stale: false };
    const { url } = await fakeNode(() => ({ body }));
    expect((await muster(["dead-letters", "count", "--url", url])).out).toBe(
      "3 unresolved, 2 waiting for room\n",
    );
  });

  test.each([
    ["replay", ["--again"], { again: true }, { resolution: "replayed" }, "sent again what 3.1-0.0"],
    [
      "resolve",
      ["--to", "handled_by_script"],
      { to: "handled_by_script" },
      {},
      "3.1-0.0 is resolved",
    ],
  ])("%s changes one letter, with a reason", async (verb, args, body, more, said) => {
    const { url, asked } = await fakeNode(() => ({
      body: { letter: letter("3.1-0.0", more), changed: true },
    }));
    const line = ["dead-letters", verb, "3.1-0.0", ...args, "--reason", "mended", "--url", url];
    const { code, err } = await muster(line);
    expect(code).toBe(0);
    expect(asked).toMatchObject([
      {
        method: "POST",
        path: `/v1/dead-letters/3.1-0.0/${verb}`,
        body: { reason: "mended", ...body },
      },
    ]);
    expect(err).toContain(said);
  });

  test("replays all that match, call after call", async () => {
    const { url, asked } = await fakeNode(({ body }) => ({
      body: (body as { cursor?: string }).cursor
        ? {
            items: [{ id: "4.2-0.1", result: "skipped", code: "DEAD_LETTER_RESOLVED" }],
            dryRun: false,
          }
        : { items: [{ id: "3.1-0.0", result: "replayed" }], nextCursor: "7.3", dryRun: false },
    }));
    const args = ["--kind", "seat", "--rate", "5", "--reason", "mended", "-o", "name"];
    const { code, out, err } = await muster(["dead-letters", "replay", ...args, "--url", url]);
    expect({ code, out }).toEqual({ code: 0, out: "3.1-0.0\n4.2-0.1\n" });
    expect(err).toBe("muster: 1 replayed, 1 skipped, 0 failed\n");
    expect(asked.map(({ body }) => body)).toEqual([
      { filter: { kind: "seat" }, ratePerSecond: 5, reason: "mended" },
      { filter: { kind: "seat" }, ratePerSecond: 5, reason: "mended", cursor: "7.3" },
    ]);
  });

  test("a letter of many that fails makes the command fail", async () => {
    const { url } = await fakeNode(() => ({
      body: { items: [{ id: "3.1-0.0", result: "failed", code: "MAILBOX_FULL" }], dryRun: false },
    }));
    const args = ["dead-letters", "replay", "--all", "--reason", "x", "--url", url];
    expect((await muster(args)).code).toBe(1);
  });

  test("a dry run sends nothing again", async () => {
    const { url, asked } = await fakeNode(({ method }) => ({
      body:
        method === "GET"
          ? { ...letter("3.1-0.0"), payload: null, replayable: true }
          : { items: [{ id: "3.1-0.0", result: "would-replay" }], dryRun: true },
    }));
    await muster(["dead-letters", "replay", "3.1-0.0", "--dry-run", "--url", url]);
    await muster(["dead-letters", "resolve", "3.1-0.0", "--dry-run", "--url", url]);
    await muster(["dead-letters", "replay", "--all", "--dry-run", "--url", url]);
    expect(
      asked.map(({ method, body }) => [method, (body as { dryRun?: boolean })?.dryRun]),
    ).toEqual([
      ["GET", undefined],
      ["GET", undefined],
      ["POST", true],
    ]);
  });

  test.each([
    [["replay"]],
    [["replay", "3.1-0.0", "--all"]],
    [["replay", "3.1-0.0", "--kind", "seat"]],
    [["replay", "--all", "--rate", "0"]],
    [["resolve", "3.1-0.0", "--to", "replayed"]],
  ])("refuses %p", async (args) => {
    const { url, asked } = await fakeNode(() => ({ body: {} }));
    const { code } = await muster(["dead-letters", ...args, "--reason", "x", "--url", url]);
    expect({ code, asked: asked.length }).toEqual({ code: 2, asked: 0 });
  });

  test.each([
    ["DEAD_LETTER_NOT_FOUND", 404, 5],
    ["DEAD_LETTER_RESOLVED", 409, 6],
    ["DEAD_LETTERS_FULL", 429, 6],
    ["FORBIDDEN", 403, 4],
  ])("ends with %s as its exit code says", async (code, status, exit) => {
    const { url } = await fakeNode(() => problem(status, code));
    const args = ["dead-letters", "resolve", "3.1-0.0", "--reason", "x", "--url", url];
    expect((await muster(args)).code).toBe(exit);
  });
});
