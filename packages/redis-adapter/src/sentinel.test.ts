/** Connections under Sentinels: all of a node at one primary, and at the next one once there is one. */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { isMusterError } from "@muster/core";
import {
  BackendUnavailable,
  type Clock,
  type Incarnation,
  type NodeId,
  systemClock,
} from "@muster/core/ports";
import { Redis } from "ioredis";
import { makeCertificate } from "../../../test/kit/certificate.ts";
import { freePort, type RedisServer, startRedisServer } from "../../../test/kit/redis-server.ts";
import { type SentinelSet, startSentinelSet } from "../../../test/kit/sentinel-set.ts";
import { startTcpProxy } from "../../../test/kit/tcp-proxy.ts";
import { waitUntil } from "../../../test/kit/wait-until.ts";
import { claimShard, commit, joinNode, makeBackend } from "../test-kit/backend.ts";
import type { RedisBackendOptions } from "./options.ts";
import type { RedisBackend } from "./redis-backend.ts";

const roles = ["control", "heartbeat", "subscriber", "alive"];
let set: SentinelSet;
const open: RedisBackend[] = [];
beforeAll(async () => {
  set = await startSentinelSet();
}, 30_000);
afterEach(async () => {
  for (const backend of open.splice(0)) await backend.close();
});
afterAll(() => set.stop());

const connect = async (over: object = {}): Promise<RedisBackend> => {
  const options = { sentinels: set.addresses, name: set.name, ...over } as RedisBackendOptions;
  const backend = makeBackend(options);
  open.push(backend);
  await backend.open();
  return backend;
};
/** Roles of our connections at a server, in order. */
const rolesAt = async (server: RedisServer): Promise<readonly string[]> => {
  const clients = await server.command("CLIENT", "LIST");
  return [...clients.matchAll(/name=muster:test:web-1:(\w+)/g)]
    .map(([, role]) => role ?? "")
    .sort();
};
const beat = (backend: RedisBackend) =>
  backend.membership.heartbeat({
    nodeId: "web-1" as NodeId,
    incarnation: "web-1-life" as Incarnation,
    leaseMs: 1_500,
    state: "up",
    confirmMs: 60,
  });

test("all connections of a node follow the primary, wherever the Sentinels put it", async () => {
  const backend = await connect();
  const { datasetId } = await joinNode(backend);
  const claim = await claimShard(backend, datasetId);
  expect(backend.health()).toMatchObject({ mode: "sentinel", role: "primary", state: "connected" });
  for (let round = 0; round < 2; round++) {
    const former = await set.primary();
    expect(await rolesAt(former)).toEqual([...roles].sort());
    await set.failOver();
    const primary = await set.primary();
    await waitUntil(
      "all are at the new primary",
      () => rolesAt(primary),
      (there) => there.join() === [...roles].sort().join(),
    );
    expect(await rolesAt(former)).toEqual([]);
    await waitUntil("it is reachable", () => backend.health().state === "connected");
    expect((await beat(backend)).kind).toBe("accepted");
    expect((await commit(backend, claim, round + 1)).kind).toBe("history");
    await set.caughtUp();
  }
}, 30_000);

test("a connection that is lost alone comes back to the server of the others", async () => {
  const backend = await connect();
  const primary = await set.primary();
  const before = await primary.command("CLIENT", "LIST");
  const [, id = ""] = /id=(\d+) .*name=muster:test:web-1:alive/.exec(before) ?? [];
  await primary.command("CLIENT", "KILL", "ID", id);
  await waitUntil(
    "it is back",
    async () => [backend.health().state, await primary.command("CLIENT", "LIST")] as const,
    ([state, list]) =>
      state === "connected" && list.includes("web-1:alive") && !list.includes(`id=${id} `),
  );
  expect(await rolesAt(primary)).toEqual([...roles].sort());
});

