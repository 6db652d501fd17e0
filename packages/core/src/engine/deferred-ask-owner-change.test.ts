/** What an actor has deferred outlives its owner: the next one answers, once (I2, I6). */
import { describe, expect, test } from "bun:test";
import { till, tills } from "./deferral-kit.test.ts";
import { ended } from "./engine-kit.test.ts";

type World = Awaited<ReturnType<typeof tills>>;
const places: [string, string][] = [
  ["on the caller's own node", "n1"],
  ["on another node", "n2"],
];

/** Another owner comes about: by a drain, or because the former one was killed. */
const changeOwner = async (
  { backend, clock, finish, id, n1, n2, ownerOf }: World,
  kill: boolean,
) => {
  const former = await ownerOf(id);
  if (kill) backend.kill(former as never);
  else {
    const [other] = [n1, n2].filter(({ nodeId }) => nodeId !== former);
    await finish(
      (other ?? n1).as({ name: "ops", role: "admin" }).nodes.drain(former, { reason: "upgrade" }),
    );
  }
  for (let waited = 0; waited < 10_000; waited += 100) {
    await clock.runFor(100);
    const owner = await ownerOf(id);
    if (owner !== former && owner !== "none") return;
  }
  throw new Error("no other owner");
};

describe.each(places)("an ask of an actor %s", (_, owner) => {
  test("is answered by the next owner after a hand-over", async () => {
    const all = await tills(owner);
    const { ask, clock, finish, stored } = all;
    const paid = ended(ask.pay({ cents: 5 }, { timeoutMs: 30_000 }));
    await clock.runFor(100);
    await changeOwner(all, false);
    expect(await stored()).toBe(1);
    await finish(ask.settle({}));
    expect(await finish(paid)).toEqual({ value: { ok: true, value: 1 } });
    expect(await stored()).toBe(0);
  });

  test("under a key is kept for repeats while it waits, also by the next owner", async () => {
    const all = await tills(owner);
    const { ask, clock, endOf, finish, look, n2, id } = all;
    const key = { idempotencyKey: "order-77" };
    expect(await endOf(ask.pay({ cents: 5 }, { ...key, timeoutMs: 500 }))).toMatchObject({
      code: "ASK_TIMEOUT",
    });
    await clock.runFor(5_000);
    const joined = ended(n2.actor(till, id).ask.pay({ cents: 5 }, { ...key, timeoutMs: 60_000 }));
    await clock.runFor(100);
    await changeOwner(all, false);
    const again = ended(ask.pay({ cents: 5 }, { ...key, timeoutMs: 60_000 }));
    await clock.runFor(100);
    expect(await endOf(ask.pay({ cents: 6 }, key))).toHaveProperty("code", "IDEMPOTENCY_CONFLICT");
    expect(await look()).toEqual({ paid: [5], waiting: 1 });
    await finish(ask.settle({}));
    const answer = { value: { ok: true as const, value: 1 } };
    expect(await finish(Promise.all([joined, again]))).toEqual([answer, answer]);
    // From now on it is a kept reply like any other.
    expect(await endOf(ask.pay({ cents: 5 }, key))).toEqual(answer);
    expect(await endOf(ask.pay({ cents: 6 }, key))).toHaveProperty("code", "IDEMPOTENCY_CONFLICT");
    expect(await look()).toEqual({ paid: [5], waiting: 0 });
  });
});

test("is answered by the next owner after the former one was killed", async () => {
  const all = await tills("n2");
  const { ask, clock, finish, look, stored } = all;
  const paid = [5, 6].map((cents) => ended(ask.pay({ cents }, { timeoutMs: 30_000 })));
  await clock.runFor(100);
  await changeOwner(all, true);
  expect(await look()).toEqual({ paid: [5, 6], waiting: 2 });
  await finish(ask.settle({}));
  const answer = { value: { ok: true as const, value: 2 } };
  expect(await finish(Promise.all(paid))).toEqual([answer, answer]);
  expect(await stored()).toBe(0);
});

