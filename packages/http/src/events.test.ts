/** Events over HTTP: as a list, and as a stream under each way to serve. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Muster } from "@muster/core";
import { Hono } from "hono";
import { createHttp } from "./create-http.ts";
import { apiOf, makeNode, startNode, threeCallers, tokenOf, until } from "./http-kit.test.ts";
import { expectProblem } from "./problem-kit.test.ts";
import { serveBun } from "./serve/bun.ts";
import { serveNode, toNodeHandler } from "./serve/node.ts";
import { sseResponse } from "./sse.ts";

interface Frame {
  readonly id?: string;
  readonly event?: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into data of all shapes
  readonly data?: any;
}

const frameOf = (text: string): Frame =>
  Object.fromEntries(
    text
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith(":"))
      .map((line) => {
        const at = line.indexOf(": ");
        const [name, value] = [line.slice(0, at), line.slice(at + 2)];
        return [name, name === "data" ? JSON.parse(value) : value];
      }),
  );

/** Reads a stream as it comes. */
const follow = (response: Response) => {
  const frames: Frame[] = [];
  let text = "";
  let over = false;
  const reader = response.body?.getReader();
  const run = async (): Promise<void> => {
    const decoder = new TextDecoder();
    for (;;) {
      const read = await reader?.read();
      if (!read || read.done) break;
      text += decoder.decode(read.value, { stream: true });
      const blocks = text.split("\n\n");
      text = blocks.pop() ?? "";
      frames.push(...blocks.map(frameOf));
    }
  };
  const done = run()
    .catch(() => {})
    .finally(() => {
      over = true;
    });
  return {
    frames,
    told: () => frames.filter(({ event }) => event !== undefined),
    isOver: () => over,
    done,
    leave: () => reader?.cancel(),
  };
};

const streamHeaders = {
  accept: "text/event-stream",
  authorization: `Bearer ${tokenOf.viewer}`,
};

let muster: Muster;
let api: ReturnType<typeof apiOf>;
const closers: (() => unknown)[] = [];
beforeAll(async () => {
  muster = await startNode();
  api = apiOf(muster);
});
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});
afterAll(() => muster.stop());

const install = (id: string) =>
  muster
    .as({ name: "otto", role: "operator" })
    .apps.install({ id, version: "1.0.0", reason: "first use" });
const history = async (query = "") =>
  (await api.call("GET", `/v1/events${query}`, { as: "viewer" })).json;
const inHistory = (id: string) =>
  until(
    `${id} is in the history`,
    () => history(`?subject=app/${id}&types=app.intent.*&limit=500`),
    ({ items }) => items.length > 0,
  );

describe("as a list", () => {
  test("who did what to whom stands there, with the window that is covered", async () => {
    await install("list-1");
    const { items, window } = await inHistory("list-1");
    expect(items[0]).toMatchObject({
      id: expect.stringMatching(/^\d+-\d+$/),
      type: "app.intent.changed",
      subject: "app/list-1",
      by: "otto",
      reason: "first use",
      data: { previous: null, next: { desiredStatus: "enabled" } },
    });
    expect(window.from <= items[0].at && items[0].at <= window.to).toBe(true);
    const none = await history("?types=order.*&since=2026-01-01T00:00:00Z");
    expect(none).toMatchObject({ items: [], window: { from: "2026-01-01T00:00:00.000Z" } });
  });

  test.each([
    ["?since=yesterday", "since"],
    ["?until=1", "until"],
    ["?types=A%20B", "types"],
    ["?limit=0", "limit"],
    ["?limit=501", "limit"],
  ])("%s is refused by name", async (query, field) => {
    const answer = await api.call("GET", `/v1/events${query}`, { as: "viewer" });
    expectProblem(answer, "VALIDATION", 422);
    expect(Object.keys(answer.json.fieldErrors)).toEqual([field]);
  });
});

type Serve = () => Promise<string>;
const handlerServer = async (): Promise<string> => {
  const server = createServer(toNodeHandler(createHttp(muster, { auth: threeCallers() })));
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};
const ways: readonly (readonly [string, Serve])[] = [
  [
    "serveBun",
    async () => {
      const served = serveBun(createHttp(muster, { auth: threeCallers() }), { port: 0 });
      closers.push(() => served.stop());
      return served.url;
    },
  ],
  [
    "serveNode",
    async () => {
      const served = await serveNode(createHttp(muster, { auth: threeCallers() }), { port: 0 });
      closers.push(() => served.stop());
      return served.url;
    },
  ],
  ["toNodeHandler", handlerServer],
  [
    "another app under Bun",
    async () => {
      const app = new Hono().route("/ops", createHttp(muster, { auth: threeCallers() }));
      const served = serveBun(app, { port: 0 });
      closers.push(() => served.stop());
      return `${served.url}/ops`;
    },
  ],
];

