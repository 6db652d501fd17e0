/** Structured garbage on every route: whatever comes, the answer is documented and nothing breaks. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { bodyOf, expectProblem, nameOf, pathOf } from "./problem-kit.test.ts";
import { routes } from "./routes/index.ts";
import { useTable, withBody, withParams } from "./table-kit.test.ts";

const { call, send, state } = useTable();
const numRuns = 60;

/** A JSON text in which known fields hold anything, beside unknown ones. */
const nearBody = (known: readonly string[]) =>
  fc
    .dictionary(
      fc.oneof(fc.constantFrom(...known, "__proto__", "constructor"), fc.string()),
      fc.jsonValue({ maxDepth: 3 }),
    )
    .map((fields) => JSON.stringify(fields));

const everyRoute = describe.each(routes.map((route) => [nameOf(route), route] as const));

everyRoute("%s", (_, route) => {
  test("answers any query with its content or a problem", async () => {
    const query = fc.array(fc.tuple(fc.string(), fc.string({ unit: "binary" })), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(query, async (pairs) => {
        const text = new URLSearchParams(pairs).toString();
        const answer = await send(route, { query: `?${text}` });
        if (answer.status >= 300) expectProblem(answer);
      }),
      { numRuns },
    );
  });
});

describe.each(withBody.map((route) => [nameOf(route), route] as const))("%s", (_, route) => {
  test("changes nothing for a body it refuses, and says so", async () => {
    const anything = fc.oneof(
      nearBody(Object.keys(bodyOf(route))),
      fc.json(),
      fc.string({ unit: "binary" }),
    );
    await fc.assert(
      fc.asyncProperty(anything, async (body) => {
        const before = state();
        const answer = await send(route, { body });
        if (answer.status < 300) return;
        expectProblem(answer);
        expect([400, 409, 422]).toContain(answer.status);
        expect(answer.json.outcome).toBe("not-applied");
        expect(state()).toEqual(before);
      }),
      { numRuns },
    );
  });
});

describe.each(withParams.map((route) => [nameOf(route), route] as const))("%s", (_, route) => {
  test("answers any id with a problem", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary", minLength: 1 }), async (id) => {
        const safe = encodeURIComponent(id.replaceAll(/\p{Surrogate}/gu, "?"));
        const answer = await send(route, { path: pathOf(route, safe) });
        if (answer.status >= 300) expectProblem(answer);
        expect(answer.status).toBeLessThan(500);
      }),
      { numRuns },
    );
  });
});

test("any path and method is answered", async () => {
  const method = fc.constantFrom("GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "FOO");
  await fc.assert(
    fc.asyncProperty(method, fc.webPath({ size: "medium" }), async (verb, path) => {
      const answer = await call(verb, `/v1${path}`, { as: "admin" });
      if (answer.status >= 300) expectProblem(answer);
      expect(answer.status).toBeLessThan(500);
    }),
    { numRuns: 300 },
  );
});

test("any value of a header is answered", async () => {
  const name = fc.constantFrom(
    "authorization",
    "idempotency-key",
    "if-none-match",
    "x-request-id",
    "content-type",
    "origin",
    "sec-fetch-site",
  );
  const value = fc.string({
    unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
    maxLength: 300,
  });
  await fc.assert(
    fc.asyncProperty(name, value, async (header, text) => {
      const headers = { authorization: "Bearer x", [header]: text };
      for (const [verb, path] of [
        ["GET", "/v1/apps"],
        ["POST", "/v1/apps"],
      ] as const) {
        const answer = await call(verb, path, { headers, ...(verb === "POST" && { body: {} }) });
        expectProblem(answer);
        expect([401, 429]).toContain(answer.status);
      }
    }),
    { numRuns },
  );
});
