import { afterEach, describe, expect, test } from "bun:test";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { interrupted } from "../cli-error.ts";
import { cleanUpAfterEach, fakeNode, muster, problem } from "../cli-kit.test.ts";
import { exitCodes } from "../exit-codes.ts";

cleanUpAfterEach();

const event = (n: number, more = {}) => ({
  id: `1800000000000-${n}`,
  type: "app.intent.changed",
  subject: "app/crm",
  at: "2027-01-15T08:00:00.000Z",
  by: "otto",
  reason: "too slow",
  data: {
    change: "disabled",
    previous: null,
    next: { desiredStatus: "disabled", version: "2.0.0" },
  },
  ...more,
});
const gap = {
  type: "gap",
  id: "1800000000000-0",
  from: "2027-01-15T07:00:00.000Z",
  to: "2027-01-15T08:00:00.000Z",
};
const window = { from: "2027-01-15T07:00:00.000Z", to: "2027-01-15T09:00:00.000Z" };
const covers = "(covers 2027-01-15T07:00:00.000Z to 2027-01-15T09:00:00.000Z)";

describe("muster events", () => {
  test("lists who did what and why, and what the list covers", async () => {
    const { url } = await fakeNode(() => ({ body: { items: [event(1)], window } }));
    expect((await muster(["events", "--url", url])).out).toBe(
      [
        "AT                        TYPE                SUBJECT  BY    WHAT",
        "2027-01-15T08:00:00.000Z  app.intent.changed  app/crm  otto  disabled: too slow",
        covers,
        "",
      ].join("\n"),
    );
  });

  test.each([
    ["updated", "updated to 2.0.0: too slow"],
    ["rolled_back", "rolled back to 2.0.0: too slow"],
    ["installed", "installed → disabled: too slow"],
    ["drift_acknowledged", "drift acknowledged: too slow"],
  ])("the change %s is told in words", async (change, told) => {
    const data = { change, next: { desiredStatus: "disabled", version: "2.0.0" } };
    const { url } = await fakeNode(() => ({ body: { items: [event(1, { data })], window } }));
    expect((await muster(["events", "--url", url])).out).toContain(`otto  ${told}\n`);
  });

  test("what alarmed is told in the words of the alert", async () => {
    const { by: _, reason: __, ...rest } = event(1);
    const items = [{ ...rest, type: "alert.opened", data: { message: "crm is off on web-2" } }];
    const { url } = await fakeNode(() => ({ body: { items, window } }));
    expect((await muster(["events", "--url", url])).out).toContain("-   crm is off on web-2\n");
  });

  test("a place that is none is answered with what can be written", async () => {
    const { code, err } = await muster(["events", "--since", "frog"]);
    expect([code, err]).toEqual([2, expect.stringContaining('--since "frog" is no time')]);
    expect(err).toContain("or the id of an event");
  });

  test("what a node came to is told with the node", async () => {
    const { by: _, reason: __, ...rest } = event(1);
    const data = { nodeId: "web-2", previous: null, next: { initStatus: "error_disabled" } };
    const items = [{ ...rest, type: "app.node.reported", data }];
    const { url } = await fakeNode(() => ({ body: { items, window } }));
    const { out } = await muster(["events", "--url", url]);
    expect(out).toMatch(/app.node.reported +app\/crm +- +→ error_disabled on web-2\n/);
  });

  test("an empty list tells its window, in every format that has room for it", async () => {
    const { url } = await fakeNode(() => ({ body: { items: [], window } }));
    expect((await muster(["events", "--url", url])).out).toContain(covers);
    expect(JSON.parse((await muster(["events", "--json", "--url", url])).out).window).toEqual(
      window,
    );
    expect((await muster(["events", "-o", "yaml", "--url", url])).out).toContain(window.from);
  });

  test("passes on what is chosen; a duration counts back from now", async () => {
    const node = await fakeNode(() => ({ body: { items: [], window } }));
    const chosen = ["--types", "app.*", "--subject", "app/crm", "--limit", "5", "--until", "1-9"];
    const before = Date.now() - 600_000;
    await muster(["events", "--since", "10m", ...chosen, "--url", node.url]);
    const { since, ...rest } = node.asked[0]?.query ?? {};
    expect(rest).toEqual({ types: "app.*", subject: "app/crm", limit: "5", until: "1-9" });
    const from = Date.parse(String(since));
    expect(from).toBeGreaterThanOrEqual(before);
    expect(from).toBeLessThanOrEqual(Date.now() - 600_000);
    await muster(["events", "--since", "2027-01-15T08:00:00Z", "--url", node.url]);
    expect(node.asked[1]?.query).toEqual({ since: "2027-01-15T08:00:00Z" });
  });

  test("--follow takes neither --until nor --limit", async () => {
    const { code, err } = await muster(["events", "--follow", "--limit", "5"]);
    expect(code).toBe(exitCodes.usage);
    expect(err).toContain("--until and --limit");
  });
});

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

