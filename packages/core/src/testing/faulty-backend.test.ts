import { describe, expect, test } from "bun:test";
import { MemoryServer, memoryBackend } from "../memory/index.ts";
import type { Incarnation, NodeId } from "../model/ids.ts";
import type { BackendFactory } from "../ports/backend.ts";
import { silentLogger } from "../ports/logger.ts";
import type { ConformanceContext } from "./conformance/context.ts";
import { runConformance } from "./conformance/index.ts";
import {
  append,
  bytes,
  claimShard,
  committed,
  producerOf,
  startNode,
} from "./conformance/test-node.ts";
import { calmPlan, type FaultPlan } from "./fault-plan.ts";
import { FaultyBackend } from "./faulty-backend.ts";
import type { CallStep } from "./faulty-link.ts";
import { NodeClock } from "./node-clock.ts";
import { seededRandom } from "./seeded-random.ts";
import { VirtualClock } from "./virtual-clock.ts";

const instant: FaultPlan = { ...calmPlan, delayMs: [0, 0], messageDelayMs: [0, 0] };

const makeWorld = (seed = 1) => {
  const clock = new VirtualClock();
  const random = seededRandom(seed);
  const server = new MemoryServer({ clock, random: random.fork() });
  const steps: CallStep[] = [];
  const over = (inner: BackendFactory) =>
    new FaultyBackend(inner, {
      clock,
      random: random.fork(),
      history: () => server.historyId,
      plan: instant,
      onStep: (step) => steps.push(step),
    });
  const faulty = over(memoryBackend({ server }));
  const open: ConformanceContext["open"] = async (node, { durability } = {}) => {
    const factory = durability ? over(memoryBackend({ server, durability })) : faulty;
    const backend = factory.create({
      cluster: "c",
      ...node,
      clock: new NodeClock(clock),
      random: random.fork(),
      logger: silentLogger,
    });
    await backend.open();
    return backend;
  };
  let closed = false;
  const context: ConformanceContext = {
    open,
    advance: (ms) => clock.runFor(ms),
    settle: () => clock.runFor(1),
    restart: async () => server.restart({ keepData: true }),
    loseData: async () => server.flush(),
    rewind: async (ms) => server.shiftTime(-ms),
    setReplicas: async (count) => {
      server.replicas = count;
    },
    close: async () => {
      closed = true;
    },
  };
  /** Lets what is due at the present instant go on until the context is closed. */
  const pump = async () => {
    while (!closed) await clock.runFor(0);
  };
  return { clock, server, faulty, context, steps, pump };
};

/** Runs `promise` to its end in virtual time; answers its value or the error's name. */
const outcome = async <T>(clock: VirtualClock, promise: Promise<T>): Promise<T | string> => {
  let settled = false;
  const end = promise
    .catch((error: unknown) => (error instanceof Error ? error.name : "?"))
    .finally(() => {
      settled = true;
    });
  await clock.runUntil(() => settled, 60_000);
  return end;
};

/** A node that holds shard 1, made while nothing goes wrong. */
const makeOwner = async (world: ReturnType<typeof makeWorld>, id = "web-1") => {
  const promise = (async () => {
    const node = await startNode(world.context, id);
    return { node, held: await claimShard(node, 1) };
  })();
  const made = await outcome(world.clock, promise);
  if (typeof made === "string") throw new Error(made);
  return made;
};

/** What the store holds, read past all faults. */
const pendingIn = (server: MemoryServer) => server.cluster("c").shards.get(1)?.pending;

describe("without faults", () => {
  runConformance(
    { describe, test },
    async () => {
      const { context, pump } = makeWorld();
      void pump();
      return context;
    },
    { title: "memory behind a calm link" },
  );
});

test("a lost request is not executed and rejects at the time-out", async () => {
  const world = makeWorld();
  const { node } = await makeOwner(world);
  world.faulty.plan = { ...instant, loseRequest: 1 };
  const from = world.clock.monotonic();
  const answer = await outcome(world.clock, append(node, 1, producerOf(node), 1));
  expect(answer).toBe("BackendUnavailable");
  expect(world.clock.monotonic() - from).toBe(instant.timeoutMs);
  expect(pendingIn(world.server)).toBe(0);
});

