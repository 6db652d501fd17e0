/** What a command ends with when a node refuses, or something that is no node answers, or nobody. */
import { describe, expect, test } from "bun:test";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { type Answer, cleanUpAfterEach, fakeNode, muster, problem } from "./cli-kit.test.ts";

cleanUpAfterEach();

const failing = async (answer: Answer, ...args: readonly string[]) => {
  const { url } = await fakeNode(() => answer);
  return await muster(["nodes", "get", "web-1", "--url", url, ...args]);
};

describe("exit codes", () => {
  test.each([
    [400, "MALFORMED_JSON", 2],
    [422, "VALIDATION", 2],
    [422, "IDEMPOTENCY_CONFLICT", 6],
    [401, "UNAUTHENTICATED", 4],
    [403, "FORBIDDEN", 4],
    [403, "READ_ONLY", 4],
    [404, "NODE_NOT_FOUND", 5],
    [409, "APP_EXISTS", 6],
    [413, "STATE_TOO_LARGE", 6],
    [429, "MAILBOX_FULL", 6],
    [503, "FENCED", 6],
    [503, "BACKEND_UNAVAILABLE", 7],
    [503, "NOT_STARTED", 7],
    [504, "ASK_TIMEOUT", 8],
    [500, "INTERNAL", 1],
    [405, "METHOD_NOT_ALLOWED", 1],
    [409, "constructor", 6],
  ])("%i %s ends with %i", async (status, code, expected) => {
    expect((await failing(problem(status, code))).code).toBe(expected);
  });
});

describe("an error", () => {
  test("is told with its hint and the id of the request", async () => {
    const { out, err } = await failing(
      problem(503, "BACKEND_UNAVAILABLE", {
        detail: "Redis is away.",
        hint: "Look at Redis.",
        retryAfterMs: 1_000,
        outcome: "unknown",
      }),
    );
    expect({ out, err }).toEqual({
      out: "",
      err: "muster: Redis is away.\n  Look at Redis. Whether the change was made is not known: look, then repeat it. Try again in 1000 ms.\n  request r-1\n",
    });
  });

  test.each([["--json"], ["-ojson"], ["--output=jsonl"]])(
    "is one JSON object with %s",
    async (flag) => {
      const { out, err } = await failing(
        problem(404, "NODE_NOT_FOUND", { hint: "List them." }),
        flag,
      );
      expect(out).toBe("");
      expect(err.endsWith("}\n")).toBe(true);
      expect(JSON.parse(err)).toEqual({
        error: {
          code: "NODE_NOT_FOUND",
          message: "it is NODE_NOT_FOUND",
          hint: "List them.",
          requestId: "r-1",
        },
      });
    },
  );

  test("names the fields that are wrong", async () => {
    const fieldErrors = { id: "must match [a-z]", reason: "is missing" };
    const { err } = await failing(problem(422, "VALIDATION", { fieldErrors }));
    expect(err).toContain("(id: must match [a-z]; reason: is missing)");
  });

  test("of authentication says where a token comes from", async () => {
    const { err } = await failing(problem(401, "UNAUTHENTICATED"));
    expect(err).toContain("Give a token by --token-file, MUSTER_TOKEN_FILE or MUSTER_TOKEN.");
  });

  test("shows no control character a server has put into it", async () => {
    const { err } = await failing(problem(500, "INTERNAL", { detail: "x\u001b]0;title\u0007" }));
    expect(err).toStartWith("muster: x\\u001b]0;title\\u0007\n");
  });
});

describe("an answer that is not a node's", () => {
  test.each([
    [
      "a page",
      { status: 200, body: "<html>" },
      7,
      "does not answer as a node of Muster does (200)",
    ],
    ["a missing page", { status: 404, body: "<html>" }, 7, "does not answer as a node"],
    ["JSON that is no object", { status: 200, body: "[1]" }, 7, "does not answer as a node"],
    ["a redirect", { status: 302, headers: { location: "http://x/" }, body: "" }, 7, "http://x/"],
    ["a proxy without a node", { status: 502, body: "Bad Gateway" }, 7, "A proxy in front"],
    ["a proxy that has waited", { status: 504, body: "" }, 8, "answers 504"],
    ["a proxy that refuses", { status: 403, body: "no" }, 4, "answers 403"],
  ])("%s is told as that", async (_, answer, code, message) => {
    const ran = await failing(answer);
    expect(ran.code).toBe(code);
    expect(ran.err).toContain(message);
  });
});

describe("no answer", () => {
  test("from a port nobody listens on ends with 7", async () => {
    const probe = createServer();
    await new Promise<void>((done) => probe.listen(0, "127.0.0.1", done));
    const { port } = probe.address() as AddressInfo;
    await new Promise((done) => probe.close(done));
    const { code, err } = await muster(["status", "--url", `http://127.0.0.1:${port}`]);
    expect(code).toBe(7);
    expect(err).toContain(`cannot reach http://127.0.0.1:${port}: the connection was refused`);
  });

  test("within --timeout ends with 8", async () => {
    const { code, err } = await failing({ body: "", hang: true }, "--timeout", "60ms");
    expect(code).toBe(8);
    expect(err).toContain("did not answer within 60ms");
  });

  test("before Ctrl-C ends with 130 and says nothing", async () => {
    const interrupt = new AbortController();
    const { url } = await fakeNode(() => {
      interrupt.abort();
      return { body: "", hang: true };
    });
    expect(await muster(["status", "--url", url], { interrupt: interrupt.signal })).toEqual({
      code: 130,
      out: "",
      err: "",
    });
  });
});

test("-v shows each request, and never the token", async () => {
  const { url, asked } = await fakeNode(() => ({ body: { id: "web-1" } }));
  const { err } = await muster(["nodes", "get", "web-1", "-v", "--url", url], {
    env: { MUSTER_TOKEN: "mst_planted-secret" },
  });
  expect(asked[0]?.headers["authorization"]).toBe("Bearer mst_planted-secret");
  expect(err).toMatch(/^muster: GET http:\/\/127.0.0.1:\d+\/v1\/nodes\/web-1 200 \d+ms/);
  expect(err).not.toContain("planted");
});
