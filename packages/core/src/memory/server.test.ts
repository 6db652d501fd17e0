import { expect, test } from "bun:test";
import type { ActorKey, Incarnation, NodeId } from "../model/ids.ts";
import type { BackendContext, BackendFactory } from "../ports/backend.ts";
import { silentLogger } from "../ports/logger.ts";
import {
  append,
  beat,
  beatRequest,
  bytes,
  claimShard,
  commit,
  committed,
  type Held,
  imageOf,
  inspect,
  joinRequest,
  mailOf,
  producerOf,
  startNode,
} from "../testing/conformance/test-node.ts";
import { seededRandom } from "../testing/seeded-random.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { memoryBackend } from "./backend.ts";
import { MemoryServer } from "./server.ts";

const key = "counter/a" as ActorKey;

const makeContext = (factory: BackendFactory, clock: VirtualClock, cluster = "c") => {
  const open = async (node: Pick<BackendContext, "nodeId" | "incarnation">) => {
    const random = seededRandom(2);
    const backend = factory.create({ cluster, ...node, clock, random, logger: silentLogger });
    await backend.open();
    return backend;
  };
  const advance = (ms: number) => clock.runFor(ms);
  return { open, advance, settle: () => clock.runFor(1), close: async () => {} };
};

const makeServer = () => {
  const clock = new VirtualClock();
  const server = new MemoryServer({ clock, random: seededRandom(1) });
  return { clock, server, context: makeContext(memoryBackend({ server }), clock) };
};

const everythingOf = async (held: Held) => ({
  image: await imageOf(held),
  mail: await mailOf(held),
  states: await held.node.backend.shards.fetch({
    claim: held.claim,
    actors: [key],
    idempotencyKeys: ["k"],
  }),
  views: await held.node.backend.views.list({ kind: "counter", shards: [1] }),
});

const fill = async (held: Held, seq: number, text: string) => {
  await committed(held, seq, {
    states: [{ key, state: bytes(text) }],
    local: { payload: bytes(text), count: 1 },
    timers: { set: [{ member: bytes(text), dueAt: seq }], remove: [] },
    out: { add: [{ target: 2, outId: held.outId, n: seq, payload: bytes(text) }], remove: [] },
    effects: { put: [{ id: text, record: bytes(text) }], remove: [] },
    deferrals: { put: [{ id: text, record: bytes(text) }], remove: [] },
    views: [{ kind: "counter", rows: [{ id: text, row: bytes(text) }] }],
    idempotency: {
      put: [{ key: "k", record: bytes(text), expiresAt: Number.MAX_SAFE_INTEGER }],
      expireBefore: 0,
    },
    tries: { put: [{ id: text, record: bytes(text) }], remove: [] },
    dead: {
      put: [{ id: text, at: 1, head: bytes(text), body: bytes(text) }],
      resolve: [],
      keep: 9,
    },
  });
};

test("a roll-back brings everything to the snapshot, under another history", async () => {
  const { server, context } = makeServer();
  const node = await startNode(context);
  const held = await claimShard(node, 1);
  const producer = producerOf(node);
  await append(node, 1, producer, 1);
  await fill(held, 1, "one");
  const before = await everythingOf(held);
  const members = (await node.backend.membership.list()).nodes;
  const snapshot = server.snapshot();

  await append(node, 1, producer, 2);
  await fill(held, 2, "two");
  await node.backend.membership.leave({ nodeId: node.id, incarnation: node.incarnation });
  server.rollback(snapshot);

  expect(server.historyId).not.toBe(held.historyId);
  expect((await commit(held, 3)).kind).toBe("history");
  expect((await inspect(node, 1)).seq).toBe(1);
  expect((await node.backend.membership.list()).nodes).toEqual(members);
  expect(await append(node, 1, producer, 3)).toEqual({ kind: "gap", last: 1 });
  const next = await claimShard(node, 1);
  const after = await everythingOf(next);
  expect(after.mail).toEqual(before.mail);
  expect(after.states).toEqual(before.states);
  expect({ ...after.image, outNumbers: 0 }).toEqual({ ...before.image, outNumbers: 0 });
  expect(after.views[0]?.rows).toEqual(before.views[0]?.rows);
});

