import { describe, expect, test } from "bun:test";
import { cleanUpAfterEach, fakeNode, muster, problem } from "../cli-kit.test.ts";

cleanUpAfterEach();

const alert = {
  id: "app-drift:crm:hook_failed",
  message: "crm is off on web-2",
  remedy: "mend it",
  openedAt: "2026-05-01T12:00:00.000Z",
  ackedBy: null,
  closedAt: null,
  count: 2,
};
const listing = { items: [alert], asOf: "2026-05-01T12:05:00.000Z", stale: false };

describe("muster alerts", () => {
  test("lists what is open, with how long it has been", async () => {
    const { url, asked } = await fakeNode(() => ({ body: listing }));
    const { code, out } = await muster(["alerts", "--url", url]);
    expect([code, asked[0]?.path, asked[0]?.query]).toEqual([0, "/v1/alerts", { open: "true" }]);
    expect(out).toMatch(/app-drift:crm:hook_failed +5m +open +crm is off on web-2/);
  });

  test("lists all with --all", async () => {
    const noted = { ...alert, ackedBy: "anna" };
    const closed = { ...alert, closedAt: "2026-05-01T12:01:00.000Z" };
    const { url, asked } = await fakeNode(() => ({ body: { ...listing, items: [noted, closed] } }));
    const { out } = await muster(["alerts", "list", "--all", "--url", url]);
    expect(asked[0]?.query).toEqual({});
    expect(out).toMatch(/5m +noted by anna[\s\S]+1m +closed/);
  });

  test("ack takes note of one, with a reason", async () => {
    const { url, asked } = await fakeNode(() => ({ body: { ...alert, ackedBy: "anna" } }));
    const { code, err } = await muster(["alerts", "ack", alert.id, "--reason", "x", "--url", url]);
    expect([code, err]).toEqual([0, `muster: ${alert.id} is noted\n`]);
    expect(asked[0]).toMatchObject({
      method: "POST",
      path: `/v1/alerts/${encodeURIComponent(alert.id)}/ack`,
      body: { reason: "x" },
    });
  });

  test("ack of what is not open ends with 5", async () => {
    const { url } = await fakeNode(() => problem(404, "ALERT_NOT_FOUND"));
    expect((await muster(["alerts", "ack", "x", "--reason", "x", "--url", url])).code).toBe(5);
  });
});

const status = {
  mode: "paused",
  set: { by: "anna", reason: "works", owner: "anna", until: "2026-05-01T14:00:00.000Z" },
  leader: "web-2",
  fence: 7,
  passes: [
    {
      at: "2026-05-01T12:05:00.000Z",
      node: "web-2",
      checked: 18,
      drifted: 1,
      skipped: 1,
      because: "paused",
    },
  ],
  asOf: "2026-05-01T12:05:01.000Z",
  stale: false,
};

describe("muster reconciler", () => {
  test("shows its mode, who leads, and the last passes", async () => {
    const { url } = await fakeNode(() => ({ body: status }));
    const { out } = await muster(["reconciler", "--url", url]);
    expect(out).toStartWith(
      "mode    paused, set by anna: works, until 2026-05-01T14:00:00.000Z\nleader  web-2, fence 7\n\n",
    );
    expect(out).toMatch(/2026-05-01T12:05:00.000Z +web-2 +18 +1 .+ paused/);
  });

  test.each([
    [["run"], "run", {}],
    [["resume"], "resume", {}],
    [["mode", "observe"], "mode", { mode: "observe" }],
    [["pause", "--for", "2026-05-01T14:00:00Z"], "pause", { until: "2026-05-01T14:00:00Z" }],
    [
      ["pause", "--for", "2026-05-01T14:00:00Z", "--owner", "ben"],
      "pause",
      { until: "2026-05-01T14:00:00Z", owner: "ben" },
    ],
  ])("%p is sent as it says", async (args, verb, body) => {
    const { url, asked } = await fakeNode(() => ({ body: status }));
    const { code } = await muster(["reconciler", ...args, "--reason", "x", "--url", url]);
    expect([code, asked[0]?.path, asked[0]?.body]).toEqual([
      0,
      `/v1/reconciler/${verb}`,
      { ...body, reason: "x" },
    ]);
  });

  test("a pause lasts as long as it is told to", async () => {
    const { url, asked } = await fakeNode(() => ({ body: status }));
    const before = Date.now();
    await muster(["reconciler", "pause", "--for", "30m", "--reason", "x", "--url", url]);
    const { until = "" } = (asked[0]?.body ?? {}) as { until?: string };
    const lasts = Date.parse(until) - before;
    expect(Math.abs(lasts - 30 * 60_000)).toBeLessThan(10_000);
  });

  test.each([[["mode", "paused"]], [["mode", "off"]], [["pause"]], [["pause", "--for", "soon"]]])(
    "%p is refused as usage",
    async (args) => {
      const { code } = await muster(["reconciler", ...args, "--reason", "x"]);
      expect(code).toBe(2);
    },
  );
});
