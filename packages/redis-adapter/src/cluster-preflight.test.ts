/** What is told about a Redis Cluster when a node starts. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { isMusterError } from "@muster/core";
import { type RedisCluster, startRedisCluster } from "../../../test/kit/redis-cluster.ts";
import { type RedisServer, startRedisServer } from "../../../test/kit/redis-server.ts";
import { joinNode, makeBackend } from "../test-kit/backend.ts";
import type { RedisBackendOptions } from "./options.ts";

setDefaultTimeout(30_000);

let redis: RedisCluster;
beforeAll(async () => {
  redis = await startRedisCluster();
});
afterAll(() => redis.stop());

const opened = async (over: object = {}) => {
  const backend = makeBackend({ cluster: redis.addresses, ...over } as RedisBackendOptions);
  try {
    await backend.open();
    await joinNode(backend);
    const { mode, role, state, findings } = backend.health();
    return { mode, role, state, codes: findings.map(({ level, code }) => `${level} ${code}`) };
  } catch (error) {
    return error;
  } finally {
    await backend.close();
  }
};
const refusal = async (over: object): Promise<string> => {
  const error = await opened(over);
  expect(isMusterError(error, "PREFLIGHT_FAILED")).toBe(true);
  return (error as Error).message;
};

test("one server of it is enough to find the others", async () => {
  for (const address of redis.addresses) {
    expect(await opened({ cluster: [address] })).toEqual({
      mode: "cluster",
      role: "primary",
      state: "connected",
      codes: ["warn NO_REPLICA"],
    });
  }
});

test("servers that are not there are passed over", async () => {
  expect(await opened({ cluster: ["127.0.0.1:1", ...redis.addresses] })).toMatchObject({
    state: "connected",
  });
});

test("settings that differ are told with the server they are true of", async () => {
  const [first] = redis.servers;
  await first?.command("CONFIG", "SET", "cluster-require-full-coverage", "yes");
  const codes = ["warn NO_REPLICA", "warn FULL_COVERAGE"];
  expect(await opened()).toMatchObject({ codes });
  await first?.command("CONFIG", "SET", "cluster-require-full-coverage", "no");
  await first?.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
  const message = await refusal({});
  expect(message).toContain("EVICTION");
  expect(message).toContain(`(at ${first?.address})`);
  await first?.command("CONFIG", "SET", "maxmemory-policy", "noeviction");
});

test("a member named as a single server, and a single server named as a Cluster, are refused", async () => {
  const [first] = redis.servers;
  const member = makeBackend({ url: first?.url ?? "" });
  const message = await member.open().catch((error: unknown) => String(error));
  await member.close();
  expect(message).toContain("CLUSTER_MODE");
  let single: RedisServer | undefined;
  try {
    single = await startRedisServer();
    expect(await refusal({ cluster: [`127.0.0.1:${single.port}`] })).toContain("NOT_A_CLUSTER");
  } finally {
    await single?.stop();
  }
});

const all = ["on", ">secret", "~*", "&*", "+@all"];
const lacking: readonly (readonly [string, readonly string[], string])[] = [
  ["no-slots", ["-cluster"], "CLUSTER SLOTS"],
  ["no-spublish", ["-spublish"], "SPUBLISH"],
  ["no-count", ["-pubsub"], "PUBSUB"],
  ["no-ssubscribe", ["-ssubscribe"], "SSUBSCRIBE"],
  ["no-channel", ["resetchannels"], "channel"],
  ["no-key", ["resetkeys", "~other:*"], "key"],
];
for (const [username, without, named] of lacking) {
  test(`what the user "${username}" lacks is named, at whichever server`, async () => {
    await redis.servers[1]?.command("ACL", "SETUSER", username, ...all, ...without);
    for (const server of [redis.servers[0], redis.servers[2]]) {
      await server?.command("ACL", "SETUSER", username, ...all);
    }
    const only = username === "no-slots" ? [redis.addresses[1]] : redis.addresses;
    const message = await refusal({ username, password: "secret", cluster: only });
    expect(message).toContain("ACL_DENIED");
    expect(message).toContain(named);
  });
}

test("a wrong password is named as such", async () => {
  expect(await refusal({ username: "no-slots", password: "wrong" })).toContain("AUTH_REFUSED");
});