test("one snapshot may be gone back to twice", async () => {
  const { server, context } = makeServer();
  const node = await startNode(context);
  await fill(await claimShard(node, 1), 1, "one");
  const snapshot = server.snapshot();
  for (const text of ["two", "three"]) {
    const held = await claimShard(node, 1);
    await fill(held, 1, text);
    server.rollback(snapshot);
  }
  const { states } = await everythingOf(await claimShard(node, 1));
  expect(states).toMatchObject({ states: [bytes("one")] });
});

test("a restart without persistence loses everything", async () => {
  const { server, context } = makeServer();
  const node = await startNode(context);
  await claimShard(node, 1);
  server.restart({ keepData: false });
  expect(server.historyId).not.toBe(node.joined.historyId);
  expect(await node.backend.shards.inspect({ shards: [1] })).toEqual([{ shard: 1, kind: "lost" }]);
  expect((await node.backend.membership.list()).nodes).toEqual([]);
});

test("nodes made by one factory share a cluster, and clusters are kept apart", async () => {
  const clock = new VirtualClock();
  const factory = memoryBackend();
  const one = await startNode(makeContext(factory, clock), "web-1");
  const two = await startNode(makeContext(factory, clock), "web-2");
  const other = await startNode(makeContext(factory, clock, "other"), "web-3");
  expect((await two.backend.membership.list()).nodes.length).toBe(2);
  expect((await other.backend.membership.list()).nodes.length).toBe(1);
  expect(other.joined.datasetId).not.toBe(one.joined.datasetId);
});

test("factories without a server of their own share nothing and keep their node's time", async () => {
  const clock = new VirtualClock({ wall: 5_000_000 });
  const one = await startNode(makeContext(memoryBackend(), clock), "web-1");
  const two = await startNode(makeContext(memoryBackend(), clock), "web-2");
  expect((await two.backend.membership.list()).nodes.length).toBe(1);
  expect(one.joined.now).toBe(5_000_000);
});

test("calls reject before opening and after closing, and a backend opens again", async () => {
  const { clock, server } = makeServer();
  const factory = memoryBackend({ server });
  const backend = factory.create({
    cluster: "c",
    nodeId: "web-1" as NodeId,
    incarnation: "life" as never,
    clock,
    random: seededRandom(1),
    logger: silentLogger,
  });
  const join = () => backend.membership.join(joinRequest("web-1", "life"));
  await backend.close();
  expect(backend.health().state).toBe("closed");
  await expect(join()).rejects.toThrow("did not answer");
  await backend.open();
  expect(backend.health().state).toBe("connected");
  expect((await join()).kind).toBe("joined");
  await backend.open();
  expect(server.aliveCount("c", "web-1" as NodeId, "life" as Incarnation)).toBe(1);
  await backend.close();
  expect(server.aliveCount("c", "web-1" as NodeId, "life" as Incarnation)).toBe(0);
  await expect(join()).rejects.toThrow("did not answer");
});

test("an incarnation that is gone for five minutes is void, and its senders may be forgotten", async () => {
  const { clock, context } = makeServer();
  const gone = await startNode(context, "web-1");
  const judge = await startNode(context, "web-2");
  const listed = async (forMs: number) => {
    for (let passed = 0; passed < forMs; passed += 300) {
      await clock.runFor(300);
      await beat(judge);
    }
    const { nodes, producerFloor } = await judge.backend.membership.list();
    return { nodes: nodes.map(({ id }) => String(id)), producerFloor };
  };
  const nodes = ["web-1", "web-2"];
  expect(await listed(290_000)).toEqual({ nodes, producerFloor: gone.joined.join });
  expect(await listed(20_000)).toEqual({ nodes, producerFloor: judge.joined.join });
  const late = await gone.backend.membership.heartbeat(beatRequest(gone));
  expect(late).toEqual({ kind: "superseded", incarnation: "none" });
});
