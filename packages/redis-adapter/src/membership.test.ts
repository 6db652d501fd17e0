/** What judging peers leaves to the store: flapping, forgetting, and what proves life. */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import {
  type Incarnation,
  type NodeId,
  type NodeRecord,
  type ProducerId,
  systemClock,
} from "@muster/core/ports";
import { type RedisServer, startRedisServer } from "../../../test/kit/redis-server.ts";
import { waitUntil } from "../../../test/kit/wait-until.ts";
import { bytes, claimShard, makeBackend, shardCount } from "../test-kit/backend.ts";
import { createKeys } from "./keys.ts";
import type { RedisBackend } from "./redis-backend.ts";

const leaseMs = 1_000;
const confirmMs = 60;
const minutes = 60_000;

let server: RedisServer;
let clusters = 0;
const open: RedisBackend[] = [];
beforeAll(async () => {
  server = await startRedisServer();
});
afterEach(async () => {
  for (const backend of open.splice(0)) await backend.close();
});
afterAll(() => server.stop());

interface Node {
  readonly id: NodeId;
  readonly incarnation: Incarnation;
  readonly backend: RedisBackend;
}

/** A cluster whose time moves only when told to. */
const createCluster = () => {
  const cluster = `members-${++clusters}`;
  let now = 1_700_000_000_000;
  const clock = { ...systemClock, monotonic: () => now };
  const start = async (name: string, over: { life?: string; ephemeral?: boolean } = {}) => {
    const incarnation = over.life ?? `${name}-life`;
    const backend = makeBackend(
      { url: server.url },
      { cluster, name, incarnation, clock, hooks: { time: () => now } },
    );
    open.push(backend);
    await backend.open();
    const node = { id: name as NodeId, incarnation: incarnation as Incarnation, backend };
    const answer = await backend.membership.join({
      nodeId: node.id,
      incarnation: node.incarnation,
      leaseMs,
      shardCount,
      info: {
        host: "host",
        pid: 1,
        version: "1",
        runtime: "bun",
        weight: 1,
        ephemeral: over.ephemeral ?? false,
        kinds: [],
      },
    });
    if (answer.kind !== "joined") throw new Error(`join answered ${answer.kind}`);
    return { ...node, joined: answer };
  };
  const beat = ({ id, incarnation, backend }: Node) =>
    backend.membership.heartbeat({ nodeId: id, incarnation, leaseMs, state: "up", confirmMs });
  /** Lets time pass while the given nodes beat. */
  const pass = async (ms: number, ...nodes: readonly Node[]) => {
    for (let passed = 0; passed < ms; passed += 200) {
      now += Math.min(200, ms - passed);
      for (const node of nodes) await beat(node);
    }
  };
  return {
    name: cluster,
    start,
    beat,
    pass,
    advance: (ms: number) => {
      now += ms;
    },
  };
};
const record = async (judge: Node, id: string): Promise<NodeRecord | undefined> =>
  (await judge.backend.membership.list()).nodes.find((node) => node.id === id);
const unsubscribed = (cluster: string, node: Node) =>
  waitUntil(
    "the alive subscription is gone",
    () =>
      server.command(
        "PUBSUB",
        "NUMSUB",
        createKeys("muster", cluster).channels.alive(node.id, node.incarnation),
      ),
    (reply) => reply.endsWith(":0"),
  );

test("nodes long gone are forgotten by nobody but who holds the role, ephemeral ones sooner", async () => {
  const cluster = createCluster();
  const judge = await cluster.start("judge");
  const passing = await cluster.start("passing", { ephemeral: true });
  const lasting = await cluster.start("lasting");
  await lasting.backend.membership.cordon({ nodeId: lasting.id, cordoned: true });
  await cluster.pass(2 * leaseMs, judge);
  cluster.advance(6 * minutes);
  await cluster.pass(1_000, judge);
  expect((await record(judge, passing.id))?.state).toBe("lost");
  const elected = await judge.backend.guard.elect({ role: "reaper", ttlMs: 60_000 });
  if (elected.kind !== "elected") throw new Error(elected.kind);
  const bounds = { goneMs: 1_440 * minutes, ephemeralGoneMs: 5 * minutes, done: [] };
  const reaped = await judge.backend.membership.reap({ term: elected.term, ...bounds });
  expect(reaped).toEqual({
    kind: "reaped",
    nodes: [{ id: passing.id, incarnation: passing.incarnation, state: "lost" }],
  });
  expect(await record(judge, passing.id)).toBeUndefined();
  expect(await record(judge, lasting.id)).toMatchObject({ state: "lost", cordoned: true });
});

