import { describe, expect, test } from "bun:test";
import { interrupted } from "../cli-error.ts";
import { cleanUpAfterEach, fakeNode, muster } from "../cli-kit.test.ts";
import type { JsonRecord } from "../json.ts";

cleanUpAfterEach();

const healthy = {
  cluster: "shop",
  nodeId: "web-1",
  verdict: "healthy",
  reasons: [],
  nodes: { joining: 0, up: 3, draining: 0, suspect: 0, lost: 0 },
  apps: { total: 6, converged: 6, drifted: 0, terminal: 0 },
  shards: { total: 64, owned: 64, unowned: 0 },
  redis: { mode: "redis", role: "master", state: "connected", rttMs: 0.34, findings: [] },
  asOf: "2025-01-01T00:00:00.000Z",
  stale: false,
};
const degraded = {
  ...healthy,
  verdict: "degraded",
  reasons: ["node web-3 is suspect: last heard 1.2 s ago", "app crm should be enabled"],
  nodes: { ...healthy.nodes, up: 2, suspect: 1 },
};
const away = {
  ...healthy,
  verdict: "unknown",
  reasons: ["node web-1 cannot reach redis"],
  redis: { ...healthy.redis, state: "connecting" },
  stale: true,
};
const status = (body: JsonRecord) => fakeNode(() => ({ body }));

describe("muster status", () => {
  test("says the verdict first, then what is wrong, then counts", async () => {
    const { url } = await status(degraded);
    const { code, out, err } = await muster(["status", "--url", url]);
    expect(out).toBe(
      [
        "degraded  cluster shop, as web-1 sees it",
        "  ! node web-3 is suspect: last heard 1.2 s ago",
        "  ! app crm should be enabled",
        "",
        "nodes   2 up, 1 suspect",
        "apps    6: 6 converged",
        "shards  64 owned",
        "redis   redis, master, connected, 0.3 ms",
        "",
      ].join("\n"),
    );
    expect({ code, err }).toEqual({ code: 3, err: "" });
  });

  test.each([
    ["healthy", healthy, 0],
    ["degraded", degraded, 3],
    ["unknown", away, 3],
    ["down", { ...healthy, verdict: "down" }, 3],
  ])("ends with the code of the verdict: %s", async (verdict, body, expected) => {
    const { url } = await status(body);
    expect(await muster(["status", "--url", url, "-o", "name"])).toEqual({
      code: expected,
      out: `${verdict}\n`,
      err: "",
    });
  });

  test("prints the answer itself as JSON", async () => {
    const { url } = await status(away);
    const { code, out } = await muster(["status", "--json", "--url", url]);
    expect({ code, body: JSON.parse(out) }).toEqual({ code: 3, body: away });
  });

  test("says of what instant a status is that is out of date", async () => {
    const { url } = await status(away);
    const { out } = await muster(["status", "--url", url]);
    expect(out).toStartWith(
      "unknown  cluster shop, as web-1 sees it, as of 2025-01-01T00:00:00.000Z\n",
    );
  });

  test("sends nothing to the terminal that an app or node could have put there to move it", async () => {
    const { url } = await status({ ...degraded, reasons: ["a\u001b[2Jb\nc\u202ed\r"] });
    const { out } = await muster(["status", "--url", url]);
    expect(out).toContain("  ! a\\u001b[2Jb\\nc\\u202ed\\u000d\n");
  });

  test("still has a verdict where members are missing", async () => {
    const { url } = await status({ verdict: "healthy" });
    const { code, out } = await muster(["status", "--url", url]);
    expect(code).toBe(0);
    expect(out).toStartWith("healthy  cluster ?\n");
  });

  test("colours the verdict at a terminal, and not with --no-color, NO_COLOR or TERM=dumb", async () => {
    const { url } = await status(healthy);
    const first = async (args: readonly string[], env = {}) =>
      (await muster(["status", "--url", url, ...args], { env, terminal: true })).out.split("\n")[0];
    expect(await first([])).toStartWith("\u001b[32m\u001b[1mhealthy");
    for (const plain of [
      first(["--no-color"]),
      first([], { NO_COLOR: "1" }),
      first([], { TERM: "dumb" }),
    ]) {
      expect(await plain).toStartWith("healthy");
    }
  });
});

describe("muster status --watch --json", () => {
  test("prints a line at each change that is one, and ends with 130 when interrupted", async () => {
    const interrupt = new AbortController();
    const answers = [
      healthy,
      { ...healthy, asOf: "2025-01-01T00:00:01.000Z", redis: { ...healthy.redis, rttMs: 0.9 } },
      degraded,
      {
        ...degraded,
        reasons: ["node web-3 is suspect: last heard 2.2 s ago", degraded.reasons[1]],
      },
      healthy,
    ];
    let count = 0;
    const { url } = await fakeNode(() => ({ body: answers[Math.min(count++, 4)] }));
    const { code, out, err } = await muster(["status", "-w", "--json", "--url", url], {
      interrupt: interrupt.signal,
      onOut: (all) => all.split("\n").length === 4 && interrupt.abort(interrupted()),
    });
    const lines = out.trim().split("\n");
    expect(lines.map((line) => JSON.parse(line).verdict)).toEqual([
      "healthy",
      "degraded",
      "healthy",
    ]);
    expect(code).toBe(130);
    expect(JSON.parse(err)).toMatchObject({ error: { code: "INTERRUPTED" } });
  });

  test("goes on over an outage that began after the first answer", async () => {
    const interrupt = new AbortController();
    let count = 0;
    const { url } = await fakeNode(() => {
      count += 1;
      return count === 2 ? { status: 503, body: "no" } : { body: healthy };
    });
    const { out, err } = await muster(["status", "-w", "--json", "--url", url], {
      interrupt: interrupt.signal,
      onOut: (all) => all.split("\n").length === 3 && interrupt.abort(interrupted()),
    });
    expect(out.trim().split("\n")).toHaveLength(2);
    expect(err).toContain('"code":"UNREACHABLE"');
  });

  test("ends at once where the first answer is an error", async () => {
    const { url } = await fakeNode(() => ({ status: 503, body: "no" }));
    expect((await muster(["status", "-w", "--url", url])).code).toBe(7);
  });
});
