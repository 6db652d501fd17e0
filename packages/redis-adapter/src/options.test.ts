import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { isMusterError } from "@muster/core";
import { Redis } from "ioredis";
import { type RedisServer, startRedisServer } from "../../../test/kit/redis-server.ts";
import { waitUntil } from "../../../test/kit/wait-until.ts";
import { joinNode, makeBackend } from "../test-kit/backend.ts";
import { retryDelay } from "./connections/settings.ts";
import { defaultRedisOptions, type RedisBackendOptions, resolveRedisOptions } from "./options.ts";
import { type RedisBackend, redisBackend } from "./redis-backend.ts";

describe("options", () => {
  const broken: readonly (readonly [string, object, string])[] = [
    ["no server", {}, "Give exactly one of url, host, sentinels, cluster and client."],
    [
      "two servers",
      { url: "redis://a", host: "b" },
      "Give exactly one of url, host, sentinels, cluster and client.",
    ],
    ["an address of another scheme", { url: "http://a" }, "url begins with redis:// or rediss://."],
    ["a Cluster without servers", { cluster: [] }, "cluster is a list of at least one host:port."],
    ["a Cluster that is no list", { cluster: "a:1" }, "cluster is a list of"],
    ["a Cluster by URLs", { cluster: ["redis://a:1"] }, "cluster is a list of"],
    ["a Cluster at no port", { cluster: ["a:b"] }, "cluster is a list of"],
    ["a Cluster at a port too high", { cluster: [{ host: "a", port: 70_000 }] }, "cluster is a"],
    ["Sentinels that are none", { sentinels: [], name: "main" }, "sentinels is a list of"],
    ["Sentinels without a name", { sentinels: ["a"] }, "name is what the Sentinels call"],
    ["a name with a blank", { sentinels: ["a"], name: "my main" }, "name is what the Sentinels"],
    ["a database of a Cluster", { cluster: ["a"], db: 1 }, "A Redis Cluster has no databases"],
    ["a prefix with a brace", { host: "a", keyPrefix: "a{b" }, "keyPrefix is"],
    ["an empty prefix", { host: "a", keyPrefix: "" }, "keyPrefix is"],
    [
      "a time-out of nothing",
      { host: "a", commandTimeoutMs: 0 },
      "commandTimeoutMs is at least 50.",
    ],
    [
      "a time-out that is none",
      { host: "a", heartbeatTimeoutMs: Number.NaN },
      "heartbeatTimeoutMs is",
    ],
  ];
  const replicas: readonly (readonly [string, object, string])[] = [
    ["no replica to wait for", { host: "a", durability: { replicas: 0 } }, "durability.replicas"],
    [
      "a wait as long as a command may take",
      { host: "a", commandTimeoutMs: 1_000, durability: { replicas: 1, timeoutMs: 501 } },
      "durability.timeoutMs is",
    ],
  ];
  for (const [title, options, sentence] of [...broken, ...replicas]) {
    test(`${title} is refused in words`, () => {
      let error: unknown;
      try {
        redisBackend(options as RedisBackendOptions);
      } catch (thrown) {
        error = thrown;
      }
      expect(isMusterError(error, "OPTIONS_INVALID")).toBe(true);
      expect(String(error)).toContain(sentence);
    });
  }

  test("what is not given has its default", () => {
    const options = { url: "redis://a", keyPrefix: undefined } as unknown as RedisBackendOptions;
    expect(resolveRedisOptions(options)).toEqual({ ...defaultRedisOptions, url: "redis://a" });
  });

  test("replicas are waited for half a second unless said otherwise", () => {
    const given = { host: "a", durability: { replicas: 2 } };
    expect(resolveRedisOptions(given).durability).toEqual({ replicas: 2, timeoutMs: 500 });
  });

  test("the first retry comes after 2 ms, later ones after half a second at most", () => {
    expect(retryDelay(1, 0.5)).toBe(2);
    for (let attempt = 1; attempt < 2_000; attempt++) {
      expect(retryDelay(attempt, 0)).toBeLessThanOrEqual(500);
      expect(retryDelay(attempt, 0.99)).toBeGreaterThanOrEqual(1);
    }
  });
});

describe("connecting", () => {
  let server: RedisServer;
  const open: RedisBackend[] = [];
  beforeAll(async () => {
    server = await startRedisServer();
  });
  afterEach(async () => {
    for (const backend of open.splice(0)) await backend.close();
  });
  afterAll(() => server.stop());

  const connect = async (options: RedisBackendOptions): Promise<RedisBackend> => {
    const backend = makeBackend(options);
    open.push(backend);
    await backend.open();
    return backend;
  };

  test("connections are named, so that a list of clients tells whose they are", async () => {
    await connect({ url: server.url });
    const clients = await server.command("CLIENT", "LIST");
    for (const role of ["control", "heartbeat", "subscriber", "alive"]) {
      expect(clients).toContain(`name=muster:test:web-1:${role}`);
    }
  });

  test("a client of one's own gives its settings and is left alone", async () => {
    const client = new Redis({
      port: server.port,
      host: "127.0.0.1",
      db: 3,
      keyPrefix: "mine:",
      protocol: 2,
      lazyConnect: true,
      maxRetriesPerRequest: 1,
    });
    const backend = await connect({ client });
    const heard: unknown[] = [];
    await backend.bus.subscribe({ topic: "membership" }, (message) => heard.push(message));
    const { version } = await joinNode(backend);
    await waitUntil("the join is heard of", () => heard.length > 0);
    expect(heard).toEqual([{ topic: "membership", version }]);
    await backend.close();
    expect(client.status).toBe("wait");
    expect(await client.exists("x")).toBe(0);
    expect(await client.keys("muster:test:*")).not.toEqual([]);
    client.disconnect();
  });

  test("the keys of a prefix of one's own begin with it", async () => {
    await joinNode(
      await connect({ host: "127.0.0.1", port: server.port, keyPrefix: "our:muster", db: 4 }),
    );
    const client = new Redis({ port: server.port, host: "127.0.0.1", db: 4 });
    const keys = await client.keys("*");
    client.disconnect();
    expect(keys.length).toBeGreaterThan(0);
    expect(keys.filter((key) => !key.startsWith("our:muster:test:"))).toEqual([]);
  });

  test("a password that was changed is asked for anew when connections are cut", async () => {
    let password = "first-password";
    await server.command("ACL", "SETUSER", "rotating", "on", `>${password}`, "~*", "&*", "+@all");
    const backend = await connect({
      host: "127.0.0.1",
      port: server.port,
      username: "rotating",
      password: async () => password,
    });
    password = "second-password";
    await server.command("ACL", "SETUSER", "rotating", "resetpass", `>${password}`);
    await server.command("CLIENT", "KILL", "USER", "rotating");
    await waitUntil("the cut is noticed", () => backend.health().state === "connecting", Boolean, {
      everyMs: 1,
    });
    await waitUntil("it is connected again", () => backend.health().state === "connected");
    await joinNode(backend);
  });
});
