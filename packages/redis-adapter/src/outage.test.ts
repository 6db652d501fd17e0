/**
 * Whatever happens to the server or the way to it: every call settles, nothing is applied twice, and
 * the backend comes back by itself (I1, I2, I5, I9).
 */
import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  type ActorKey,
  BackendUnavailable,
  type Incarnation,
  type NodeId,
  type ProducerId,
} from "@muster/core/ports";
import { type RedisServer, startRedisServer } from "../../../test/kit/redis-server.ts";
import { startTcpProxy, type TcpProxy } from "../../../test/kit/tcp-proxy.ts";
import { holdsFor, waitUntil } from "../../../test/kit/wait-until.ts";
import { bytes, claimShard, commit, joinNode, makeBackend } from "../test-kit/backend.ts";
import type { RedisBackend } from "./redis-backend.ts";

const commandTimeoutMs = 300;
const key = "counter/a" as ActorKey;

let server: RedisServer;
let proxy: TcpProxy;
const open: RedisBackend[] = [];
const unhandled: unknown[] = [];
const note = (error: unknown) => unhandled.push(error);

beforeEach(async () => {
  server = await startRedisServer({ aof: true, args: ["--repl-diskless-sync-delay", "0"] });
  proxy = await startTcpProxy(server.port);
  process.on("unhandledRejection", note);
  process.on("uncaughtException", note);
});
afterEach(async () => {
  for (const backend of open.splice(0)) await backend.close();
  await proxy.close();
  await server.stop();
  process.off("unhandledRejection", note);
  process.off("uncaughtException", note);
  expect(unhandled.splice(0)).toEqual([]);
});

const make = (port = proxy.port, timeoutMs = commandTimeoutMs): RedisBackend => {
  const backend = makeBackend({
    host: "127.0.0.1",
    port,
    commandTimeoutMs: timeoutMs,
    heartbeatTimeoutMs: commandTimeoutMs,
  });
  open.push(backend);
  return backend;
};
const holder = async (timeoutMs = commandTimeoutMs) => {
  const backend = make(proxy.port, timeoutMs);
  await backend.open();
  const { datasetId, join } = await joinNode(backend);
  return { backend, join, claim: await claimShard(backend, datasetId) };
};
const heartbeat = (backend: RedisBackend) =>
  backend.membership.heartbeat({
    nodeId: "web-1" as NodeId,
    incarnation: "web-1-life" as Incarnation,
    leaseMs: 1_500,
    state: "up",
    confirmMs: 60,
  });
/** What a call came to, and after how long. */
const settle = async (call: Promise<unknown>) => {
  const startedAt = performance.now();
  const outcome = await call.catch((error: unknown) => error);
  return { outcome, ms: performance.now() - startedAt };
};
const back = (backend: RedisBackend) =>
  waitUntil("the backend is connected again", () => backend.health().state === "connected");

test("opening rejects while the server is away and succeeds once it is there", async () => {
  await server.end();
  const backend = make(server.port);
  const refused = await backend.open().catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(BackendUnavailable);
  expect(String((refused as BackendUnavailable).cause)).toContain("ECONNREFUSED");
  expect(backend.health().state).toBe("connecting");
  await server.begin();
  await backend.open();
  await backend.open();
  expect(backend.health().state).toBe("connected");
  await joinNode(backend);
});

test("opening rejects in time when the server takes the connection and says nothing", async () => {
  await server.freeze();
  const { outcome, ms } = await settle(make(server.port).open());
  server.thaw();
  expect(outcome).toBeInstanceOf(BackendUnavailable);
  expect(ms).toBeLessThan(10 * commandTimeoutMs);
});

test("calls before opening and after closing reject, and closing twice is fine", async () => {
  const backend = make();
  expect((await settle(backend.membership.list())).outcome).toBeInstanceOf(BackendUnavailable);
  expect(
    (await settle(backend.bus.subscribe({ topic: "status" }, () => {}))).outcome,
  ).toBeInstanceOf(BackendUnavailable);
  await backend.bus.publish({ topic: "membership" }, { topic: "membership", version: 1 });
  await backend.open();
  await backend.close();
  await backend.close();
  expect((await settle(backend.membership.list())).outcome).toBeInstanceOf(BackendUnavailable);
  expect(backend.health().state).toBe("closed");
  const never = make();
  await never.close();
  expect((await settle(never.open())).outcome).toBeInstanceOf(BackendUnavailable);
});

test("closing ends an opening under way", async () => {
  await server.freeze();
  const backend = make(server.port);
  const opening = settle(backend.open());
  await backend.close();
  server.thaw();
  expect((await opening).outcome).toBeInstanceOf(BackendUnavailable);
  expect((await opening).ms).toBeLessThan(commandTimeoutMs);
});

test("closing rejects what is pending at once", async () => {
  const { backend, claim } = await holder();
  await server.freeze();
  const pending = settle(commit(backend, claim, 1));
  const waiting = settle(heartbeat(backend));
  await backend.close();
  server.thaw();
  expect((await pending).outcome).toBeInstanceOf(BackendUnavailable);
  expect((await waiting).outcome).toBeInstanceOf(BackendUnavailable);
  expect((await pending).ms).toBeLessThan(commandTimeoutMs);
});