test("an effect that the next owner runs again answers the ask", async () => {
  let runs = 0;
  const all = await tills("n2", {
    charge: (cents) => {
      runs += 1;
      return runs === 1 ? new Promise(() => {}) : Promise.resolve(`second ${cents}`);
    },
  });
  const { ask, finish, until } = all;
  const receipt = ended(ask.charge({ cents: 5 }, { timeoutMs: 30_000 }));
  await until(() => runs === 1);
  await changeOwner(all, true);
  expect(await finish(receipt)).toEqual({ value: { receipt: "second 5" } });
});

test("an ask that was answered is not answered again", async () => {
  const { ask, clock, commits, endOf, finish } = await tills("n2");
  const key = { idempotencyKey: "k" };
  const paid = ended(ask.pay({ cents: 5 }, key));
  await clock.runFor(100);
  const id = commits.flatMap(({ deferrals }) => deferrals?.put ?? []).at(-1)?.id ?? "";
  for (const cents of [6, 7]) void ended(ask.pay({ cents }));
  await finish(ask.settle({}));
  expect(await finish(paid)).toEqual({ value: { ok: true, value: 3 } });
  expect(await endOf(ask.meddle({ what: "other", id }))).toEqual({ value: undefined });
  expect(await endOf(ask.pay({ cents: 5 }, key))).toEqual({ value: { ok: true, value: 3 } });
});

test("what nobody waits for is dropped by the next owner", async () => {
  const all = await tills("n2");
  const { ask, clock, stored } = all;
  void ended(ask.pay({ cents: 5 }, { timeoutMs: 300 }));
  await clock.runFor(100);
  all.backend.kill("n2" as never);
  await clock.runFor(10_000);
  expect(await stored()).toBe(0);
});

test("a key is held until its retention ends, then a repeat is another request", async () => {
  const { ask, clock, endOf, look, stored } = await tills("n2");
  const key = { idempotencyKey: "k", keepKeyMs: 5_000, timeoutMs: 1_000 };
  const timedOut = { code: "ASK_TIMEOUT" };
  expect(await endOf(ask.pay({ cents: 5 }, key))).toMatchObject(timedOut);
  expect(await endOf(ask.pay({ cents: 5 }, key))).toMatchObject(timedOut);
  expect(await stored()).toBe(1);
  await clock.runFor(5_000);
  expect(await stored()).toBe(0);
  expect(await endOf(ask.pay({ cents: 5 }, key))).toMatchObject(timedOut);
  expect((await look()).paid).toEqual([5, 5]);
});

test("a deferred ask that cannot be read is put aside, and the others are answered", async () => {
  const all = await tills("n2");
  const { ask, clock, deadLetters, finish, id, outside, ownerOf, shardOf } = all;
  const paid = ended(ask.pay({ cents: 5 }, { timeoutMs: 30_000 }));
  await clock.runFor(100);
  await changeOwner(all, true);
  const { shards } = await outside();
  const [own] = await shards.inspect({ shards: [shardOf(id)] });
  if (!own || !("seq" in own) || own.claimId === "none" || own.historyId === "none") {
    throw new Error("no owner");
  }
  const { shard, claimId, historyId } = own;
  const put = [{ id: "broken", record: new Uint8Array([0xc1]) }];
  await shards.commit({
    claim: { shard, claimId, historyId },
    seq: own.seq + 1,
    hash: "planted",
    deferrals: { put, remove: [] },
  });
  // The owner finds itself outrun, and claims afresh.
  await finish(ended(ask.settle({})));
  expect(await ownerOf(id)).toBe("n1");
  await finish(ended(ask.settle({})));
  expect(await finish(paid)).toEqual({ value: { ok: true, value: 1 } });
  await clock.runFor(1_000);
  expect((await deadLetters()).map(({ work, reason }) => [work, reason])).toEqual([
    ["ask", "unreadable"],
  ]);
});
