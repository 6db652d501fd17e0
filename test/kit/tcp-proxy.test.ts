import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { Redis } from "ioredis";
import { type RedisServer, startRedisServer } from "./redis-server.ts";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";
import { waitUntil } from "./wait-until.ts";

let redis: RedisServer;
let proxy: TcpProxy;
let clients: Redis[];
const client = (options: object = {}): Redis => {
  const made = new Redis({
    port: proxy.port,
    host: "127.0.0.1",
    retryStrategy: () => 10,
    ...options,
  });
  made.on("error", () => {});
  clients.push(made);
  return made;
};
const settled = (promise: Promise<unknown>): Promise<unknown> =>
  Promise.race([
    promise.catch(() => "rejected"),
    new Promise((resolve) => setTimeout(resolve, 100, "open")),
  ]);

beforeAll(async () => {
  redis = await startRedisServer();
});
afterAll(() => redis.stop());
beforeEach(async () => {
  await redis.command("FLUSHALL");
  proxy = await startTcpProxy(redis.port);
  clients = [];
});
afterEach(async () => {
  for (const open of clients) open.disconnect();
  await proxy.close();
});

describe("a proxy without faults", () => {
  test("passes commands, large values, pipelines and messages", async () => {
    const c = client();
    const big = "x".repeat(3_000_000);
    await c.set("big", big);
    expect(await c.get("big")).toBe(big);
    const answers = await c.pipeline(Array.from({ length: 500 }, () => ["incr", "n"])).exec();
    expect(answers?.at(-1)).toEqual([null, 500]);
    const s = client();
    const heard: string[] = [];
    s.on("message", (_, message) => heard.push(message));
    await s.subscribe("news");
    await c.publish("news", big);
    await c.publish("news", "short");
    await waitUntil(
      "both messages are heard",
      () => heard.length,
      (n) => n === 2,
    );
    expect(heard).toEqual([big, "short"]);
  });

  test("knows subscribers, their channels and the names of links", async () => {
    await client({ connectionName: "web-1:control" }).ping();
    await client().subscribe("a", "b");
    expect(
      proxy.links().map(({ name, subscriber, channels }) => ({ name, subscriber, channels })),
    ).toEqual([
      { name: "web-1:control", subscriber: false, channels: [] },
      { name: "", subscriber: true, channels: ["a", "b"] },
    ]);
  });

  test("a client that dies takes its server side with it", async () => {
    const c = client();
    await c.ping();
    c.disconnect();
    await waitUntil(
      "the server has no such client",
      () => redis.command("CLIENT", "LIST"),
      (list) => list.split("\n").filter(Boolean).length === 1,
    );
  });
});

describe("cut", () => {
  test("silent holds what is sent until the heal, and then it arrives", async () => {
    const c = client();
    await c.ping();
    proxy.cut("silent");
    const late = c.incr("n");
    expect(await settled(late)).toBe("open");
    expect(await redis.command("GET", "n")).toBe("");
    proxy.heal();
    expect(await late).toBe(1);
  });

  test("refused closes links and opens none until the heal", async () => {
    const c = client({ maxRetriesPerRequest: null });
    await c.ping();
    proxy.cut("refused");
    const late = c.incr("n");
    expect(await settled(late)).toBe("open");
    expect(proxy.links()).toEqual([]);
    proxy.heal();
    expect(await late).toBe(1);
  });

  test("of subscribers leaves the others alone, and takes new subscribers too", async () => {
    const c = client();
    const s = client();
    const heard: string[] = [];
    s.on("message", (_, message) => heard.push(message));
    await s.subscribe("news");
    proxy.cut("silent", (link) => link.subscriber);
    await c.publish("news", "held");
    expect(await settled(client().subscribe("news"))).toBe("open");
    expect(heard).toEqual([]);
    proxy.heal();
    await waitUntil(
      "the held message is heard",
      () => heard,
      (all) => all.length === 1,
    );
  });
});