test("an incarnation long gone is void: its producers are forgotten, and it must join again", async () => {
  const cluster = createCluster();
  const gone = await cluster.start("gone");
  const judge = await cluster.start("judge");
  const producer = `${gone.joined.join}.p` as ProducerId;
  const append = (number: number) =>
    gone.backend.shards.append({
      shard: 1,
      source: { kind: "producer", producer, number, hash: `h${number}` },
      payloads: [bytes("x")],
      count: 1,
    });
  expect(await append(1)).toMatchObject({ kind: "appended" });
  await cluster.pass(2 * leaseMs, judge);
  const floor = async () => (await judge.backend.membership.list()).producerFloor;
  expect(await floor()).toBe(gone.joined.join);
  cluster.advance(6 * minutes);
  await cluster.pass(1_000, judge);
  expect(await floor()).toBe(judge.joined.join);

  await claimShard(judge.backend, judge.joined.datasetId, 1, "none", await floor());
  expect(await append(2)).toEqual({ kind: "unknown-producer", reaped: true });
  expect(await cluster.beat(gone)).toEqual({ kind: "superseded", incarnation: "none" });
  const again = await cluster.start("gone");
  expect(again.joined.join).toBeGreaterThan(judge.joined.join);
  expect((await cluster.beat(again)).kind).toBe("accepted");
});

test("a node that beats is not suspect, however long its subscription is away", async () => {
  const cluster = createCluster();
  const judge = await cluster.start("judge");
  const deaf = await cluster.start("deaf");
  await cluster.pass(leaseMs + 200, judge, deaf);
  await deaf.backend.close();
  await unsubscribed(cluster.name, deaf);
  const speaking = { ...deaf, backend: judge.backend };
  for (let i = 0; i < 20; i++) {
    cluster.advance(confirmMs / 2);
    await cluster.beat(judge);
    await cluster.beat(speaking);
  }
  expect(await cluster.beat(speaking)).toMatchObject({ wasGone: false, flaps: 0 });
});

test("a node that was suspected wrongly is judged by its lease alone for a while", async () => {
  const cluster = createCluster();
  const judge = await cluster.start("judge");
  const flaky = await cluster.start("flaky");
  await cluster.pass(leaseMs + 200, judge, flaky);
  await flaky.backend.close();
  await unsubscribed(cluster.name, flaky);
  const speaking = { ...flaky, backend: judge.backend };
  const stateAfterTwoLooks = async () => {
    await cluster.beat(judge);
    cluster.advance(confirmMs + 1);
    await cluster.beat(judge);
    return (await record(judge, flaky.id))?.state;
  };
  expect(await stateAfterTwoLooks()).toBe("suspect");
  expect(await cluster.beat(speaking)).toMatchObject({ wasGone: true, flaps: 1 });
  expect(await stateAfterTwoLooks()).toBe("up");
  await cluster.pass(2 * leaseMs, judge, speaking);
  expect(await stateAfterTwoLooks()).toBe("suspect");
});

test("a node whose own alive subscription is missing suspects nobody", async () => {
  const cluster = createCluster();
  const one = await cluster.start("one");
  const two = await cluster.start("two");
  const watcher = await cluster.start("watcher");
  // Both speak over the watcher's connections once their own are gone.
  const judge = { ...one, backend: watcher.backend };
  const peer = { ...two, backend: watcher.backend };
  await cluster.pass(leaseMs + 200, watcher, judge, peer);
  await one.backend.close();
  await two.backend.close();
  await unsubscribed(cluster.name, one);
  await unsubscribed(cluster.name, two);
  await cluster.beat(peer);
  await cluster.beat(judge);
  cluster.advance(confirmMs + 1);
  expect(await cluster.beat(judge)).not.toHaveProperty("recheckMs");
  expect((await record(watcher, peer.id))?.state).toBe("up");
});

test("after a stall nobody is suspect for a lease, since subscriptions may be on their way back", async () => {
  const cluster = createCluster();
  const judge = await cluster.start("judge");
  const peer = await cluster.start("peer");
  await cluster.pass(leaseMs + 200, judge, peer);
  cluster.advance(3 * leaseMs);
  await cluster.beat(judge);
  await peer.backend.close();
  await unsubscribed(cluster.name, peer);
  await cluster.pass(leaseMs - 200, judge);
  expect((await record(judge, peer.id))?.state).toBe("up");
  await cluster.pass(400, judge);
  expect((await record(judge, peer.id))?.state).not.toBe("up");
});

test("Redis's own time counts where no other is given", async () => {
  const backend = makeBackend({ url: server.url }, { cluster: "own-time" });
  open.push(backend);
  await backend.open();
  const before = Date.now();
  const { now } = await backend.membership.list();
  expect(now).toBeGreaterThanOrEqual(before - 5);
  expect(now).toBeLessThanOrEqual(Date.now() + 5);
});
