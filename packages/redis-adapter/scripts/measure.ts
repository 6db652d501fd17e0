/**
 * Measures what one call costs Redis (its own CPU, by INFO commandstats) and what a round trip costs
 * here. Prints a table: `bun scripts/measure.ts`.
 */
import {
  type ActorKey,
  type Backend,
  type EntryId,
  type Incarnation,
  type NodeId,
  type ProducerId,
  silentLogger,
  systemClock,
  systemRandom,
} from "@muster/core/ports";
import { Redis } from "ioredis";
import { startRedisServer } from "../../../test/kit/redis-server.ts";
import { redisBackend } from "../src/index.ts";

const server = await startRedisServer();
const { port } = server;
const admin = new Redis({ port, host: "127.0.0.1", protocol: 2 });
admin.on("error", () => {});

const open = async (cluster: string, name: string): Promise<Backend> => {
  const backend = redisBackend({ host: "127.0.0.1", port }).create({
    cluster,
    nodeId: name as NodeId,
    incarnation: `${name}-life` as Incarnation,
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
  });
  await backend.open();
  return backend;
};
const join = (backend: Backend, name: string, shardCount = 64) =>
  backend.membership.join({
    nodeId: name as NodeId,
    incarnation: `${name}-life` as Incarnation,
    leaseMs: 60_000,
    shardCount,
    info: {
      host: "h",
      pid: 1,
      version: "1",
      runtime: "bun",
      weight: 1,
      ephemeral: false,
      kinds: ["a"],
    },
  });

/** Redis CPU and wall time per call of what runs inside. */
const measure = async (what: string, calls: number, work: (i: number) => Promise<unknown>) => {
  for (let i = 0; i < Math.min(50, calls); i++) await work(-1 - i);
  await admin.config("RESETSTAT");
  const startedAt = performance.now();
  for (let i = 0; i < calls; i++) await work(i);
  const wallUs = ((performance.now() - startedAt) * 1000) / calls;
  const stats = await admin.info("commandstats");
  const usec = /cmdstat_evalsha:calls=(\d+),usec=(\d+)/.exec(stats);
  const cpuUs = Number(usec?.[2]) / Number(usec?.[1]);
  console.log(
    `${what.padEnd(52)} ${cpuUs.toFixed(1).padStart(8)} us Redis ${wallUs.toFixed(0).padStart(8)} us round trip`,
  );
};

