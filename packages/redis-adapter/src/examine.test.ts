import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Precondition } from "@muster/core/ports";
import { Redis } from "ioredis";
import { freePort, type RedisServer, startRedisServer } from "../../../test/kit/redis-server.ts";
import { judgeClock, judgeFindings, judgeLatency, judgeMemory } from "./examine.ts";
import { examineRedis } from "./examine-redis.ts";
import { judgeServer } from "./preflight.ts";

const offOf = (checks: readonly Precondition[]) =>
  checks.filter(({ state }) => state !== "ok").map(({ id, state }) => `${state} ${id}`);

describe("what is found is judged", () => {
  const info = { redis_version: "7.2.1", maxmemory_policy: "noeviction", aof_enabled: "1" };

  test("as well where nothing stands against it, told with what there is", () => {
    const checks = judgeFindings([], [info]);
    expect(checks.map(({ id, message }) => [id, message])).toEqual([
      ["redis-version", "Redis 7.2.1."],
      ["redis-eviction", "maxmemory-policy is noeviction."],
      ["redis-persistence", "AOF is on."],
      ["redis-acl", "Every command, key and channel that is needed."],
    ]);
    expect(offOf(checks)).toEqual([]);
  });

  test("each finding of the preflight under what it is about, and none is left out", () => {
    const findings = judgeServer(
      {
        info: { redis_version: "6.0.0", role: "slave", cluster_enabled: "1", aof_enabled: "0" },
        save: "",
      },
      { allowEviction: false },
    );
    expect(offOf(judgeFindings(findings, [{}]))).toEqual([
      "bad redis-version",
      "bad redis-eviction",
      "warn redis-persistence",
      "bad redis-replica",
      "bad redis-cluster-mode",
    ]);
  });

  test("by how long answers take, how far clocks are apart, how full a server is", () => {
    expect([1, 80, 900].map((ms) => judgeLatency(ms).state)).toEqual(["ok", "warn", "bad"]);
    expect([5, -900, 5_000, -5_000].map((ms) => judgeClock(ms).state)).toEqual([
      "ok",
      "ok",
      "warn",
      "warn",
    ]);
    expect(judgeClock(5_000).message).toContain("behind");
    const full = (used_memory: string) => judgeMemory([{ maxmemory: "100", used_memory }]).state;
    expect([full("50"), full("95")]).toEqual(["ok", "warn"]);
    expect(judgeMemory([{ maxmemory: "0", used_memory: "9" }]).state).toBe("ok");
  });
});

describe("a server", () => {
  let server: RedisServer;
  let admin: Redis;
  beforeAll(async () => {
    server = await startRedisServer({ aof: true });
    admin = new Redis(server.url);
  });
  afterAll(async () => {
    admin.disconnect();
    await server.stop();
  });

  test("that has all that is needed is well, and nothing is kept in it", async () => {
    const checks = await examineRedis({ url: server.url });
    expect(offOf(checks)).toEqual([]);
    expect(checks.map(({ id }) => id)).toEqual([
      "redis-mode",
      "redis-version",
      "redis-eviction",
      "redis-persistence",
      "redis-acl",
      "redis-memory",
      "redis-latency",
      "clock",
      "redis-pubsub",
    ]);
    expect(await admin.dbsize()).toBe(0);
  });

  test("is looked at as it is now", async () => {
    await admin.config("SET", "maxmemory-policy", "allkeys-lru");
    const checks = await examineRedis({ url: server.url });
    await admin.config("SET", "maxmemory-policy", "noeviction");
    expect(offOf(checks)).toEqual(["bad redis-eviction"]);
    const [check] = checks.filter(({ id }) => id === "redis-eviction");
    expect(check?.remedy).toContain("CONFIG SET maxmemory-policy noeviction");
  });

  test("whose user may not do all has each thing named", async () => {
    await admin.call(
      "ACL",
      "SETUSER",
      "half",
      "on",
      ">planted-secret",
      "~*",
      "&*",
      "+@all",
      "-zadd",
    );
    const { port } = new URL(server.url);
    const url = `redis://half:planted-secret@127.0.0.1:${port}`;
    const checks = await examineRedis({ url });
    expect(offOf(checks)).toContain("bad redis-acl");
    expect(JSON.stringify(checks)).toContain("ZADD");
    expect(JSON.stringify(checks)).not.toContain("planted-secret");
  });

  test("that refuses the password is told so, without the password", async () => {
    const { port } = new URL(server.url);
    const checks = await examineRedis({ url: `redis://nobody:planted-secret@127.0.0.1:${port}` });
    expect(offOf(checks)).toEqual(["bad redis-mode"]);
    expect(checks[0]?.message).toContain("refuses the user or its password");
    expect(JSON.stringify(checks)).not.toContain("planted-secret");
  });

  test("that is not there is told so", async () => {
    const url = `redis://:planted-secret@127.0.0.1:${await freePort()}`;
    const checks = await examineRedis({ url });
    expect(offOf(checks)).toEqual(["bad redis-mode"]);
    expect(checks[0]?.remedy).not.toBeNull();
    expect(JSON.stringify(checks)).not.toContain("planted-secret");
  });
});
