import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { inspect } from "node:util";
import { isMusterError } from "@muster/core";
import { BackendUnavailable } from "@muster/core/ports";
import { type RedisServer, startRedisServer } from "../../../test/kit/redis-server.ts";
import { waitUntil } from "../../../test/kit/wait-until.ts";
import { joinNode, makeBackend } from "../test-kit/backend.ts";
import type { RedisBackendOptions } from "./options.ts";
import { judgeServer, parseInfo } from "./preflight.ts";

/** What docs/operations.md grants; CONFIG GET is looked at only to judge persistence. */
const leastPrivilege = [
  "+hello +auth +ping +info +time +client|setname +config|get +script|load +eval +evalsha",
  "+subscribe +unsubscribe +publish +pubsub|numsub +type +exists +get +set +del",
  "+hset +hget +hmget +hdel +hlen +hgetall +hkeys +xadd +xlen +xrange +xrevrange +xdel +xtrim",
  "+zadd +zrem +zcard +zscore +zmscore +zrange +zrangebyscore",
].flatMap((line) => line.split(" "));

const fine = {
  redis_version: "7.0.15",
  role: "master",
  cluster_enabled: "0",
  maxmemory_policy: "noeviction",
  aof_enabled: "1",
};
const codes = (info: Record<string, string>, save: string, allowEviction = false) =>
  judgeServer({ info: { ...fine, ...info }, save }, { allowEviction }).map(
    ({ level, code }) => `${level} ${code}`,
  );

describe("judging a server", () => {
  const cases: readonly (readonly [string, Record<string, string>, string, readonly string[]])[] = [
    ["one with AOF is fine", {}, "", []],
    ["one with RDB alone is fine", { aof_enabled: "0" }, "3600 1", []],
    ["a later major version is fine", { redis_version: "10.2.0" }, "", []],
    ["an older one is refused", { redis_version: "6.2.14" }, "", ["refuse VERSION_TOO_OLD"]],
    ["one without a version is refused", { redis_version: "?" }, "", ["refuse VERSION_TOO_OLD"]],
    ["a replica is refused", { role: "slave" }, "", ["refuse REPLICA"]],
    ["a member of a Cluster is refused", { cluster_enabled: "1" }, "", ["refuse CLUSTER_MODE"]],
    ["one that evicts is refused", { maxmemory_policy: "allkeys-lru" }, "", ["refuse EVICTION"]],
    ["one that keeps nothing is warned of", { aof_enabled: "0" }, "", ["warn PERSISTENCE_OFF"]],
    [
      "one whose RDB cannot be read is warned of",
      { aof_enabled: "0" },
      "unknown",
      ["warn PERSISTENCE_OFF"],
    ],
  ];
  for (const [title, info, save, expected] of cases) {
    test(title, () => expect(codes(info, save)).toEqual([...expected]));
  }

  test("eviction is a standing alert where it is accepted", () => {
    expect(codes({ maxmemory_policy: "volatile-ttl" }, "", true)).toEqual(["alert EVICTION"]);
  });

  test("fewer replicas than are waited for are warned of", () => {
    const judge = (connected_slaves: string) =>
      judgeServer(
        { info: { ...fine, connected_slaves }, save: "" },
        { allowEviction: false, durability: { replicas: 2, timeoutMs: 500 } },
      ).map(({ level, code }) => `${level} ${code}`);
    expect(judge("1")).toEqual(["warn TOO_FEW_REPLICAS"]);
    expect(judge("2")).toEqual([]);
  });

  test("every finding has a message and a remedy", () => {
    const info = { redis_version: "5", role: "slave", cluster_enabled: "1", maxmemory_policy: "x" };
    const findings = judgeServer({ info, save: "" }, { allowEviction: false });
    expect(findings.length).toBe(5);
    expect(findings.every(({ message, remedy }) => message !== "" && remedy !== "")).toBe(true);
  });

  test("INFO is read by its fields", () => {
    expect(parseInfo("# Server\r\nredis_version:7.2.4\r\nos:Linux a:b\r\n\r\n")).toEqual({
      redis_version: "7.2.4",
      os: "Linux a:b",
    });
  });
});