test("closing rejects what is pending while the connection is being made again", async () => {
  const { backend, claim } = await holder(3_000);
  await server.command("CLIENT", "PAUSE", "60000", "WRITE");
  const pending = settle(commit(backend, claim, 1));
  await server.end("kill");
  // Long enough that the client rests between two attempts.
  await waitUntil("the loss is noticed", () => backend.health().state === "connecting");
  await holdsFor("the server is away", 600, () => backend.health().state === "connecting");
  const { ms } = await settle(backend.close());
  const { outcome } = await Promise.race([
    pending,
    settle(Promise.reject(new Error("still pending"))),
  ]);
  expect(ms).toBeLessThan(500);
  expect(outcome).toBeInstanceOf(BackendUnavailable);
});

test("a commit that timed out on a stalled server is applied once, and its repeat says so", async () => {
  const { backend, claim } = await holder();
  const parts = { states: [{ key, state: bytes("x") }], local: { payload: bytes("m"), count: 1 } };
  await server.freeze();
  const { outcome, ms } = await settle(commit(backend, claim, 1, parts));
  expect(outcome).toBeInstanceOf(BackendUnavailable);
  expect(ms).toBeLessThan(20 * commandTimeoutMs);
  server.thaw();
  const answer = await waitUntil("the repeat is answered", () => commit(backend, claim, 1, parts));
  expect(answer).toMatchObject({ kind: "committed" });
  expect(await backend.shards.inspect({ shards: [1] })).toMatchObject([{ seq: 1, pending: 1 }]);
});

test("calls while the server is down reject in time, heartbeats at once, and work when it is back", async () => {
  const { backend, claim } = await holder();
  await server.end("kill");
  await waitUntil("the loss is noticed", () => backend.health().state === "connecting");
  const beat = await settle(heartbeat(backend));
  expect(beat.outcome).toBeInstanceOf(BackendUnavailable);
  expect(beat.ms).toBeLessThan(4 * commandTimeoutMs);
  const check = await settle(backend.shards.check({ claims: [claim] }));
  expect(check.outcome).toBeInstanceOf(BackendUnavailable);
  expect(check.ms).toBeLessThan(20 * commandTimeoutMs);
  await server.begin();
  const begun = performance.now();
  await back(backend);
  expect(performance.now() - begun).toBeLessThan(2_000);
  expect(await backend.shards.check({ claims: [claim] })).toMatchObject([{ kind: "history" }]);
  expect((await heartbeat(backend)).kind).toBe("accepted");
});

test("lost replies of commits and appends apply nothing twice", async () => {
  const { backend, claim, join } = await holder();
  const rounds = 20;
  for (let n = 1; n <= rounds; n++) {
    proxy.swallowReplies({ when: (words) => words[0] === "evalsha" });
    const source = { kind: "producer", producer: `${join}.p` as ProducerId, number: n } as const;
    const append = () =>
      backend.shards.append({
        shard: 1,
        source: { ...source, hash: `h${n}` },
        payloads: [bytes("x")],
        count: 1,
      });
    const local = { payload: bytes("y"), count: 1 };
    const [appended, committed] = await Promise.all([
      waitUntil("the append is answered", append),
      waitUntil("the commit is answered", () => commit(backend, claim, n, { local })),
    ]);
    expect(appended).toMatchObject({ kind: "appended", last: n });
    expect(committed).toMatchObject({ kind: "committed" });
  }
  expect(proxy.swallowed).toBeGreaterThanOrEqual(rounds);
  expect(await backend.shards.inspect({ shards: [1] })).toMatchObject([
    { seq: rounds, pending: 2 * rounds },
  ]);
});

test("half-open sockets are given up: calls, heartbeats and hints come back", async () => {
  const { backend, claim } = await holder();
  let resets = 0;
  backend.bus.onReset(() => {
    resets += 1;
  });
  const heard: number[] = [];
  await backend.bus.subscribe({ topic: "membership" }, (message) => {
    if (message.topic === "membership") heard.push(message.version);
  });
  expect(proxy.halfOpen()).toBe(4);
  expect((await settle(commit(backend, claim, 1))).outcome).toBeInstanceOf(BackendUnavailable);
  await waitUntil("a commit is answered", () => commit(backend, claim, 1));
  await waitUntil("a heartbeat is answered", () => heartbeat(backend));
  await waitUntil("the subscriber is back", () => resets > 0);
  await backend.membership.raiseVersion({ version: 500 });
  await waitUntil("a hint is heard", () => heard.includes(501));
  await waitUntil("a new alive subscription stands", () =>
    proxy.links().some(({ n, name }) => n > 4 && name.endsWith(":alive")),
  );
}, 20_000);