test("when one connection finds another server at the same address, all others go there, too", async () => {
  const primary = await set.primary();
  const other = await startRedisServer();
  const proxy = await startTcpProxy(primary.port);
  try {
    const natMap = () => ({ host: "127.0.0.1", port: proxy.port });
    const backend = await connect({ natMap });
    expect(await rolesAt(primary)).toEqual([...roles].sort());
    proxy.retarget(other.port);
    const clients = await primary.command("CLIENT", "LIST");
    const [, id = ""] = /id=(\d+) .*name=muster:test:web-1:subscriber/.exec(clients) ?? [];
    await primary.command("CLIENT", "KILL", "ID", id);
    await waitUntil(
      "all are there",
      async () => [await rolesAt(primary), await rolesAt(other), backend.health().state],
      ([before, after, state]) =>
        before?.length === 0 && after?.length === roles.length && state === "connected",
    );
  } finally {
    await proxy.close();
    await other.stop();
  }
});

test("TLS is asked of Sentinels and of servers apart", async () => {
  const certificate = makeCertificate();
  const [ofSentinel, ofServer] = [await freePort(), await freePort()];
  const tlsAt = (port: number) => [
    ...["--tls-port", String(port), "--tls-auth-clients", "no"],
    ...["--tls-cert-file", certificate.certFile, "--tls-key-file", certificate.keyFile],
    ...["--tls-ca-cert-file", certificate.certFile],
  ];
  const secured = await startSentinelSet({
    replicas: 0,
    sentinels: 1,
    server: { args: tlsAt(ofServer) },
    sentinelArgs: tlsAt(ofSentinel),
  });
  try {
    const trust = { ca: certificate.ca };
    const natMap = () => ({ host: "127.0.0.1", port: ofServer });
    const at = (port: number) => [`127.0.0.1:${port}`];
    const [plain = ""] = secured.addresses;
    const to = { name: secured.name };
    const both = { sentinelTls: trust, tls: trust, natMap };
    for (const options of [
      { ...to, sentinels: [plain], tls: trust, natMap },
      { ...to, sentinels: at(ofSentinel), sentinelTls: trust },
      { ...to, sentinels: at(ofSentinel), ...both },
    ]) {
      await joinNode(await connect(options));
    }
    const refused = async (options: object) =>
      String(await connect({ ...to, ...options }).catch((thrown: unknown) => thrown));
    expect(await refused({ sentinels: at(ofSentinel), ...both, sentinelTls: true })).toMatch(
      /127\.0\.0\.1:\d+: self.signed/i,
    );
    expect(await refused({ sentinels: at(ofSentinel), ...both, tls: true })).toMatch(
      /self.signed/i,
    );
    expect(await refused({ sentinels: at(ofSentinel), tls: trust, natMap })).toContain(
      "sentinelTls",
    );
  } finally {
    await secured.stop();
    certificate.remove();
  }
}, 30_000);

test("what the Sentinels do not know by name is refused, with the remedy", async () => {
  const error = await connect({ name: "other" }).catch((thrown: unknown) => thrown);
  expect(isMusterError(error, "PREFLIGHT_FAILED")).toBe(true);
  expect(String(error)).toMatch(/SENTINEL_NAME_UNKNOWN: .*called other.*SENTINEL MASTERS/);
});

test("a server with data that is given as a Sentinel is told as such", async () => {
  const sentinels = set.servers.map(({ port }) => `127.0.0.1:${port}`);
  const error = await connect({ sentinels }).catch((thrown: unknown) => thrown);
  expect(isMusterError(error, "PREFLIGHT_FAILED")).toBe(true);
  expect(String(error)).toContain("NOT_A_SENTINEL");
});

test("Sentinels that cannot be reached are told with the reason of each", async () => {
  const port = await freePort();
  const error = await connect({ sentinels: [`127.0.0.1:${port}`] }).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(BackendUnavailable);
  expect(String(error)).toContain(`127.0.0.1:${port}: connect ECONNREFUSED`);
});

test("one Sentinel that answers is enough, and those that do not are shown", async () => {
  const gone = `127.0.0.1:${await freePort()}`;
  const backend = await connect({ sentinels: [gone, set.addresses[0]] });
  expect(backend.health().state).toBe("connected");
  expect(backend.health().findings).toContainEqual(
    expect.objectContaining({ level: "warn", code: "SENTINEL_AWAY" }),
  );
});

test("a primary that takes writes without its replicas is warned of", async () => {
  const primary = await set.primary();
  const codes = async () => (await connect()).health().findings.map(({ code }) => code);
  expect(await codes()).toContain("MIN_REPLICAS");
  await primary.command("CONFIG", "SET", "min-replicas-to-write", "1");
  expect(await codes()).not.toContain("MIN_REPLICAS");
  await primary.command("CONFIG", "SET", "min-replicas-to-write", "0");
});