describe.each(ways)("as a stream under %s", (name, serve) => {
  const subject = `s-${name.toLowerCase().replaceAll(" ", "-")}`;

  test("each event comes as it happens, and who comes back goes on behind the last", async () => {
    const url = await serve();
    const asked = `${url}/v1/events?types=app.intent.*`;
    const first = follow(await fetch(asked, { headers: streamHeaders }));
    await until(
      "it has begun",
      () => first.frames,
      (frames) => frames.some(({ id }) => id),
    );
    await install(`${subject}-1`);
    const [one] = await until("the event", first.told, (told) => told.length > 0);
    expect(one).toMatchObject({
      event: "app.intent.changed",
      data: { type: "app.intent.changed", subject: `app/${subject}-1`, by: "otto" },
    });
    expect(one?.id).toBe(one?.data.id);
    await first.leave();
    await install(`${subject}-2`);
    await inHistory(`${subject}-2`);
    const headers = { ...streamHeaders, "last-event-id": one?.id ?? "" };
    const second = follow(await fetch(asked, { headers }));
    const told = await until("what came between", second.told, (some) => some.length > 0);
    expect(told.map(({ data }) => data.subject)).toEqual([`app/${subject}-2`]);
    await second.leave();
  });
});

describe("as a stream", () => {
  const open = (app: Hono<never> | typeof api.app, query = "", headers = {}) =>
    (app as typeof api.app).request(`/v1/events${query}`, {
      headers: { ...streamHeaders, ...headers },
    });

  test("types and subject choose", async () => {
    const response = await open(api.app, "?types=app.intent.*&subject=app/chosen");
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    const stream = follow(response);
    await until(
      "it has begun",
      () => stream.frames,
      (frames) => frames.some(({ id }) => id),
    );
    await install("other");
    await install("chosen");
    await until("the event", stream.told, (told) => told.length > 0);
    expect(stream.told().map(({ data }) => data.subject)).toEqual(["app/chosen"]);
    await stream.leave();
  });

  test("what is no longer kept is told as a gap", async () => {
    const small = makeNode({ settings: { shardCount: 4, eventsKept: 1 } });
    await small.start();
    const { app } = apiOf(small);
    const ops = small.as({ name: "otto", role: "operator" });
    for (const id of ["a", "b", "c"]) {
      await ops.apps.install({ id, version: "1.0.0", reason: "first use" });
    }
    await until(
      "all are told",
      () => small.events.history(),
      // Each app is wanted, and reported.
      ({ items }) => items.some(({ id }) => id.endsWith("-6")),
    );
    const stream = follow(await open(app, "", { "last-event-id": "1-1" }));
    await until("both", stream.told, (told) => told.length === 2);
    expect(stream.told()).toMatchObject([
      { event: "gap" },
      { data: { id: expect.stringMatching(/-6$/) } },
    ]);
    expect(stream.told()[0]?.data).toMatchObject({ type: "gap", from: "1970-01-01T00:00:00.001Z" });
    await small.stop();
    await stream.done;
    expect(stream.frames.at(-1)).toMatchObject({ event: "end", data: { code: "STOPPED" } });
  });

  test.each([
    ["?limit=5", {}, "limit"],
    ["?until=2026-01-01T00:00:00Z", {}, "until"],
    ["", { "last-event-id": "nonsense" }, "since"],
  ])("%s with %p is refused before it begins", async (query, headers, field) => {
    const answer = await api.call("GET", `/v1/events${query}`, {
      as: "viewer",
      headers: { accept: "text/event-stream", ...headers },
    });
    expectProblem(answer, "VALIDATION", 422);
    expect(Object.keys(answer.json.fieldErrors)).toEqual([field]);
  });

  test("nobody without a token gets one", async () => {
    const answer = await api.call("GET", "/v1/events", {
      headers: { accept: "text/event-stream" },
    });
    expectProblem(answer, "UNAUTHENTICATED", 401);
  });

  test("a caller that goes away ends its subscription", async () => {
    const gone = new AbortController();
    const response = await api.app.request("/v1/events", {
      headers: streamHeaders,
      signal: gone.signal,
    });
    const stream = follow(response);
    await until(
      "it has begun",
      () => stream.frames,
      (frames) => frames.length > 0,
    );
    gone.abort();
    await stream.done;
    expect(stream.isOver()).toBe(true);
  });
});

describe("a stream's reader", () => {
  const of = (signal = new AbortController().signal) => ({ signal, requestId: "r" });

  test("that takes nothing is told why and cut off, and little waits for it", async () => {
    let ends = 0;
    let sent = 0;
    const response = sseResponse(
      (sink) => {
        void (async () => {
          for (; ends === 0 && sent < 10_000; sent++) {
            await sink.send({ id: `1-${sent}`, event: "x", data: "y".repeat(1_000) });
          }
        })();
        return () => {
          ends += 1;
        };
      },
      { ...of(), slowMs: 30 },
    );
    await until(
      "it is cut off",
      () => ends,
      (count) => count === 1,
    );
    expect(sent).toBeLessThan(100);
    const stream = follow(response);
    await stream.done;
    expect(stream.frames.at(-1)).toMatchObject({ event: "end", data: { code: "SLOW_READER" } });
    expect(stream.told()).toHaveLength(sent + 1);
  });

  test("gets a sign of life while nothing happens", async () => {
    const response = sseResponse(() => () => {}, { ...of(), heartbeatMs: 5 });
    const reader = response.body?.getReader();
    const decoder = new TextDecoder();
    let text = "";
    while (!text.includes(": alive")) text += decoder.decode((await reader?.read())?.value);
    await reader?.cancel();
  });
});
