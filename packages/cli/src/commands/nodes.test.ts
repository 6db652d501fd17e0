import { describe, expect, test } from "bun:test";
import { cleanUpAfterEach, fakeNode, muster, problem } from "../cli-kit.test.ts";

cleanUpAfterEach();

const node = (id: string, more = {}) => ({
  id,
  incarnation: "i-1",
  state: "up",
  cordoned: false,
  isLocal: false,
  host: "h",
  pid: 7,
  version: "1.2.3",
  runtime: "bun 1.4.5",
  url: null,
  startedAt: "2025-01-01T00:00:00.000Z",
  lastHeartbeatAt: "2025-01-01T01:30:00.000Z",
  leaseAgeMs: 120,
  shards: 21,
  weight: 1,
  loopLagMs: 2,
  memoryBytes: 104_857_600,
  ...more,
});
const listing = {
  items: [
    node("web-1", { isLocal: true, url: "http://h:1" }),
    node("web-10", { state: "suspect", shards: 0 }),
  ],
  asOf: "2025-01-01T01:30:00.000Z",
  stale: false,
};
const cluster = () => fakeNode(() => ({ body: listing }));

describe("muster nodes", () => {
  test("lists nodes in columns", async () => {
    const { url } = await cluster();
    expect((await muster(["nodes", "--url", url])).out).toBe(
      [
        "NODE     STATE    SHARDS  HEARD  UP FOR  VERSION  ADDRESS",
        "web-1 *  up       21      120ms  1h30m   1.2.3    http://h:1",
        "web-10   suspect  0       120ms  1h30m   1.2.3    -",
        "",
      ].join("\n"),
    );
  });

  test.each([
    [
      "wide",
      /^NODE .* PID {2}HOST {2}RUNTIME .* MEMORY {2}INCARNATION {2}ADDRESS\nweb-1 .* 100 MB /,
    ],
    ["name", /^web-1\nweb-10\n$/],
    ["jsonl", /^\{"id":"web-1".*\}\n\{"id":"web-10".*\}\n$/],
    ["yaml", /^items:\n {2}- id: web-1\n/],
    ["json", /^\{\n {2}"items": \[\n {4}\{\n {6}"id": "web-1"/],
  ])("lists them as %s", async (format, expected) => {
    const { url } = await cluster();
    expect((await muster(["nodes", "list", "--url", url, "-o", format])).out).toMatch(expected);
  });

  test("leaves the heads of columns out with --no-headers", async () => {
    const { url } = await cluster();
    const { out } = await muster(["nodes", "--no-headers", "--url", url]);
    expect(out).toStartWith("web-1 *");
  });

  test("follows every page of a long list", async () => {
    const { url, asked } = await fakeNode(({ query }) => ({
      body:
        query["cursor"] === "c2"
          ? { ...listing, items: [node("web-3")] }
          : { ...listing, nextCursor: "c2" },
    }));
    const { out } = await muster(["nodes", "--url", url, "-o", "name"]);
    expect(out).toBe("web-1\nweb-10\nweb-3\n");
    expect(asked).toHaveLength(2);
  });

  test("says below a list that it is out of date", async () => {
    const { url } = await fakeNode(() => ({ body: { ...listing, stale: true } }));
    const { out } = await muster(["nodes", "--url", url]);
    expect(out).toEndWith(
      "(out of date: as of 2025-01-01T01:30:00.000Z, the node cannot reach Redis now)\n",
    );
  });

  test("gets one node, whatever its id holds", async () => {
    const { url, asked } = await fakeNode(() => problem(404, "NODE_NOT_FOUND"));
    expect((await muster(["nodes", "get", "a/../b", "--url", url])).code).toBe(5);
    expect(asked[0]?.path).toBe("/v1/nodes/a%2F..%2Fb");
  });

  test.each(["drain", "undrain"])("%s sends the reason under an idempotency key", async (verb) => {
    const { url, asked } = await fakeNode(() => ({
      body: node("web-2", { cordoned: verb === "drain" }),
    }));
    const args = ["nodes", verb, "web-2", "--reason", "kernel", "--url", url];
    const { code, out, err } = await muster(args);
    expect({ code, count: asked.length }).toEqual({ code: 0, count: 1 });
    expect(asked[0]).toMatchObject({
      method: "POST",
      path: `/v1/nodes/web-2/${verb}`,
      body: { reason: "kernel" },
    });
    expect(asked[0]?.headers["idempotency-key"]).toMatch(/^[0-9a-f-]{36}$/);
    expect(out).toContain(verb === "drain" ? "up, drained" : "up ");
    expect(err).toStartWith("muster: web-2 is ");
  });
});
