import { afterAll, beforeAll, expect, test } from "bun:test";
import type { DeadLetterPage } from "@muster/core";
import { shardOf } from "@muster/core/ports";
import { startCluster, type TestCluster } from "../kit/cluster.ts";
import type { NodeProcess } from "../kit/node-process.ts";

const shardCount = 16;
const ids = ["web-1", "web-2", "web-3"];
let cluster: TestCluster;
let isMended = false;
let deaths = 0;
let isOver = false;

/** Starts a node, and again whenever it has ended, as a supervisor does. */
const supervise = async (id: string): Promise<void> => {
  const process = await cluster.start(id, { isMended, wait: false });
  process.ready.catch(() => {});
  void process.exited.then(({ signal }) => {
    if (isOver || signal !== "SIGKILL") return;
    deaths += 1;
    void supervise(id);
  });
};

beforeAll(async () => {
  cluster = await startCluster();
  await Promise.all(ids.map(supervise));
  await Promise.all(ids.map((id) => cluster.node(id).ready));
  await cluster.settled(...ids);
});
afterAll(async () => {
  isOver = true;
  await cluster.close();
});

/** Ids of ledgers in one shard, and a node that does not own it: what it tells stands in the mailbox. */
const neighbours = async (shard: number) => {
  const inShard: string[] = [];
  for (let n = 0; inShard.length < 6; n++) {
    if (shardOf(`led-${n}`, shardCount) === shard) inShard.push(`led-${n}`);
  }
  const owner = (await cluster.ownersOf()).get(shard);
  const teller = ids.find((id) => id !== owner) ?? "";
  return { inShard, teller };
};
const living = (): NodeProcess => {
  const found = cluster.nodes().find(({ running }) => running);
  if (!found) throw new Error("No node is running.");
  return found;
};
const letters = async () => ((await living().do({ do: "deadLetters" })) as DeadLetterPage).items;
/** Reads once somebody answers: nodes die meanwhile. */
const stateOf = (id: string) =>
  cluster.waitUntil(
    `${id} answers`,
    async () =>
      (await living()
        .ask(id, "read", {}, { timeoutMs: 2_000 })
        .catch(() => undefined)) as
        | { readonly keys: readonly string[]; readonly failed: readonly string[] }
        | undefined,
    (state) => state !== undefined,
    { deadlineMs: 40_000 },
  );
const putAside = (work: string) =>
  cluster.waitUntil(
    `the ${work} is put aside`,
    () => letters().catch(() => []),
    (items) => items.some((item) => item.work === work),
    { deadlineMs: 60_000 },
  );
const settled = async () => {
  await cluster.waitUntil("all nodes run", () => cluster.nodes().every(({ running }) => running));
  for (const id of ids) await cluster.node(id).ready.catch(() => {});
  await cluster.settled(...ids);
};

test("a message that kills every process that runs it is put aside after a few deaths, and its shard goes on", async () => {
  const { inShard, teller } = await neighbours(5);
  const [poison = "", ...others] = inShard;
  const node = cluster.node(teller);
  await Promise.all([
    ...others.map((id) => node.tell(id, "put", { key: "before" })),
    node.tell(poison, "crash", {}),
    node.tell(poison, "put", { key: "after" }),
    ...others.map((id) => node.tell(id, "put", { key: "beside" })),
  ]);
  const [letter] = await putAside("message");
  expect(letter).toMatchObject({
    reason: "crash_loop",
    kind: "ledger",
    actorId: poison,
    command: "crash",
    attempts: 2,
    resolution: null,
  });
  expect(deaths).toBe(4);
  for (const id of others) expect((await stateOf(id))?.keys).toEqual(["before", "beside"]);
  expect((await stateOf(poison))?.keys).toEqual(["after"]);
  await settled();
  expect(deaths).toBe(4);
}, 120_000);

test("an effect that kills every process that runs it is put aside, and its actor is told", async () => {
  deaths = 0;
  const { inShard, teller } = await neighbours(9);
  const [burning = "", other = ""] = inShard;
  await cluster.node(teller).tell(other, "put", { key: "before" });
  await cluster.node(teller).tell(burning, "crashLater", { key: "fire" });
  const found = await putAside("effect");
  expect(found.find(({ work }) => work === "effect")).toMatchObject({
    reason: "crash_loop",
    actorId: burning,
    command: "crash",
  });
  expect(deaths).toBe(4);
  const told = await cluster.waitUntil(
    "its actor knows",
    () => stateOf(burning),
    (state) => state?.failed.length === 1,
  );
  expect(told?.failed).toEqual(["fire"]);
  expect((await stateOf(other))?.keys).toEqual(["before"]);
  await settled();
}, 120_000);

test("what was put aside is sent again once its code is mended", async () => {
  isMended = true;
  for (const id of ids) {
    isOver = true;
    await cluster.stop(id);
    isOver = false;
    await supervise(id);
    await cluster.node(id).ready;
  }
  const letter = (await letters()).find(({ work }) => work === "message");
  const { id = "", actorId } = letter ?? {};
  await living().do({ do: "replayLetter", id, reason: "mended" });
  await cluster.waitUntil(
    "the message has run",
    () => stateOf(actorId ?? ""),
    (state) => state?.keys.includes("survived") === true,
  );
  const again = living().do({ do: "replayLetter", id, reason: "again" });
  expect(await again.catch((error: { code: string }) => error.code)).toBe("DEAD_LETTER_RESOLVED");
  expect((await stateOf(actorId ?? ""))?.keys).toEqual(["after", "survived"]);
  expect((await living().status()).deadLetters.unresolved).toBe(1);
}, 60_000);