test("a call whose answer is lost was executed, and rejects all the same", async () => {
  const world = makeWorld();
  const { node } = await makeOwner(world);
  const producer = producerOf(node);
  world.faulty.plan = { ...instant, loseReply: 1 };
  expect(await outcome(world.clock, append(node, 1, producer, 1))).toBe("BackendUnavailable");
  expect(pendingIn(world.server)).toBe(1);
  world.faulty.plan = instant;
  const repeat = await outcome(world.clock, append(node, 1, producer, 1));
  expect(repeat).toMatchObject({ kind: "appended", last: 1 });
  expect(pendingIn(world.server)).toBe(1);
});

test("a late copy is executed long after its sender gave up", async () => {
  const world = makeWorld();
  const { node } = await makeOwner(world);
  world.faulty.plan = { ...instant, loseRequest: 1, ghost: 1, ghostDelayMs: [5_000, 5_000] };
  expect(await outcome(world.clock, append(node, 1, producerOf(node), 1))).toBe(
    "BackendUnavailable",
  );
  expect(pendingIn(world.server)).toBe(0);
  await world.clock.runFor(5_000);
  expect(pendingIn(world.server)).toBe(1);
});

test("what is under way dies with the store's history", async () => {
  const world = makeWorld();
  const { node } = await makeOwner(world);
  world.faulty.plan = { ...instant, delayMs: [50, 50], ghost: 1, ghostDelayMs: [100, 100] };
  const call = append(node, 1, producerOf(node), 1);
  await world.clock.runFor(10);
  world.server.restart({ keepData: true });
  expect(await outcome(world.clock, call)).toBe("BackendUnavailable");
  await world.clock.runFor(1_000);
  expect(pendingIn(world.server)).toBe(0);
});

test("a frozen process sends nothing and hears nothing until it thaws", async () => {
  const world = makeWorld();
  const { node } = await makeOwner(world);
  const { node: peer } = await makeOwner(world, "web-2");
  const heard: string[] = [];
  const subscribed = node.backend.bus.subscribe({ topic: "membership" }, ({ topic }) => {
    heard.push(topic);
  });
  await outcome(world.clock, subscribed);
  world.faulty.plan = { ...instant, delayMs: [20, 20] };
  let answered = false;
  const early = append(node, 1, producerOf(node), 1).then(() => {
    answered = true;
  });
  await world.clock.runFor(5);
  world.faulty.freeze(node.id);
  const late = append(node, 1, producerOf(node), 1);
  await peer.backend.bus.publish({ topic: "membership" }, { topic: "membership", version: 1 });
  await world.clock.runFor(10_000);
  expect([answered, heard, pendingIn(world.server)]).toEqual([false, [], 1]);
  world.faulty.thaw(node.id);
  await outcome(world.clock, early);
  expect(await outcome(world.clock, late)).toBe("BackendUnavailable");
  await world.clock.runFor(1);
  expect(heard).toEqual(["membership"]);
});

test("a cut node's calls wait, its hints are lost, and healing tells it of a reset", async () => {
  const world = makeWorld();
  const { node } = await makeOwner(world);
  const { node: peer } = await makeOwner(world, "web-2");
  const heard: string[] = [];
  node.backend.bus.onReset(() => heard.push("reset"));
  const topic = { topic: "membership" } as const;
  await outcome(
    world.clock,
    node.backend.bus.subscribe(topic, () => heard.push("hint")),
  );
  world.faulty.cut(node.id);
  expect(node.backend.health().state).toBe("connecting");
  const waiting = append(node, 1, producerOf(node), 1);
  const given = append(node, 1, producerOf(node), 1);
  await peer.backend.bus.publish(topic, { ...topic, version: 1 });
  await world.clock.runFor(500);
  expect(pendingIn(world.server)).toBe(0);
  world.faulty.heal(node.id);
  expect(await outcome(world.clock, waiting)).toMatchObject({ kind: "appended", last: 1 });
  await outcome(world.clock, given);
  expect(heard).toEqual(["reset"]);
  expect(node.backend.health().state).toBe("connected");
});

test("a killed node's connections vanish, what it sent is executed, and it hears nothing", async () => {
  const world = makeWorld();
  const { node } = await makeOwner(world);
  world.faulty.plan = { ...instant, delayMs: [50, 50] };
  let settled = false;
  const finish = () => {
    settled = true;
  };
  append(node, 1, producerOf(node), 1).then(finish, finish);
  await world.clock.runFor(10);
  expect(world.server.aliveCount("c", node.id, node.incarnation)).toBe(1);
  world.faulty.kill(node.id);
  expect(world.server.aliveCount("c", node.id, node.incarnation)).toBe(0);
  append(node, 1, producerOf(node), 1).then(finish, finish);
  await world.clock.runFor(60_000);
  expect(pendingIn(world.server)).toBe(1);
  expect(settled).toBe(false);
});

