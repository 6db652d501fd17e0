/** Kinds and commands that the owner does not know, as in a cluster of two releases (I8). */
import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { defineActor } from "../define-actor.ts";
import { Journal, journal, world } from "./engine-kit.test.ts";

/** The same kind as a newer release has it. */
const newer = defineActor({
  kind: "journal",
  state: journal.state,
  commands: {
    ...journal.commands,
    erase: { input: z.strictObject({}) },
  },
});

const ledger = defineActor({
  kind: "ledger",
  state: z.strictObject({ notes: z.array(z.number()) }),
  commands: {
    note: { input: z.strictObject({ n: z.number() }) },
    notes: { input: z.strictObject({}), output: z.array(z.number()), readOnly: true },
  },
});
const Ledger = ledger.implement({
  initial: () => ({ notes: [] }),
  on: {
    note: (turn, state, { n }) => turn.next({ notes: [...state.notes, n] }).reply(),
    notes: (turn, state) => turn.reply(state.notes),
  },
});

describe("an ask", () => {
  test("of a kind that the owner does not know is refused at once", async () => {
    const { clock, endOf, finish, idOwnedBy, start } = world();
    const n1 = await start("n1");
    await start("n2", { actors: [] });
    const { ask, tell } = n1.actor(journal, await idOwnedBy("n2"));
    const refused = { code: "KIND_UNKNOWN", outcome: "not-applied" };
    expect(await endOf(ask.write({ line: "x" }))).toMatchObject(refused);
    // Also behind messages that wait there.
    await finish(tell.write({ line: "waits" }));
    await clock.runFor(100);
    const before = clock.monotonic();
    expect(await endOf(ask.write({ line: "x" }))).toMatchObject(refused);
    expect(clock.monotonic() - before).toBeLessThan(100);
  });

  test("of a kind that its own node was not given is refused at once", async () => {
    const { endOf, start } = world({ actors: [] });
    const n1 = await start("n1");
    expect(await endOf(n1.actor(journal, "a").ask.read({}))).toHaveProperty("code", "KIND_UNKNOWN");
  });

  test("of a command that the owner does not know is refused at once", async () => {
    const { endOf, idOwnedBy, start } = world();
    const n1 = await start("n1");
    await start("n2");
    for (const owner of ["n1", "n2"]) {
      const { ask } = n1.actor(newer, await idOwnedBy(owner));
      expect(await endOf(ask.erase({}))).toMatchObject({
        code: "COMMAND_UNKNOWN",
        outcome: "not-applied",
      });
    }
  });

  test("with an input that does not fit is refused with the fields at fault", async () => {
    const { finish, start } = world();
    const n1 = await start("n1");
    const wrong = n1.actor(journal, "a").ask.write({ line: 7 } as never);
    const error = await finish(wrong.catch((thrown: unknown) => thrown));
    expect(error).toMatchObject({
      code: "VALIDATION",
      outcome: "not-applied",
      fieldErrors: { line: expect.any(String) },
    });
  });
});

describe("a tell", () => {
  test.each([
    ["another node", "n2", [Journal]],
    ["its own node", "n1", []],
  ])("of a kind that %s does not know waits for an owner that does", async (_, owner, actors) => {
    const { clock, deadLetters, finish, idOwnedBy, read, start } = world({ actors: [] });
    const n1 = await start("n1", { actors });
    await start("n2", { actors: owner === "n1" ? [Journal] : [] });
    const id = await idOwnedBy(owner);
    await finish(n1.actor(journal, id).tell.write({ line: "patience" }));
    await clock.runFor(60_000);
    const n3 = await start("n3", { actors: [Journal] });
    await finish(n1.as({ name: "ops", role: "admin" }).nodes.drain(owner, { reason: "upgrade" }));
    await clock.runFor(5_000);
    expect(await read(n3, id)).toEqual(["patience"]);
    expect(await deadLetters()).toEqual([]);
  });

  test("of a command that the owner does not know is put aside", async () => {
    const { clock, deadLetters, finish, idOwnedBy, read, start } = world();
    const n1 = await start("n1");
    await start("n2");
    for (const owner of ["n1", "n2"]) {
      const id = await idOwnedBy(owner);
      await finish(n1.actor(newer, id).tell.erase({}));
      await finish(n1.actor(journal, id).tell.write({ line: "after" }));
      await clock.runFor(500);
      expect(await read(n1, id)).toEqual(["after"]);
    }
    expect((await deadLetters()).map(({ work, reason }) => [work, reason])).toEqual([
      ["message", "unknown_command"],
      ["message", "unknown_command"],
    ]);
  });
});