test("a client of one's own that knows Sentinels gives its settings and is left alone", async () => {
  const sentinels = set.addresses.map((address) => ({
    host: "127.0.0.1",
    port: Number(address.split(":")[1]),
  }));
  const client = new Redis({ sentinels, name: set.name, db: 2, lazyConnect: true });
  const backend = makeBackend({ client });
  open.push(backend);
  await backend.open();
  await joinNode(backend);
  expect(backend.health()).toMatchObject({ mode: "sentinel", state: "connected" });
  expect(await rolesAt(await set.primary())).toEqual([...roles].sort());
  expect(client.status).toBe("wait");
  expect(await (await set.primary()).command("INFO", "keyspace")).toContain("db2:");
});

test("Sentinels that go away harm nothing, are told, and are told no more once they are back", async () => {
  // Sweeps come sooner.
  const after: Clock["after"] = (ms, run) => systemClock.after(Math.min(ms, 300), run);
  const backend = makeBackend(
    { sentinels: set.addresses, name: set.name },
    { clock: { ...systemClock, after } },
  );
  open.push(backend);
  await backend.open();
  await joinNode(backend);
  const found = (codes: string) =>
    waitUntil(
      `the findings are ${codes}`,
      () => backend.health().findings.map(({ code }) => code),
      (standing) => standing.filter((code) => code.startsWith("SENTINEL")).join() === codes,
    );
  const [first, second, third] = set.sentinels as [RedisServer, RedisServer, RedisServer];
  try {
    await second.end("kill");
    await found("SENTINEL_AWAY");
    const primary = await set.primary();
    await third.end("kill");
    await found("SENTINEL_QUORUM,SENTINEL_AWAY");
    await first.end("kill");
    await found("SENTINELS_AWAY");
    await primary.command("CLIENT", "KILL", "TYPE", "normal");
    await waitUntil("the cut is noticed", () => backend.health().state === "connecting", Boolean, {
      everyMs: 1,
    });
    await waitUntil("it is connected again", () => backend.health().state === "connected");
    expect((await beat(backend)).kind).toBe("accepted");
  } finally {
    for (const sentinel of set.sentinels) if (sentinel.pid === 0) await sentinel.begin();
  }
  await found("");
}, 30_000);

test("the Sentinels' user and password are apart from the servers'", async () => {
  const logIn = ["AUTH", "watcher", "sentinel-password"];
  const acl = `+hello +auth +info +client|setname +subscribe &* +sentinel`;
  const closed = await startSentinelSet({
    replicas: 1,
    sentinels: 1,
    logIn,
    conf: [
      `user watcher on >sentinel-password ${acl} +ping`,
      "user blind on >sentinel-password +hello +client|setname +subscribe &*",
      "user default off",
    ],
    server: { args: ["--user", "owner", "on", ">server-password", "~*", "&*", "+@all"] },
  });
  try {
    const to = { sentinels: closed.addresses, name: closed.name };
    const own = { username: "owner", password: "server-password" };
    const refused = async (over: object) => String(await connect(over).catch((thrown) => thrown));
    expect(await refused({ ...to, ...own })).toContain("SENTINEL_AUTH_REFUSED");
    const wrong = { sentinelUsername: "watcher", sentinelPassword: "server-password" };
    expect(await refused({ ...to, ...own, ...wrong })).toContain("SENTINEL_AUTH_REFUSED");
    const blind = { sentinelUsername: "blind", sentinelPassword: "sentinel-password" };
    expect(await refused({ ...to, ...own, ...blind })).toContain("SENTINEL_ACL_DENIED");
    const right = {
      sentinelUsername: "watcher",
      sentinelPassword: async () => "sentinel-password",
    };
    const other = { username: "owner", password: "sentinel-password" };
    expect(await refused({ ...to, ...other, ...right })).toContain(": AUTH_REFUSED");
    const backend = await connect({ ...to, ...own, ...right, keyPrefix: "our" });
    await joinNode(backend);
    expect(await (closed.servers[0] as RedisServer).command("KEYS", "our:test:*")).not.toBe("");
  } finally {
    await closed.stop();
  }
}, 30_000);