describe("opening", () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedisServer({ aof: true });
    const users: readonly (readonly string[])[] = [
      ["right", ">secret", "on", "~muster:test:*", "&muster:test:*", ...leastPrivilege],
      ["no-key", ">secret", "on", "~other:*", "&*", "+@all"],
      ["no-channel", ">secret", "on", "~*", "resetchannels", "+@all"],
      ["no-command", ">secret", "on", "~*", "&*", "+@all", "-xadd", "-zmscore"],
      ["no-scripts", ">secret", "on", "~*", "&*", "+@all", "-@scripting"],
      ["no-info", ">secret", "on", "~*", "&*", "+@all", "-info"],
    ];
    for (const user of users) await server.command("ACL", "SETUSER", ...user);
  });
  afterAll(() => server.stop());

  const opened = async (over: Partial<RedisBackendOptions>) => {
    const backend = makeBackend({ url: server.url, ...over } as RedisBackendOptions);
    try {
      await backend.open();
      await joinNode(backend);
      return { findings: backend.health().findings, state: backend.health().state };
    } catch (error) {
      return error;
    } finally {
      await backend.close();
    }
  };
  const refusal = async (over: Partial<RedisBackendOptions>): Promise<string> => {
    const error = await opened(over);
    expect(isMusterError(error, "PREFLIGHT_FAILED")).toBe(true);
    return (error as Error).message;
  };

  test("a healthy server has no findings", async () => {
    expect(await opened({})).toEqual({ findings: [], state: "connected" });
  });

  test("a user limited to the cluster's keys and channels suffices", async () => {
    const result = await opened({ username: "right", password: "secret" });
    expect(result).toMatchObject({ state: "connected" });
  });

  test("a server that evicts is refused, or a standing alert when that is accepted", async () => {
    await server.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
    const message = await refusal({});
    expect(message).toContain("EVICTION");
    expect(message).toContain("CONFIG SET maxmemory-policy noeviction");
    expect(await opened({ allowEviction: true })).toMatchObject({
      state: "connected",
      findings: [{ level: "alert", code: "EVICTION" }],
    });
    await server.command("CONFIG", "SET", "maxmemory-policy", "noeviction");
  });

  test("a policy that is changed while nodes run is noticed, and so is its end", async () => {
    const backend = makeBackend({ url: server.url }, { name: "later", hooks: { recheckMs: 20 } });
    await backend.open();
    const codesNow = () =>
      backend
        .health()
        .findings.map(({ code, level }) => `${level} ${code}`)
        .join();
    try {
      expect(codesNow()).toBe("");
      await server.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
      await waitUntil("it is alarming", codesNow, (codes) => codes === "alert EVICTION");
      await server.command("CONFIG", "SET", "maxmemory-policy", "noeviction");
      await waitUntil("it is mended", codesNow, (codes) => codes === "");
    } finally {
      await server.command("CONFIG", "SET", "maxmemory-policy", "noeviction");
      await backend.close();
    }
  });

  const denied: readonly (readonly [string, readonly string[]])[] = [
    ["no-key", ["key"]],
    ["no-channel", ["channel"]],
    ["no-command", ["XADD", "ZMSCORE"]],
    ["no-scripts", ["a script"]],
    ["no-info", ["INFO"]],
  ];
  for (const [username, named] of denied) {
    test(`what the user "${username}" lacks is named`, async () => {
      const message = await refusal({ username, password: "secret" });
      expect(message).toContain("ACL_DENIED");
      expect(message).toContain("~muster:test:* and channels &muster:test:*");
      for (const name of named) expect(message).toContain(name);
    });
  }

  test("a user that may not wait for replicas is refused where that is asked for", async () => {
    const message = await refusal({
      username: "right",
      password: "secret",
      durability: { replicas: 1 },
    });
    expect(message).toContain("may not run WAIT");
  });

  test("a wrong password is named as such and is nowhere in the error", async () => {
    const error = await opened({ username: "right", password: "planted-secret" });
    expect(isMusterError(error, "PREFLIGHT_FAILED")).toBe(true);
    expect(String(error)).toContain("AUTH_REFUSED");
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain("planted-secret");
  });

  test("a password given by a function is asked for when connecting", async () => {
    let asked = 0;
    const password = async () => {
      asked += 1;
      return "secret";
    };
    expect(await opened({ username: "right", password })).toMatchObject({ state: "connected" });
    expect(asked).toBe(1);
  });

  test("a password function that fails makes opening fail", async () => {
    const password = async (): Promise<string> => {
      throw new Error("no vault");
    };
    expect(await opened({ username: "right", password })).toBeInstanceOf(BackendUnavailable);
  });

  test("TLS spoken to a server without it makes opening fail", async () => {
    expect(await opened({ tls: true })).toBeInstanceOf(BackendUnavailable);
  });
});
