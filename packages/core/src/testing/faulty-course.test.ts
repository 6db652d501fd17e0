/** A small system of producers and owners under every fault: the ports' own promises must hold. */
import { expect, test } from "bun:test";
import { MemoryServer, memoryBackend } from "../memory/index.ts";
import type { ActorKey, ClaimId, EntryId, Incarnation, NodeId, ProducerId } from "../model/ids.ts";
import type { Backend } from "../ports/backend.ts";
import { silentLogger } from "../ports/logger.ts";
import type { Claim } from "../ports/shard-store.ts";
import { nodeInfo, startOfMail } from "./conformance/test-node.ts";
import { calmPlan, roughPlan } from "./fault-plan.ts";
import { FaultyBackend } from "./faulty-backend.ts";
import { seededRandom } from "./seeded-random.ts";
import { VirtualClock } from "./virtual-clock.ts";

const key = "list/all" as ActorKey;
const encode = (items: readonly string[]) => new TextEncoder().encode(items.join(" "));
const decode = (bytes: Uint8Array | "absent" | undefined): readonly string[] =>
  bytes === undefined || bytes === "absent" || bytes.length === 0
    ? []
    : new TextDecoder().decode(bytes).split(" ");

/** Runs one course; answers what was acknowledged, what the state holds, and the trace. */
const runCourse = async (seed: number, batches: number) => {
  const clock = new VirtualClock();
  const random = seededRandom(seed);
  const server = new MemoryServer({ clock, random: random.fork() });
  const trace: string[] = [];
  const faulty = new FaultyBackend(memoryBackend({ server }), {
    clock,
    random: random.fork(),
    history: () => server.historyId,
    onStep: ({ nodeId, op, point }) => trace.push(`${clock.monotonic()} ${nodeId} ${op} ${point}`),
  });
  const sleep = (ms: number) => new Promise<void>((resolve) => clock.after(ms, resolve));
  /** Repeats the identical call until it is answered. */
  const insist = async <A>(call: () => Promise<A>): Promise<A> => {
    for (;;) {
      try {
        return await call();
      } catch {
        await sleep(random.between(1, 50));
      }
    }
  };
  const make = async (id: string): Promise<Backend> => {
    const [nodeId, incarnation] = [id as NodeId, `${id}-life` as Incarnation];
    const context = { cluster: "c", nodeId, incarnation, clock, random, logger: silentLogger };
    const backend = faulty.create(context);
    await backend.open();
    await insist(() =>
      backend.membership.join({
        nodeId,
        incarnation,
        info: nodeInfo,
        leaseMs: 1_000,
        shardCount: 1,
      }),
    );
    return backend;
  };

  const acknowledged: string[] = [];
  let isOver = false;
  const produce = async (backend: Backend, name: string) => {
    const producer = `${clock.wall()}.${name}` as ProducerId;
    for (let number = 1; number <= batches; number++) {
      const item = `${name}${number}`;
      const answer = await insist(() =>
        backend.shards.append({
          shard: 0,
          source: { kind: "producer", producer, number, hash: item },
          payloads: [encode([item])],
          count: 1,
        }),
      );
      expect(answer.kind).toBe("appended");
      acknowledged.push(item);
    }
  };

  const fetchState = async (backend: Backend, claim: Claim) =>
    insist(() => backend.shards.fetch({ claim, actors: [key], idempotencyKeys: [] }));

  /** Owns while its claim stands: reads, applies in memory, commits. */
  const serve = async (backend: Backend, claim: Claim) => {
    const fetched = await fetchState(backend, claim);
    if (fetched.kind !== "fetched") return;
    let state = decode(fetched.states[0]);
    let after: EntryId = startOfMail;
    for (let seq = 1; !isOver; ) {
      const reads = [{ claim, after }];
      const [mail] = await insist(() => backend.shards.read({ reads, limit: 3 }));
      if (mail?.kind !== "entries") return;
      const last = mail.entries[mail.entries.length - 1];
      if (!last) {
        await sleep(20);
        continue;
      }
      state = [...state, ...mail.entries.flatMap(({ payloads }) => payloads.flatMap(decode))];
      after = last.id;
      const request = {
        claim,
        seq,
        hash: `${claim.claimId}-${seq}`,
        states: [{ key, state: encode(state) }],
        mail: { handled: [], handledUpTo: after, partial: [], count: mail.entries.length },
      };
      const answer = await insist(() => backend.shards.commit(request));
      if (answer.kind !== "committed") return;
      seq += 1;
    }
  };

  const own = async (backend: Backend, id: string) => {
    for (let round = 0; !isOver; round++) {
      await sleep(random.between(1, 400));
      const [seen] = await insist(() => backend.shards.inspect({ shards: [0] }));
      if (!seen || "kind" in seen) throw new Error("the shard is lost");
      const claimId = `${id}-${round}` as ClaimId;
      const request = {
        shard: 0,
        claimId,
        seen: seen.claimId,
        nodeId: id as NodeId,
        incarnation: `${id}-life` as Incarnation,
        datasetId: server.cluster("c").membership?.datasetId ?? ("" as never),
        epochKnown: 0,
        membershipVersion: 1,
        notBefore: 0,
        producerFloor: 0,
      };
      const answer = await insist(() => backend.shards.claim(request));
      if (answer.kind !== "claimed") continue;
      await serve(backend, { shard: 0, claimId, historyId: answer.historyId });
    }
  };

  const course = (async () => {
    const [one, two] = [await make("web-1"), await make("web-2")];
    faulty.plan = roughPlan;
    void own(one, "web-1");
    void own(two, "web-2");
    await Promise.all([produce(one, "a"), produce(two, "b")]);
    // A restart that keeps all data, then quiet: everything acknowledged must come through.
    server.restart({ keepData: true });
    faulty.plan = calmPlan;
    await sleep(5_000);
    isOver = true;
  })();
  let isDone = false;
  void course.then(() => {
    isDone = true;
  });
  await clock.runUntil(() => isDone, 600_000);
  const shard = server.cluster("c").shards.get(0);
  return { acknowledged, state: decode(shard?.states.get(key)), pending: shard?.pending, trace };
};

test.each(Array.from({ length: 25 }, (_, seed) => seed))(
  "seed %d: each acknowledged batch is in the state once and in its producer's order",
  async (seed) => {
    const { acknowledged, state, pending } = await runCourse(seed, 40);
    expect(acknowledged.length).toBe(80);
    expect([...state].sort()).toEqual([...acknowledged].sort());
    for (const name of ["a", "b"]) {
      const mine = state.filter((item) => item.startsWith(name));
      expect(mine).toEqual(mine.toSorted((x, y) => Number(x.slice(1)) - Number(y.slice(1))));
    }
    expect(pending).toBe(0);
  },
);

test("the same seed takes the same course, another one another", async () => {
  const first = (await runCourse(5, 40)).trace;
  expect((await runCourse(5, 40)).trace).toEqual(first);
  expect((await runCourse(6, 40)).trace).not.toEqual(first);
  expect(first.some((line) => line.endsWith("copied"))).toBe(true);
  expect(first.some((line) => line.endsWith("failed"))).toBe(true);
});