interface Stream {
  readonly after: string | undefined;
  readonly query: URLSearchParams;
  send(text: string): void;
  end(): void;
}

/** A node whose streams the test feeds. */
const streaming = async (opened: (stream: Stream, nth: number) => void): Promise<string> => {
  let count = 0;
  const server = createServer((incoming, outgoing: ServerResponse) => {
    expect(incoming.headers.accept).toBe("text/event-stream");
    outgoing.writeHead(200, { "content-type": "text/event-stream" });
    const after = incoming.headers["last-event-id"];
    count += 1;
    opened(
      {
        after: typeof after === "string" ? after : undefined,
        query: new URL(incoming.url ?? "", "http://x").searchParams,
        send: (text) => void outgoing.write(text),
        end: () => void outgoing.end(),
      },
      count,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};
const frame = (item: { readonly id: string; readonly type: string }): string =>
  `id: ${item.id}\nevent: ${item.type}\ndata: ${JSON.stringify(item)}\n\n`;

describe("muster events --follow", () => {
  test("goes on where a stream broke off, as lines of JSON, and tells of gaps", async () => {
    const streams: (string | undefined)[][] = [];
    const url = await streaming(({ after, query, send, end }, nth) => {
      streams.push([after, query.get("since") ?? undefined]);
      if (nth === 1) {
        send("retry: 1000\n: begun\n\n");
        send("id: 1-1\n\n");
        send(frame(event(1)));
        end();
      } else send(frame(gap) + frame(event(2)));
    });
    const ctrlC = new AbortController();
    const ran = await muster(["events", "-f", "--since", "1-0", "--json", "--url", url], {
      interrupt: ctrlC.signal,
      onOut: (all) => {
        if (all.split("\n").length > 3) ctrlC.abort(interrupted());
      },
    });
    expect(ran.code).toBe(exitCodes.interrupted);
    const lines = ran.out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines).toEqual([event(1), gap, event(2)]);
    expect(streams).toEqual([
      [undefined, "1-0"],
      [event(1).id, undefined],
    ]);
  });

  test("shows its columns once, and each event under them", async () => {
    const url = await streaming(({ send }) => send(frame(event(1)) + frame(event(2))));
    const ctrlC = new AbortController();
    const { out } = await muster(["events", "--watch", "--url", url], {
      interrupt: ctrlC.signal,
      onOut: (all) => {
        if (all.split("\n").length > 3) ctrlC.abort(interrupted());
      },
    });
    const [head = "", first = "", second = ""] = out.split("\n");
    expect(head).toMatch(/^AT +TYPE +SUBJECT +BY +WHAT$/);
    expect(first.indexOf("app/crm")).toBe(head.indexOf("SUBJECT"));
    expect(second).toBe(first);
  });

  test("a refusal ends it", async () => {
    const { url } = await fakeNode(() => problem(403, "FORBIDDEN"));
    const { code, err } = await muster(["events", "-f", "--url", url]);
    expect(code).toBe(exitCodes.notAllowed);
    expect(err).toContain("FORBIDDEN");
  });
});