test("delay makes every reply late by as much, in order", async () => {
  const c = client();
  await c.ping();
  proxy.delay(80);
  const startedAt = performance.now();
  expect(await Promise.all([c.incr("n"), c.incr("n"), c.incr("n")])).toEqual([1, 2, 3]);
  const tookMs = performance.now() - startedAt;
  expect(tookMs).toBeGreaterThanOrEqual(75);
  proxy.delay(60_000);
  const late = [c.incr("n"), c.incr("n")];
  expect(await settled(Promise.all(late))).toBe("open");
  proxy.heal();
  expect(await Promise.all(late)).toEqual([4, 5]);
});

describe("swallowReplies", () => {
  test("lets the work be done and loses the reply with its connection", async () => {
    const c = client({ maxRetriesPerRequest: 0 });
    await c.ping();
    proxy.swallowReplies(1);
    expect(await settled(c.incr("n"))).toBe("rejected");
    expect(await redis.command("GET", "n")).toBe("1");
    expect(proxy.swallowed).toBe(1);
    expect(await c.incr("n")).toBe(2);
  });

  test("chooses requests by their words and gives back earlier replies", async () => {
    const c = client({ maxRetriesPerRequest: 0 });
    await c.ping();
    proxy.swallowReplies({ when: ([command, key]) => command === "incr" && key === "b" });
    const answers = await Promise.allSettled([c.incr("a"), c.incr("b"), c.incr("c")]);
    expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"]);
    expect(await redis.command("GET", "b")).toBe("1");
  });
});

test("swallowing goes on over resends until the count of lost replies is reached", async () => {
  const c = client({ maxRetriesPerRequest: null });
  await c.ping();
  proxy.swallowReplies(5);
  expect(await Promise.all([c.incr("n"), c.incr("m")])).toEqual([6, 6]);
  expect(proxy.swallowed).toBe(5);
});

test("halfOpen leaves the client with a socket that never answers, and new links work", async () => {
  const c = client();
  await c.ping();
  expect(proxy.halfOpen()).toBe(1);
  expect(await settled(c.incr("n"))).toBe("open");
  proxy.heal();
  expect(await settled(c.ping())).toBe("open");
  expect(await client().incr("n")).toBe(1);
});

test("a lingering loss takes all that is answered until the connection closes", async () => {
  const c = client({ maxRetriesPerRequest: 0 });
  await c.ping();
  proxy.swallowReplies({ count: 10, lingerMs: 30 });
  const answers = await Promise.all([c.incr("n"), c.incr("n"), c.incr("n")].map(settled));
  expect(answers).toEqual(["rejected", "rejected", "rejected"]);
  expect(proxy.swallowed).toBe(3);
  expect(await redis.command("GET", "n")).toBe("3");
});

test("copies of a request arrive beside it and after it, and their answers reach nobody", async () => {
  const c = client();
  await c.ping();
  proxy.copyRequests({ when: ([command]) => command === "incr", afterMs: [0, 50] });
  await c.incr("n");
  await c.set("m", "x");
  await waitUntil("both copies have run", async () => (await redis.command("GET", "n")) === "3");
  await waitUntil("both are answered", () => [...proxy.copied.values()].length === 2);
  expect(await c.get("m")).toBe("x");
  proxy.heal();
  await c.incr("n");
  expect(await settled(c.get("n"))).toBe("4");
});

test("repeated messages reach a subscriber twice, in order", async () => {
  const s = client();
  const heard: string[] = [];
  s.on("message", (_, message) => heard.push(message));
  await s.subscribe("news");
  proxy.repeatMessages();
  await redis.command("PUBLISH", "news", "a");
  await redis.command("PUBLISH", "news", "b");
  await waitUntil(
    "all are heard",
    () => heard.join(),
    (all) => all === "a,a,b,b",
  );
});

test("after retarget new links reach the other server, and open ones stay", async () => {
  const other = await startRedisServer();
  const c = client();
  await c.set("where", "first");
  proxy.retarget(other.port);
  expect(await c.get("where")).toBe("first");
  expect(await client().get("where")).toBe(null);
  await other.stop();
});