test("a closed backend's pending calls reject", async () => {
  const world = makeWorld();
  const { node } = await makeOwner(world);
  world.faulty.plan = { ...instant, delayMs: [50, 50] };
  const call = append(node, 1, producerOf(node), 1);
  await node.backend.close();
  expect(await outcome(world.clock, call)).toBe("BackendUnavailable");
  expect(await outcome(world.clock, node.backend.membership.list())).toBe("BackendUnavailable");
});

test.each([
  [0, 1, "lost", 0],
  [1, 0, "doubled", 2],
] as const)("hints are doubled %d, lost %d: %s", async (double, lose, _, times) => {
  const world = makeWorld();
  const { node } = await makeOwner(world);
  let heard = 0;
  const topic = { topic: "membership" } as const;
  await outcome(
    world.clock,
    node.backend.bus.subscribe(topic, () => {
      heard += 1;
    }),
  );
  world.faulty.plan = { ...instant, doubleMessage: double, loseMessage: lose };
  await node.backend.bus.publish(topic, { ...topic, version: 1 });
  await world.clock.runFor(100);
  expect(heard).toBe(times);
});

test("a subscription that was told to have failed delivers nothing", async () => {
  const world = makeWorld();
  const { node } = await makeOwner(world);
  let heard = 0;
  const topic = { topic: "membership" } as const;
  world.faulty.plan = { ...instant, loseReply: 1 };
  const failed = node.backend.bus.subscribe(topic, () => {
    heard += 1;
  });
  expect(await outcome(world.clock, failed)).toBe("BackendUnavailable");
  world.faulty.plan = instant;
  await node.backend.bus.publish(topic, { ...topic, version: 1 });
  await world.clock.runFor(100);
  expect(heard).toBe(0);
});

test("faults may be planted at a chosen point of a call", async () => {
  const world = makeWorld();
  const { node, held } = await makeOwner(world);
  const answer = committed(held, 1, { local: { payload: bytes("x"), count: 1 } });
  await outcome(world.clock, answer);
  const commits = world.steps.filter(({ op }) => op === "commit");
  expect(commits).toEqual(
    (["sent", "executed", "answered"] as const).map((point) => ({
      nodeId: node.id,
      op: "commit",
      point,
    })),
  );
});

test("a store that stalls executes nothing, then everything in the order sent", async () => {
  const world = makeWorld();
  const { node } = await makeOwner(world);
  const producer = producerOf(node);
  world.faulty.stallStore();
  const first = append(node, 1, producer, 1);
  const second = append(node, 1, producer, 2);
  await world.clock.runFor(500);
  expect(pendingIn(world.server)).toBe(0);
  world.faulty.resumeStore();
  expect(await outcome(world.clock, first)).toMatchObject({ kind: "appended", last: 1 });
  expect(await outcome(world.clock, second)).toMatchObject({ kind: "appended", last: 2 });
});

test("fates given by the caller are counted per node and operation, and end or freeze a process", async () => {
  const world = makeWorld();
  const asked: string[] = [];
  const calm = { thereMs: 0, backMs: 0, timeoutMs: 100, requestLost: false, replyLost: false };
  const faulty = new FaultyBackend(memoryBackend({ server: world.server }), {
    clock: world.clock,
    random: seededRandom(1),
    history: () => world.server.historyId,
    fates: {
      call: ({ nodeId, op, nth }) => {
        asked.push(`${nodeId}.${op}#${nth}`);
        return { ...calm, ...(nth === 2 && { onExecuted: () => faulty.kill(nodeId) }) };
      },
      hint: () => [],
    },
  });
  const backend = faulty.create({
    cluster: "c",
    nodeId: "web-9" as NodeId,
    incarnation: "i" as Incarnation,
    clock: new NodeClock(world.clock),
    random: seededRandom(2),
    logger: silentLogger,
  });
  await backend.open();
  expect(await outcome(world.clock, backend.membership.list())).toMatchObject({ version: 0 });
  let settled = false;
  void backend.membership.list().finally(() => {
    settled = true;
  });
  await world.clock.runFor(1_000);
  expect(asked).toEqual(["web-9.list#1", "web-9.list#2"]);
  expect(settled).toBe(false);
});