describe("messages that wait for an owner that knows their kind", () => {
  const two = async (settings = {}) => {
    const all = world({ actors: [], settings });
    const n1 = await all.start("n1", { actors: [Journal, Ledger] });
    const n2 = await all.start("n2", { actors: [Journal] });
    const id = await all.idOwnedBy("n2");
    return { ...all, n1, n2, id, ledger: n1.actor(ledger, id) };
  };

  test("keep nobody else of their shard waiting, however many they are", async () => {
    const {
      clock,
      endOf,
      finish,
      id,
      ledger: { tell },
      n1,
    } = await two({
      unknownKindPerShard: 10_000,
    });
    const told = Array.from({ length: 5_000 }, (_, n) => tell.note({ n }));
    await finish(Promise.all(told));
    await clock.runFor(3_000);
    expect(await endOf(n1.actor(journal, id).ask.write({ line: "x" }), 1_000)).toEqual({
      value: 1,
    });
  });

  test("come in order, with later ones behind them, to the owner that knows it", async () => {
    const {
      clock,
      finish,
      id,
      ledger: { ask, tell },
      n1,
      n2,
      read,
      settled,
    } = await two();
    for (let n = 0; n < 20; n++) {
      await finish(tell.note({ n }));
      await finish(n1.actor(journal, id).tell.write({ line: `${n}` }));
    }
    await finish(n1.as({ name: "ops", role: "admin" }).nodes.drain("n2", { reason: "upgrade" }));
    await settled();
    void tell.note({ n: 20 });
    await clock.runFor(100);
    expect(await finish(ask.notes({}))).toEqual(Array.from({ length: 21 }, (_, n) => n));
    expect(await read(n2, id)).toHaveLength(20);
  });

  test("are dead letters beyond twice their bound", async () => {
    const {
      clock,
      deadLetters,
      finish,
      ledger: { tell },
    } = await two({ unknownKindPerShard: 5 });
    // All under way before the first caller can be refused.
    await finish(Promise.all(Array.from({ length: 13 }, (_, n) => tell.note({ n }))));
    await clock.runFor(100);
    expect((await deadLetters()).map(({ work, reason }) => [work, reason])).toEqual(
      Array(3).fill(["message", "unknown_kind"]),
    );
  });

  test("are refused from their bound on, and taken again by an owner that knows them", async () => {
    const {
      clock,
      endOf,
      finish,
      ledger: { ask, tell },
      n1,
      settled,
    } = await two({ unknownKindPerShard: 5 });
    const ends: unknown[] = [];
    for (let n = 0; n < 12; n++) {
      ends.push(await endOf(tell.note({ n })));
      await clock.runFor(10);
    }
    const refused = ends.filter((end) => (end as { code?: string }).code === "KIND_UNKNOWN");
    expect(ends.slice(0, 5)).toEqual(Array(5).fill({ value: undefined }));
    expect(refused.length).toBeGreaterThanOrEqual(6);
    expect(refused[0]).toMatchObject({ outcome: "not-applied" });
    await finish(n1.as({ name: "ops", role: "admin" }).nodes.drain("n2", { reason: "upgrade" }));
    await settled();
    expect(await endOf(tell.note({ n: 12 }))).toEqual({ value: undefined });
    await clock.runFor(100);
    expect(await finish(ask.notes({}))).toHaveLength(12 - refused.length + 1);
  });

  test("make the verdict degraded, on every node", async () => {
    const {
      clock,
      finish,
      ledger: { tell },
      n1,
      n2,
    } = await two();
    await finish(tell.note({ n: 1 }));
    await clock.runFor(6_000);
    for (const node of [n1, n2]) {
      expect(node.status()).toMatchObject({
        verdict: "degraded",
        reasons: [
          'node n2 does not know the actor kind "ledger": asks of it are refused there, 1 message waits',
        ],
      });
    }
  });

  test("are told of where no node knows their kind", async () => {
    const {
      clock,
      finish,
      ledger: { tell },
      n1,
      n2,
      settled,
    } = await two();
    await finish(tell.note({ n: 1 }));
    await finish(n1.stop());
    await settled();
    await clock.runFor(20_000);
    expect(n2.status().reasons).toContain('no node knows the actor kind "ledger": 1 message waits');
  });
});

test("an id that is empty or over 512 characters is refused", async () => {
  const { endOf, start } = world();
  const n1 = await start("n1");
  for (const id of ["", "x".repeat(513)]) {
    expect(await endOf(n1.actor(journal, id).ask.read({}))).toHaveProperty("code", "VALIDATION");
  }
  expect(await endOf(n1.actor(journal, "x".repeat(512)).ask.read({}))).toEqual({ value: [] });
});