try {
  const node = await open("m", "web-1");
  const joined = await join(node, "web-1");
  if (joined.kind !== "joined") throw new Error(joined.kind);
  const claims = [];
  for (let shard = 0; shard < 64; shard++) {
    const claimId = systemRandom.id() as never;
    const answer = await node.shards.claim({
      shard,
      claimId,
      seen: "none",
      nodeId: "web-1" as NodeId,
      incarnation: "web-1-life" as Incarnation,
      datasetId: joined.datasetId,
      epochKnown: 0,
      membershipVersion: 1,
      notBefore: 0,
      producerFloor: 0,
    });
    if (answer.kind !== "claimed") throw new Error(answer.kind);
    claims.push({ shard, claimId, historyId: answer.historyId });
  }
  const claim = claims[0];
  if (!claim) throw new Error("no claim");
  const state = new Uint8Array(120).fill(7);
  const reply = new Uint8Array(100 * 40).fill(1);
  const seqs = new Map<number, number>();
  const commit = async (parts: object, of = claim) => {
    const seq = (seqs.get(of.shard) ?? 0) + 1;
    seqs.set(of.shard, seq);
    const answer = await node.shards.commit({ claim: of, seq, hash: `h.${seq}`, ...parts });
    if (answer.kind !== "committed") throw new Error(answer.kind);
    return answer;
  };
  const statesOf = (i: number, n: number) =>
    Array.from({ length: n }, (_, j) => ({
      key: `counter/${(i * n + j) & 4095}` as ActorKey,
      state,
    }));

  await measure("commit of nothing", 2_000, () => commit({}));
  await measure("commit of 1 state, 1 reply", 2_000, (i) =>
    commit({
      states: statesOf(i, 1),
      replies: [{ node: "web-2" as NodeId, payload: reply.subarray(0, 40) }],
    }),
  );
  await measure("commit of 100 states, replies to 2 nodes", 2_000, (i) =>
    commit({
      states: statesOf(i, 100),
      replies: [
        { node: "web-2" as NodeId, payload: reply },
        { node: "web-3" as NodeId, payload: reply },
      ],
    }),
  );
  let number = 0;
  const producer = `${joined.join}.measure` as ProducerId;
  const append = async (payload: Uint8Array, count: number, shard = 0) => {
    number += 1;
    const answer = await node.shards.append({
      shard,
      source: { kind: "producer", producer, number, hash: `h.${number}` },
      payloads: [payload],
      count,
    });
    if (answer.kind !== "appended") throw new Error(answer.kind);
    return answer.entry as EntryId;
  };
  const batch = new Uint8Array(100 * 60).fill(3);
  await measure("append of 100 commands (6 kB)", 2_000, () => append(batch, 100));
  const more = await node.shards.read({
    reads: [{ claim, after: "0-0" as EntryId }],
    limit: 10_000,
  });
  console.log(
    "  entries in one read of 1 MiB:",
    more[0]?.kind === "entries" ? more[0].entries.length : more[0]?.kind,
  );
  await commit({
    mail: { handled: [], handledUpTo: await append(batch, 100), partial: [], count: 300_000 },
  });
  await measure("append of 100 + commit of 100 with its mail (mean)", 2_000, async (i) => {
    const entry = await append(batch, 100);
    await commit({
      states: statesOf(i, 100),
      mail: { handled: [], handledUpTo: entry, partial: [], count: 100 },
      replies: [{ node: "web-2" as NodeId, payload: reply }],
    });
  });
  await measure("commit of 100 states and 100 view rows", 1_000, (i) =>
    commit({
      states: statesOf(i, 100),
      views: [
        {
          kind: "counter",
          rows: statesOf(i, 100).map(({ key, state: row }) => ({ id: key, row })),
        },
      ],
    }),
  );
  await measure("read: sweep of 64 empty shards", 500, () =>
    node.shards.read({
      reads: claims.map((each) => ({ claim: each, after: "9999999999999-0" as EntryId })),
      limit: 128,
    }),
  );
  await measure("check of 64 claims", 500, () => node.shards.check({ claims }));
  await measure("inspect of 64 shards", 500, () =>
    node.shards.inspect({ shards: claims.map(({ shard }) => shard) }),
  );
  await measure("versions of 64 shards, 3 kinds", 500, () =>
    node.views.versions({ kinds: ["a", "b", "counter"], shards: claims.map(({ shard }) => shard) }),
  );
  for (const members of [16, 32, 64]) {
    const cluster = `h${members}`;
    const backends: Backend[] = [];
    for (let i = 0; i < members; i++) {
      const backend = await open(cluster, `n-${i}`);
      backends.push(backend);
      await join(backend, `n-${i}`, 4);
    }
    const beat = (i: number, leaseMs: number) =>
      backends[i]?.membership.heartbeat({
        nodeId: `n-${i}` as NodeId,
        incarnation: `n-${i}-life` as Incarnation,
        leaseMs,
        state: "up",
        confirmMs: 60,
      });
    // Nobody probes in the first lease after connecting.
    for (const until = performance.now() + 700; performance.now() < until; ) {
      for (let i = 0; i < members; i++) await beat(i, 600);
    }
    await measure(`heartbeat among ${members}`, 2_000, async (i) => {
      await beat(Math.abs(i) % members, 600);
    });
    for (const backend of backends) await backend.close();
  }
  await node.close();
} finally {
  admin.disconnect();
  await server.stop();
}
