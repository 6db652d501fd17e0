import { afterAll, beforeAll, expect, test } from "bun:test";
import { type ShardId, shardOf } from "@muster/core/ports";
import { encodeBatch, encodeMessage } from "../../packages/core/src/engine/wire.ts";
import { startCluster, type TestCluster } from "../kit/cluster.ts";
import { nothingWrong, startLoadOn } from "../kit/load.ts";
import type { NodeError } from "../kit/node-process.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster({ settings: { mailSweepMs: 500 } });
  await cluster.startAll(3);
});
afterAll(() => cluster.close());

const shardCount = 16;
const key = (shard: ShardId, name: string): string =>
  `muster:${cluster.name}:{${cluster.name}:${shard}}:${name}`;
const count = async (...words: readonly string[]): Promise<number> =>
  Number(await cluster.redis.command(...words));

/** Dead letters of a shard that nobody has resolved. */
const openLetters = async (shard: ShardId): Promise<number> =>
  [...(await cluster.redis.command("ZRANGE", key(shard, "deado"), "0", "-1")).matchAll(/\d+-\d+/g)]
    .length;

const actorIn = (shard: ShardId, name: string): string => {
  for (let n = 0; ; n++) if (shardOf(`${name}-${n}`, shardCount) === shard) return `${name}-${n}`;
};

const batchFor = (id: string): Uint8Array => {
  const input = { key: "by-raw-mail" };
  const message = { kind: "ledger", id, command: "put", input, sender: "", depth: 0, sentAt: 1 };
  return encodeBatch("outside", [encodeMessage(message)]);
};
/** Writes an entry as the append script does, so that the owner finds it between two others. */
const insert = (shard: ShardId, field: string, bytes: Uint8Array): Promise<string> =>
  cluster.redis.send(
    "EVAL",
    "redis.call('HSET', KEYS[2], 'last', redis.call('XADD', KEYS[1], '*', ARGV[1], ARGV[2]))",
    "2",
    key(shard, "mail"),
    key(shard, "own"),
    field,
    bytes,
  );
/** A valid batch that says it is of the next format. */
const newer = (id: string): Uint8Array => {
  const bytes = batchFor(id);
  // array 32 (5 bytes), head as an array of two, then the format
  if (bytes[6] !== 1) throw new Error("The format does not stand where it was.");
  bytes[6] = 2;
  return bytes;
};
const bad: Readonly<Record<string, (id: string) => Uint8Array>> = {
  nothing: () => new Uint8Array(),
  noise: () => new Uint8Array([0xc1, 0xff, 0x00, 0x13]),
  truncated: (id) => batchFor(id).slice(0, -4),
  "longer than it says": (id) => new Uint8Array([...batchFor(id), 0xc0]),
  deep: () => new Uint8Array(100_000).fill(0x91),
  "an array of four billion": () => new Uint8Array([0xdd, 0xff, 0xff, 0xff, 0xff]),
  "text of four billion": () => new Uint8Array([0x91, 0xdb, 0xff, 0xff, 0xff, 0xff, 0x61]),
  oversized: () => new Uint8Array(9_000_000).fill(0xc0),
  "of a newer version": newer,
};

/** I8, I9: put aside with its bytes; what comes before, beside and after it is run. */
test("mail that no version wrote, or a newer one, is put aside and holds up nothing", async () => {
  await cluster.settled("web-1", "web-2", "web-3");
  const load = await startLoadOn(cluster, ["web-1", "web-2", "web-3"]);
  const made = Object.values(bad);
  for (let shard = 0; shard < shardCount; shard++) {
    for (const [n, make] of made.entries()) {
      const id = `raw-${shard}-${n}`;
      // The largest once, and all others to every shard.
      if (make("").length > 1_000_000 && shard > 0) continue;
      await insert(shard, "p", make(id));
    }
    await insert(shard, "unheard-of", new Uint8Array([1]));
  }
  await load.more(200);
  const expected = (made.length + 1) * shardCount - (shardCount - 1);
  await cluster.waitUntil(
    "all of it is put aside",
    async () => {
      let dead = 0;
      for (let shard = 0; shard < shardCount; shard++) dead += await openLetters(shard);
      return dead;
    },
    (dead) => dead === expected,
  );
  for (let shard = 0; shard < shardCount; shard++) {
    await cluster.waitUntil(
      "the mailbox is empty",
      async () => (await count("XLEN", key(shard, "mail"))) < 5,
    );
  }
  await load.stop();
  expect(await load.verify("web-1")).toMatchObject({ ...nothingWrong, unknown: 0, notApplied: 0 });
  expect(cluster.nodes().every(({ running }) => running)).toBe(true);
}, 60_000);

test("bytes changed at random end no process and stop no shard", async () => {
  let seed = 7;
  const draw = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((seed / 2_147_483_648) * below);
  };
  for (let n = 0; n < 300; n++) {
    const bytes = batchFor(`random-${n}`);
    for (let changed = 0; changed <= draw(3); changed++) bytes[draw(bytes.length)] = draw(256);
    await insert(n % shardCount, "p", bytes);
  }
  // Not "the mailbox is empty": a message whose kind was changed waits for an owner that knows it.
  const last = Array.from({ length: shardCount }, (_, shard) => actorIn(shard, "last"));
  for (const [shard, id] of last.entries()) await insert(shard, "p", batchFor(id));
  for (const id of last) {
    await cluster.waitUntil(
      `${id}, told last in its shard, has run`,
      () => cluster.node("web-2").ask(id, "read"),
      (state) => (state as { keys: readonly string[] }).keys.join() === "by-raw-mail",
    );
  }
  for (let n = 0; n < 40; n++)
    expect(await cluster.node("web-2").ask(`fine-${n}`, "put", { key: "k" })).toBe(1);
}, 30_000);

test("a message whose handler fails holds back its own actor for a while, then is put aside", async () => {
  const node = cluster.node("web-1");
  const asked = await node
    .ask("poison", "fail", { message: "asked" })
    .catch((error: unknown) => error);
  expect((asked as NodeError).code).toBe("HANDLER_FAILED");
  const shard = shardOf("poison", shardCount);
  const before = await openLetters(shard);
  await node.tell("poison", "fail", { message: "told" });
  await node.tell("poison", "put", { key: "behind" });
  expect(
    await node.ask(actorIn(shard, "neighbour"), "put", { key: "beside" }, { timeoutMs: 2_000 }),
  ).toBe(1);
  await cluster.waitUntil(
    "the actor goes on",
    () => node.ask("poison", "read"),
    (state) => (state as { keys: readonly string[] }).keys.join() === "behind",
  );
  expect(await openLetters(shard)).toBe(before + 1);
}, 30_000);
