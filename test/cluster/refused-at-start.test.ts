/** What a node says of a Redis that it may not or cannot use: a code, the reason and the remedy. */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMuster, type Muster, type MusterError } from "@muster/core";
import { type RedisBackendOptions, redisBackend } from "@muster/redis-adapter";
import { freePort, type RedisServer, startRedisServer } from "../kit/redis-server.ts";
import { waitUntil } from "../kit/wait-until.ts";

const folder = mkdtempSync(join(tmpdir(), "muster-start-"));
const nodes: Muster[] = [];
let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedisServer({ aof: true });
});
afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.stop()));
});
afterAll(async () => {
  await redis.stop();
  rmSync(folder, { recursive: true, force: true });
});

const start = async (options: Partial<RedisBackendOptions> = {}, timeoutMs = 5_000) => {
  const backend = redisBackend({ url: redis.url, ...options } as RedisBackendOptions);
  const node = createMuster({ cluster: "shop", node: { id: "web-1" }, backend });
  nodes.push(node);
  await node.start({ timeoutMs });
  return node;
};
const refusal = async (options: Partial<RedisBackendOptions>, timeoutMs?: number) => {
  const error = await start(options, timeoutMs).then(
    () => undefined,
    (thrown: MusterError) => thrown,
  );
  expect(error).toBeDefined();
  return error as MusterError;
};

test("an evicting policy is refused with its remedy, and accepted on demand as a standing finding", async () => {
  await redis.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
  const { code, message, hint } = await refusal({});
  expect(code).toBe("PREFLIGHT_FAILED");
  expect(message).toContain("EVICTION: maxmemory-policy is allkeys-lru");
  expect(hint).toContain("CONFIG SET maxmemory-policy noeviction");
  const node = await start({ allowEviction: true });
  await redis.command("CONFIG", "SET", "maxmemory-policy", "noeviction");
  const status = await waitUntil(
    "the verdict tells",
    () => node.status(),
    ({ verdict }) => verdict === "degraded",
  );
  expect(status.reasons).toEqual([expect.stringContaining("allkeys-lru")]);
  expect(status.redis.findings).toMatchObject([{ level: "alert", code: "EVICTION" }]);
}, 20_000);

test("a wrong password, and a user without the rights, are told at once and nothing secret with them", async () => {
  await redis.command(
    "ACL",
    "SETUSER",
    "shop",
    "on",
    ">right-one",
    "~muster:shop:*",
    "&*",
    "+@all",
    "-xadd",
  );
  const wrong = await refusal({ username: "shop", password: "planted-secret" });
  expect(wrong).toMatchObject({ code: "PREFLIGHT_FAILED", retryable: false });
  expect(wrong.message).toContain("AUTH_REFUSED");
  expect(JSON.stringify([wrong, wrong.message, String(wrong.cause)])).not.toContain("planted");
  const limited = await refusal({ username: "shop", password: "right-one" });
  expect(limited.code).toBe("PREFLIGHT_FAILED");
  expect(limited.message).toMatch(/ACL_DENIED.*XADD/);
}, 20_000);

test("a replica is refused", async () => {
  const replica = await startRedisServer({
    args: ["--replicaof", "127.0.0.1", String(redis.port)],
  });
  const error = await refusal({ url: replica.url });
  await replica.stop();
  expect(error.code).toBe("PREFLIGHT_FAILED");
  expect(error.message).toContain("REPLICA");
}, 20_000);

test("a server that is not there, or does not speak as asked, is tried again, and the reason is told", async () => {
  const gone = await startRedisServer();
  const { url } = gone;
  await gone.stop();
  const absent = await refusal({ url }, 500);
  expect(absent).toMatchObject({ code: "BACKEND_UNAVAILABLE", retryable: true });
  expect(absent.message).toMatch(/last attempt failed: .*(ECONNREFUSED|refused|connect)/i);
  const noTls = await refusal({ tls: true }, 1_500);
  expect(noTls).toMatchObject({ code: "BACKEND_UNAVAILABLE", retryable: true });
  expect(noTls.message).toContain("TLS is asked for");

  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const args = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout ${key} -out ${cert}`;
  execFileSync("openssl", args.split(" "), { stdio: "ignore" });
  const withTls = await startRedisServer({
    args: [
      "--tls-port",
      "0",
      "--tls-cert-file",
      cert,
      "--tls-key-file",
      key,
      "--tls-ca-cert-file",
      cert,
      "--tls-auth-clients",
      "no",
    ],
  });
  const tlsPort = await freePort();
  await withTls.command("CONFIG", "SET", "tls-port", String(tlsPort));
  const secure = { url: `rediss://localhost:${tlsPort}` };
  const untrusted = await refusal(secure, 1_500);
  expect(untrusted).toMatchObject({ code: "BACKEND_UNAVAILABLE", retryable: true });
  expect(untrusted.message).toMatch(/self.signed/i);
  const plain = await refusal({ url: `redis://localhost:${tlsPort}` }, 1_000);
  expect(plain.message).toContain("check whether the server asks for TLS");
  const node = await start({ ...secure, tls: { ca: readFileSync(cert) } });
  expect(node.status().redis.state).toBe("connected");
  await node.stop();
  await withTls.stop();
}, 20_000);
