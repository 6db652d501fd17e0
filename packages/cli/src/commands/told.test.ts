import { describe, expect, test } from "bun:test";
import { cleanUpAfterEach, fakeNode, muster, problem } from "../cli-kit.test.ts";

cleanUpAfterEach();

const holds = { satisfied: true, condition: "app/crm=converged", generation: 7, notConfirmed: [] };

describe("muster wait", () => {
  test("ends with 0 when the condition holds, and says so", async () => {
    const { url } = await fakeNode(() => ({ body: { ...holds, notConfirmed: ["web-3"] } }));
    expect(await muster(["wait", "--for", "healthy", "--url", url])).toEqual({
      code: 0,
      out: "",
      err: "muster: app/crm=converged holds; not asked, since lost: web-3\n",
    });
  });

  test("means one generation however many requests it takes", async () => {
    let waits = 0;
    const { url, asked } = await fakeNode(({ path }) => {
      if (path === "/v1/apps/crm") return { body: { id: "crm", generation: 7 } };
      waits += 1;
      return waits < 3 ? problem(504, "WAIT_TIMEOUT") : { body: holds };
    });
    const { code } = await muster(["wait", "--for", "app/crm=converged", "--url", url]);
    const queries = asked.filter(({ path }) => path === "/v1/wait").map(({ query }) => query);
    expect(code).toBe(0);
    expect(queries).toHaveLength(3);
    for (const query of queries) {
      expect(query).toEqual({ for: "app/crm=converged", generation: "7", timeoutMs: "10000" });
    }
  });

  test.each([
    [504, "WAIT_TIMEOUT", 8],
    [409, "TERMINAL", 1],
    [409, "SUPERSEDED", 6],
    [409, "OBSERVED", 6],
    [422, "VALIDATION", 2],
    [503, "BACKEND_UNAVAILABLE", 7],
  ])("answered %p %s ends with %p", async (status, name, expected) => {
    const { url } = await fakeNode(() => problem(status, name));
    const { code, err } = await muster([
      "wait",
      "--for",
      "healthy",
      "--timeout",
      "0",
      "--url",
      url,
    ]);
    expect([code, err.startsWith(`muster: it is ${name}`)]).toEqual([expected, true]);
  });

  test("--timeout 0 looks once", async () => {
    const { url, asked } = await fakeNode(() => problem(504, "WAIT_TIMEOUT"));
    await muster(["wait", "--for", "healthy", "--timeout", "0", "--url", url]);
    expect(asked.map(({ query }) => query)).toEqual([{ for: "healthy", timeoutMs: "0" }]);
  });

  test("prints the answer as JSON", async () => {
    const { url } = await fakeNode(() => ({ body: holds }));
    const { out } = await muster(["wait", "--for", "healthy", "--json", "-q", "--url", url]);
    expect(JSON.parse(out)).toEqual(holds);
  });

  test("needs a condition", async () => {
    expect((await muster(["wait"])).code).toBe(2);
  });
});

const explanation = {
  subject: "app/crm",
  nodes: [
    {
      nodeId: "web-2",
      initStatus: "error_disabled",
      converged: false,
      attemptCount: 2,
      next: { sentence: "web-2 tries again soon" },
    },
  ],
  differences: [
    {
      field: "packageDigest",
      values: [
        { value: "a", nodes: ["web-1"] },
        { value: "b", nodes: ["web-2"] },
      ],
    },
  ],
  sentence: "crm is to be enabled.",
  command: "muster apps reconcile crm",
};

describe("muster explain", () => {
  test.each([[["explain", "app/crm"]], [["apps", "explain", "crm"]]])(
    "%p tells the sentence, each node, what differs and what to run",
    async (args) => {
      const { url, asked } = await fakeNode(() => ({ body: explanation }));
      const { code, out } = await muster([...args, "--url", url]);
      expect([code, asked[0]?.path]).toEqual([0, "/v1/explain/app/crm"]);
      expect(out.split("\n")).toEqual([
        "crm is to be enabled.",
        "",
        expect.stringMatching(/^NODE +STATUS +AGREED +TRIES +NEXT$/),
        expect.stringMatching(/^web-2 +error_disabled +no +2 +web-2 tries again soon$/),
        "",
        "  packageDigest differs: a on web-1; b on web-2",
        "",
        "run: muster apps reconcile crm",
        "",
      ]);
    },
  );

  test("says what can be explained", async () => {
    const { code, err } = await muster(["explain", "crm", "--url", "http://127.0.0.1:1"]);
    expect(code).toBe(2);
    expect(err).toContain("app/ID");
  });
});

describe("muster apps compare", () => {
  test("tells in what two nodes differ", async () => {
    const item = {
      appId: "crm",
      differences: [{ field: "version", a: "1", b: null }],
      sentence: "a has version 1, b has none",
    };
    const { url, asked } = await fakeNode(() => ({
      body: { items: [item], asOf: "", stale: false },
    }));
    const { out } = await muster(["apps", "compare", "a", "b", "-o", "wide", "--url", url]);
    expect(asked[0]?.query).toEqual({ a: "a", b: "b" });
    expect(out).toMatch(/crm +version 1 +version none +a has version 1, b has none/);
  });
});

describe("muster apps diff", () => {
  const item = {
    appId: "crm",
    nodeId: "web-2",
    differences: [{ field: "status", wanted: "enabled", found: "error_disabled" }],
    next: { sentence: "web-2 tries again soon" },
  };
  test.each([
    ["nothing differs", [], false, 0],
    ["something differs", [item], false, 1],
    ["it cannot tell", [], true, 2],
  ])("ends as it found: %s", async (_, items, stale, expected) => {
    const { url } = await fakeNode(() => ({ body: { items, asOf: "x", stale } }));
    const { code, out } = await muster(["apps", "diff", "--url", url]);
    expect(code).toBe(expected as number);
    if (items.length > 0) {
      expect(out).toMatch(/crm +web-2 +status: enabled, error_disabled +web-2 tries again soon/);
    }
  });
});
