import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { z } from "zod";
import { defineActor } from "../define-actor.ts";
import { MemoryServer, memoryBackend } from "../memory/index.ts";
import { shardOf } from "../model/actor-address.ts";
import type { ActorKey, ClaimId, Incarnation, NodeId } from "../model/ids.ts";
import type { NodeRecord } from "../model/node-record.ts";
import { createMuster } from "../muster.ts";
import type { Muster } from "../muster-types.ts";
import type { ShardSurvey } from "../ports/shard-survey.ts";
import { ownerOf, sentencesOf } from "./explain-shard.ts";

const vault = defineActor({
  kind: "vault",
  state: z.object({ note: z.string(), apiToken: z.string() }),
  commands: { keep: { input: z.object({ note: z.string() }) } },
});
const Vault = vault.implement({
  initial: () => ({ note: "", apiToken: "planted-token" }),
  on: {
    keep: (turn, state, { note }) =>
      turn
        .next(
          { ...state, note },
          { timers: [{ name: "check", afterMs: 60_000, command: "keep", input: { note } }] },
        )
        .reply(),
  },
});

let muster: Muster;
let server: MemoryServer;
beforeEach(async () => {
  server = new MemoryServer();
  muster = createMuster({
    cluster: "told",
    node: { id: "web-1" },
    backend: memoryBackend({ server }),
    actors: [Vault],
    settings: { shardCount: 4 },
    reconciler: { everyMs: 3_600_000 },
  });
  await muster.start();
  await muster.actor(vault, "one").ask.keep({ note: "hello" });
});
afterEach(() => muster.stop());

describe("an actor", () => {
  test("is told with its shard, timers and size, and without its state", async () => {
    const told = await muster.explain.actor("vault", "one");
    expect(told).toMatchObject({
      subject: "actor/vault/one",
      shard: shardOf("one", 4),
      owner: "web-1",
      mailbox: { waiting: 0, oldestMs: null },
      timers: [{ name: "check", command: "keep" }],
      effects: [],
      openAsks: 0,
      deadLetters: [],
      state: { kind: "stored" },
    });
    expect(told.state.bytes).toBeGreaterThan(0);
    expect(JSON.stringify(told)).not.toContain("hello");
    expect(told.sentence).toContain("1 timer");
  });

  test("has its state shown where that is asked for, without what is called secret", async () => {
    const { state } = await muster.explain.actor("vault", "one", { withState: true });
    expect(state.value).toEqual({ note: "hello", apiToken: "[redacted]" });
  });

  test("whose state is damaged is told so", async () => {
    const data = server.cluster("told").shards.get(shardOf("one", 4));
    data?.states.set("vault/one" as ActorKey, new Uint8Array([0xc1]));
    const { state, sentence } = await muster.explain.actor("vault", "one", { withState: true });
    expect([state.kind, state.value]).toEqual(["unreadable", undefined]);
    expect(sentence).toContain("cannot be read");
  });

  test("of which there is nothing is not found, nor is one of an unknown kind", async () => {
    const code = (kind: string, id: string) =>
      muster.explain.actor(kind, id).catch((error: { code: string }) => error.code);
    expect(await code("vault", "two")).toBe("ACTOR_NOT_FOUND");
    expect(await code("ghost", "one")).toBe("KIND_UNKNOWN");
    // The id of one is the beginning of that of another.
    expect(await code("vault", "on")).toBe("ACTOR_NOT_FOUND");
  });
});

describe("a shard", () => {
  test("is told with its owner and all that it holds", async () => {
    expect(await muster.explain.shard(shardOf("one", 4))).toMatchObject({
      owner: "web-1",
      placedOn: "web-1",
      mailbox: { entries: 0, messages: 0, oldestMs: null },
      timers: 1,
      actors: 1,
      command: null,
      next: "Nothing is to be done.",
    });
  });

  test.each([[4], [-1], [1.5]])("%p that there is none of is not found", async (shard) => {
    await expect(muster.explain.shard(shard)).rejects.toMatchObject({ code: "SHARD_NOT_FOUND" });
  });

  const record = (over: object): NodeRecord =>
    ({ id: "web-1", incarnation: "life", state: "up", ...over }) as NodeRecord;
  const told = (own: object, nodes: readonly NodeRecord[], placedOn?: string, waiting = 0) => {
    const survey = {
      ownership: {
        claimId: "c" as ClaimId,
        owner: "web-1" as NodeId,
        incarnation: "life" as Incarnation,
        released: false,
        epoch: 7,
        historyId: "h",
        presentHistoryId: "h",
        ...own,
      },
      mail: { count: waiting, oldest: [] },
    } as unknown as ShardSurvey;
    const { sentence, next } = sentencesOf({ survey, nodes, placedOn, now: 0 });
    return { sentence, next, owner: ownerOf({ survey, nodes }) };
  };

  test.each([
    ["an owner that is lost", {}, [record({ state: "lost" })], "is lost", null],
    ["an owner that is no node", {}, [], "is no node any more", null],
    ["one that started anew", {}, [record({ incarnation: "x" })], "has started anew", null],
    ["one that gave it back", { released: true }, [record({})], "has given it back", null],
    ["nobody yet", { claimId: "none" }, [record({})], "Nobody has ever owned it", null],
    [
      "another run of Redis",
      { presentHistoryId: "i" },
      [record({})],
      "another run of Redis",
      "web-1",
    ],
  ] as const)("of %s says so, and who claims it", (_, own, nodes, sentence, owner) => {
    const said = told(own, nodes, "web-2");
    expect(said.sentence).toContain(sentence);
    expect(said.next).toContain("web-2 claims it");
    expect(said.owner).toBe(owner);
  });

  test("that no node may take says what it waits for", () => {
    expect(told({ released: true }, [record({ cordoned: true })]).sentence).toContain(
      "no node may take it",
    );
  });

  test("that should be elsewhere, or in which something waits, says what happens", () => {
    expect(told({}, [record({})], "web-2").next).toContain("hands it over to web-2");
    expect(told({}, [record({})], "web-1", 2).sentence).toContain("2 mailbox entries wait");
  });
});
