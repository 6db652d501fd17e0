/** Read-only asks: they see what was acknowledged, write nothing, and no superseded owner answers. */
import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { encode } from "../codec.ts";
import { type ActorKind, defineActor } from "../define-actor.ts";
import type { ActorKey, ClaimId, DatasetId, Incarnation, NodeId } from "../model/ids.ts";
import { ended, journal, world } from "./engine-kit.test.ts";

const two = async () => {
  const all = world();
  const n1 = await all.start("n1");
  const n2 = await all.start("n2");
  return { ...all, n1, n2 };
};

test.each(["n1", "n2"])("a read sees what its caller was told before, on %s", async (owner) => {
  const { finish, idOwnedBy, n1 } = await two();
  const { ask, tell } = n1.actor(journal, await idOwnedBy(owner));
  for (let n = 1; n <= 20; n++) {
    if (n % 2 === 0) await finish(ask.write({ line: `${n}` }));
    else await finish(tell.write({ line: `${n}` }));
    expect(await finish(ask.read({}))).toHaveLength(n);
  }
});

test("a read on the owner's node commits nothing", async () => {
  const { commits, finish, idOwnedBy, n1 } = await two();
  const { ask } = n1.actor(journal, await idOwnedBy("n1"));
  await finish(ask.write({ line: "x" }));
  const before = commits.length;
  await finish(Promise.all(Array.from({ length: 50 }, () => ask.read({}))));
  expect(commits.length).toBe(before);
});

test("a read is not answered before the commit that it depends on is accepted", async () => {
  const { backend, clock, finish, idOwnedBy, n1 } = await two();
  const { ask } = n1.actor(journal, await idOwnedBy("n1"));
  await finish(ask.write({ line: "first" }));
  backend.plan = { ...backend.plan, delayMs: [40, 40] };
  const order: string[] = [];
  const before = clock.monotonic();
  const write = ask.write({ line: "second" }).then(() => order.push("write"));
  const read = ask.read({}).then((lines) => order.push(`read ${lines.length}`));
  await finish(Promise.all([write, read]));
  expect(order).toEqual(["write", "read 2"]);
  // A commit there and back, then a check there and back.
  expect(clock.monotonic() - before).toBeGreaterThanOrEqual(160);
});

test("an owner that was superseded unawares answers no read from what it remembers", async () => {
  const { endOf, finish, idOwnedBy, n1, outside, server, shardOf } = await two();
  const id = await idOwnedBy("n1");
  const shard = shardOf(id);
  await finish(n1.actor(journal, id).ask.write({ line: "old" }));
  const { shards } = await outside();
  const [record] = await shards.inspect({ shards: [shard] });
  if (!record || !("claimId" in record)) throw new Error("no claim");
  const claimId = "another" as ClaimId;
  const claimed = await shards.claim({
    shard,
    claimId,
    seen: record.claimId,
    nodeId: "outsider" as NodeId,
    incarnation: "outsider" as Incarnation,
    datasetId: server.cluster("shop").shards.get(shard)?.own.datasetId as DatasetId,
    epochKnown: 0,
    membershipVersion: 1_000_000,
    notBefore: 0,
    producerFloor: 0,
  });
  expect(claimed.kind).toBe("claimed");
  await shards.commit({
    claim: { shard, claimId, historyId: server.historyId },
    seq: 1,
    hash: "h",
    states: [{ key: `journal/${id}` as ActorKey, state: encode([1, { lines: ["old", "new"] }]) }],
  });
  const read = () => n1.actor(journal, id).ask.read({});
  expect(await endOf(read())).toEqual({ value: ["old", "new"] });
});

test("a read survives the hand-over of its shard", async () => {
  const { finish, idOwnedBy, n1, n2 } = await two();
  const id = await idOwnedBy("n2");
  await finish(n1.actor(journal, id).ask.write({ line: "x" }));
  const reads = Array.from({ length: 20 }, () => ended(n1.actor(journal, id).ask.read({})));
  await finish(n2.stop());
  for (const read of reads) expect(await finish(read)).toEqual({ value: ["x"] });
});

describe("a command that is declared a read", () => {
  const sly = defineActor({
    kind: "sly",
    state: z.strictObject({ n: z.number() }),
    commands: {
      look: { input: z.strictObject({}), output: z.number(), readOnly: true },
    },
  });
  const Sly = sly.implement({
    initial: () => ({ n: 0 }),
    on: { look: (turn, { n }) => turn.next({ n: n + 1 }).reply(n) },
  }) as unknown as ActorKind;

  test("fails when it sets a state, and the state stays", async () => {
    const { endOf, start } = world({ actors: [Sly] });
    const n1 = await start("n1");
    for (let n = 0; n < 2; n++) {
      expect(await endOf(n1.actor(sly, "s").ask.look({}))).toMatchObject({
        code: "HANDLER_FAILED",
        message: expect.stringContaining("readOnly"),
      });
    }
  });
});
