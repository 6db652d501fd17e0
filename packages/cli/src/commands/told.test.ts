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

describe("muster apps history", () => {
  const window = { from: "2026-05-01T09:00:00.000Z", to: "2026-05-01T12:30:00.000Z" };
  const changed = {
    kind: "change",
    at: "2026-05-01T12:00:00.000Z",
    change: "enabled",
    generation: 3,
    desiredStatus: "enabled",
    version: "1.0.0",
    by: "anna",
    reason: "roll-out",
  };
  const failed = {
    kind: "outcome",
    at: "2026-05-01T12:00:01.000Z",
    lastAt: "2026-05-01T12:00:09.000Z",
    count: 4,
    nodeId: "web-2",
    generation: 3,
    version: "1.0.0",
    initStatus: "error_disabled",
    reason: { code: "hook_failed", message: "ECONNREFUSED" },
  };

  test("tells who wanted what, what became of it where, and what this covers", async () => {
    const { url, asked } = await fakeNode(() => ({ body: { items: [changed, failed], window } }));
    const { out } = await muster(["apps", "history", "crm", "--limit", "5", "--url", url]);
    expect(asked[0]).toMatchObject({ path: "/v1/apps/crm/history", query: { limit: "5" } });
    expect(out.split("\n")).toEqual([
      expect.stringMatching(/^AT +GENERATION +WHO +WHAT +WHY$/),
      expect.stringMatching(/^2026-05-01T12:00:00.000Z +3 +anna +enabled +roll-out$/),
      expect.stringMatching(
        /^2026-05-01T12:00:01.000Z +3 +web-2 +error_disabled \(4×, last 2026-05-01T12:00:09.000Z\) +ECONNREFUSED$/,
      ),
      "(covers 2026-05-01T09:00:00.000Z to 2026-05-01T12:30:00.000Z)",
      "",
    ]);
  });

  test("an empty one tells its window", async () => {
    const { url } = await fakeNode(() => ({ body: { items: [], window } }));
    expect((await muster(["apps", "history", "crm", "--url", url])).out).toContain(
      "(covers 2026-05-01T09:00:00.000Z",
    );
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

describe("muster apps reconcile", () => {
  const items = [
    { appId: "crm", nodeId: "web-1", result: "skipped", code: "converged", message: "it is well" },
    { appId: "crm", nodeId: "web-2", result: "repaired" },
  ];
  test("asks for one app, and tells what each node made of it", async () => {
    const { url, asked } = await fakeNode(() => ({ body: { items } }));
    const args = ["apps", "reconcile", "crm", "--node", "web-2", "--force", "--reason", "x"];
    const { code, out, err } = await muster([...args, "--url", url]);
    expect(asked[0]).toMatchObject({
      path: "/v1/apps/crm/reconcile",
      body: { nodes: ["web-2"], force: true, reason: "x" },
    });
    expect([code, err]).toEqual([0, "muster: 1 repaired, 1 skipped\n"]);
    expect(out).toMatch(/crm +web-1 +skipped +it is well\ncrm +web-2 +repaired/);
  });

  test.each([
    [[], { reason: "x" }],
    [["crm", "mailer"], { reason: "x", apps: ["crm", "mailer"] }],
  ])("asks for many at once: %p", async (ids, body) => {
    const { url, asked } = await fakeNode(() => ({ body: { items: [] } }));
    await muster(["apps", "reconcile", ...ids, "--reason", "x", "--url", url]);
    expect([asked[0]?.path, asked[0]?.body]).toEqual(["/v1/apps/reconcile", body]);
  });

  test("ends with 1 when a node could not be asked", async () => {
    const failed = [{ appId: "crm", nodeId: "web-3", result: "failed", message: "away" }];
    const { url } = await fakeNode(() => ({ body: { items: failed } }));
    expect((await muster(["apps", "reconcile", "crm", "--reason", "x", "--url", url])).code).toBe(
      1,
    );
  });

  test("shows what is off and sends nothing with --dry-run", async () => {
    const off = { appId: "crm", nodeId: "web-2", differences: [], next: {} };
    const { url, asked } = await fakeNode(() => ({
      body: { items: [off, { ...off, appId: "mailer" }], asOf: "", stale: false },
    }));
    const { err } = await muster(["apps", "reconcile", "crm", "--dry-run", "--url", url]);
    expect(err).toBe("muster: dry run: reconcile crm: 1 rows are off\n");
    expect(asked.map(({ method }) => method)).toEqual(["GET"]);
  });
});