test("subscriptions that are refused are tried again at leisure and stand once granted", async () => {
  const rights = ["on", "nopass", "~*", "+@all"];
  await server.command("ACL", "SETUSER", "limited", ...rights, "&*");
  const backend = makeBackend({ url: server.url, username: "limited", password: "any" });
  open.push(backend);
  await backend.open();
  await joinNode(backend);
  let resets = 0;
  backend.bus.onReset(() => {
    resets += 1;
  });
  await backend.bus.subscribe({ topic: "membership" }, () => {});
  const connections = async () =>
    Number(/total_connections_received:(\d+)/.exec(await server.command("INFO", "stats"))?.[1]);

  // The server cuts those who listen to what they may no longer hear.
  await server.command("ACL", "SETUSER", "limited", "resetchannels");
  await waitUntil("it is connected again", () => backend.health().state === "connected");
  const before = await connections();
  await holdsFor("nothing is heard", 700, () => resets === 0);
  expect((await connections()) - before).toBeLessThan(10);

  await server.command("ACL", "SETUSER", "limited", ...rights, "&*");
  await waitUntil("the bus stands again", () => resets > 0);
  await waitUntil(
    "the alive subscription stands again",
    () => server.command("PUBSUB", "CHANNELS", "*alive*"),
    (channels) => channels.includes("web-1-life"),
  );
});

test("a cut alive subscription is back within milliseconds", async () => {
  const { backend } = await holder();
  const channels = () => server.command("PUBSUB", "CHANNELS", "*alive*");
  expect(await channels()).toContain("web-1-life");
  await server.command("CLIENT", "KILL", "TYPE", "pubsub");
  const startedAt = performance.now();
  await waitUntil("the subscription is back", channels, (text) => text.includes("web-1-life"), {
    everyMs: 2,
  });
  expect(performance.now() - startedAt).toBeLessThan(1_000);
  await back(backend);
});

test("subscriptions that are cut leave the backend connected, unless they stay away", async () => {
  const { backend } = await holder();
  const isHint = ({ name }: { readonly name: string }) => /:(subscriber|alive)$/.test(name);
  const { state } = backend.health();
  proxy.cut("refused", isHint);
  expect(state).toBe("connected");
  await waitUntil("both are gone", () => !proxy.links().some(isHint));
  expect(backend.health().state).toBe("connected");
  await waitUntil("that is told", () => backend.health().state === "connecting");
  const names = proxy.links().map(({ name }) => name.replace(/.*:/, ""));
  expect(names).toEqual(expect.arrayContaining(["control", "heartbeat"]));
  proxy.heal();
  await waitUntil("they are back", () => backend.health().state === "connected");
});

test("subscriptions leave a demoted server with everything else, once a new one takes writes", async () => {
  const promoted = await startRedisServer();
  try {
    const { backend } = await holder();
    await promoted.command("REPLICAOF", "127.0.0.1", String(server.port));
    await waitUntil("the replica follows", async () =>
      (await promoted.command("INFO", "replication")).includes("master_link_status:up"),
    );
    const aliveAt = (where: RedisServer) => where.command("PUBSUB", "CHANNELS", "*alive*");
    await server.command("REPLICAOF", "127.0.0.1", String(promoted.port));
    await heartbeat(backend).catch(() => {});
    expect(await aliveAt(server)).toContain("web-1-life");
    await promoted.command("REPLICAOF", "NO", "ONE");
    proxy.retarget(promoted.port);
    await waitUntil("a heartbeat is answered", () => heartbeat(backend));
    await waitUntil("the alive subscription has moved", async () =>
      (await aliveAt(promoted)).includes("web-1-life"),
    );
    expect(await aliveAt(server)).not.toContain("web-1-life");
  } finally {
    await promoted.stop();
  }
}, 20_000);

test("what waits for a connection during an outage does not pile up", async () => {
  const { backend, claim } = await holder();
  await server.end("kill");
  // Only what finds the connection gone waits; what was on its way is sent again.
  await settle(backend.shards.check({ claims: [claim] }));
  const calls = Array.from({ length: 200 }, () =>
    settle(commit(backend, claim, 1, { local: { payload: bytes("m"), count: 1 } })),
  );
  const outcomes = await Promise.all(calls);
  expect(outcomes.every(({ outcome }) => outcome instanceof BackendUnavailable)).toBe(true);
  await server.begin();
  await server.command("CONFIG", "RESETSTAT");
  await back(backend);
  await backend.membership.list();
  const stats = await server.command("INFO", "commandstats");
  expect(Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1])).toBeLessThan(10);
});

test("an election that the server does not answer rejects, and a later one goes on", async () => {
  const backend = make();
  await backend.open();
  proxy.cut();
  const role = "reconciler";
  const failed = await backend.guard.elect({ role, ttlMs: 100 }).catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(BackendUnavailable);
  proxy.heal();
  const elected = await waitUntil(
    "the role is taken again",
    () => backend.guard.elect({ role, ttlMs: 60_000 }),
    ({ kind }) => kind === "elected",
  );
  if (elected.kind !== "elected") return;
  proxy.cut();
  const { term } = elected;
  const late = await backend.guard.extend({ term, ttlMs: 100 }).catch((error: unknown) => error);
  expect(late).toBeInstanceOf(BackendUnavailable);
  proxy.heal();
});
