/** An ask that comes back to an actor which waits for it is refused at once, naming the cycle. */
import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { deferral, defineActor, defineEffect, tellTo } from "../define-actor.ts";
import { isMusterError } from "../errors.ts";
import type { ActorKey } from "../model/ids.ts";
import { chainOfTurn } from "./call-chain.ts";
import { ended, world } from "./engine-kit.test.ts";

const path = z.strictObject({ path: z.array(z.string()) });
const asked = deferral("visit");

/** Passes a call on along a path, by asking or by telling, and answers when the answer is there. */
const stop = defineActor({
  kind: "stop",
  state: z.strictObject({ visits: z.number(), waiting: asked.nullable() }),
  commands: {
    /** Defers, and asks the next of the path. */
    visit: { input: path, output: z.string() },
    visited: { input: z.strictObject({ id: asked, input: path, output: z.string() }) },
    failed: {
      input: z.strictObject({ id: asked, input: path, error: z.string(), attempts: z.number() }),
    },
    /** Answers first and asks then. */
    begin: { input: path, output: z.string() },
    /** Tells the next one to begin, and waits to be told. */
    send: { input: path, output: z.string() },
    note: { input: path },
    visits: { input: z.strictObject({}), output: z.number(), readOnly: true },
  },
});

const outcomes: string[] = [];
const Stop = stop.implement({
  initial: () => ({ visits: 0, waiting: null }),
  on: {
    visit: (turn, state, { path: rest }) => {
      const next = { ...state, visits: state.visits + 1 };
      return rest.length === 0
        ? turn.next(next).reply("there")
        : turn.next(next, { effects: [{ effect: "call", input: { path: rest } }] }).defer();
    },
    visited: (turn, state, { id, output }) => turn.next(state).answer(id, output).reply(),
    failed: (turn, state, { id, error, attempts }, { self }) => {
      outcomes.push(`${self.id}: ${error} (${attempts})`);
      return turn.next(state).answer(id, error).reply();
    },
    begin: (turn, state, { path: rest }) =>
      turn.next(state, { effects: [{ effect: "call", input: { path: rest } }] }).reply("begun"),
    send: (turn, state, { path: [first = "", ...rest] }) =>
      turn
        .next(
          { ...state, visits: state.visits + 1 },
          { tell: [tellTo(stop, first).note({ path: rest })] },
        )
        .defer(),
    note: (turn, state, input) =>
      turn.next(state, { effects: [{ effect: "call", input }] }).reply(),
    visits: (turn, state) => turn.reply(state.visits),
  },
  effects: {
    call: defineEffect({
      input: path,
      output: z.string(),
      // biome-ignore lint/suspicious/noThenProperty: it names a command and cannot be called
      then: "visited",
      failed: "failed",
      run: ({ path: [first = "", ...rest] }, { actor, idempotencyKey }) =>
        actor(stop, first).ask.visit({ path: rest }, { idempotencyKey, timeoutMs: 20_000 }),
    }),
  },
});

const stops = async (settings = {}) => {
  outcomes.length = 0;
  const all = world({ actors: [Stop], settings });
  const n1 = await all.start("n1");
  await all.start("n2");
  const a = await all.idOwnedBy("n1");
  const b = await all.idOwnedBy("n2");
  const ask = (id: string) => n1.actor(stop, id).ask;
  return { ...all, n1, a, b, ask };
};

describe("a chain of asks by effects", () => {
  test("is answered along the way that it came", async () => {
    const { a, ask, b, finish } = await stops();
    expect(await finish(ask(a).visit({ path: [b, "c", "d"] }))).toBe("there");
    expect(outcomes).toEqual([]);
  });

  test("that comes back to one which waits is refused there, at once and once", async () => {
    const { a, ask, b, clock, finish } = await stops();
    const before = clock.monotonic();
    const answer = await finish(ask(a).visit({ path: [b, a] }));
    expect(answer).toContain("CALL_CYCLE");
    expect(answer).toContain(`stop/${a} → stop/${b} → stop/${a}`);
    expect(clock.monotonic() - before).toBeLessThan(1_000);
    expect(outcomes).toEqual([expect.stringMatching(/CALL_CYCLE.* \(1\)$/)]);
    expect(await finish(ask(a).visits({}))).toBe(1);
  });

  test("names only those of the cycle", async () => {
    const { a, ask, b, finish } = await stops();
    const answer = await finish(ask(a).visit({ path: ["c", b, "d", b] }));
    expect(answer).toContain(`: stop/${b} → stop/d → stop/${b}.`);
  });

  test("is refused an actor's ask of itself", async () => {
    const { a, ask, finish } = await stops();
    expect(await finish(ask(a).visit({ path: [a] }))).toContain(`: stop/${a} → stop/${a}.`);
  });

  test("may come back to one that has answered already", async () => {
    const { a, ask, b, clock, finish } = await stops();
    expect(await finish(ask(a).begin({ path: [b, a] }))).toBe("begun");
    await clock.runFor(2_000);
    expect(outcomes).toEqual([]);
    expect(await finish(ask(a).visits({}))).toBe(1);
  });

  test("goes on through messages that are told", async () => {
    const { a, ask, b, clock, finish } = await stops();
    void ended(ask(a).send({ path: [b, "c", a] }));
    await clock.runFor(2_000);
    expect(outcomes).toEqual([expect.stringContaining(`stop/${a} → stop/c → stop/${a}`)]);
    expect(await finish(ask(a).visits({}))).toBe(1);
  });

  test("ends where it is too long", async () => {
    const { a, ask, finish } = await stops({ maxCallDepth: 3 });
    const there = await finish(ask(a).visit({ path: ["b", "c", "d"] }));
    expect(there).toBe("there");
    const answer = await finish(ask(a).visit({ path: ["b", "c", "d", "e"] }));
    expect(answer).toContain("CALL_TOO_DEEP");
  });

  test("acts for the principal that asked first", async () => {
    const seen: (string | undefined)[] = [];
    const kind = stop.implement({
      ...Stop.implementation,
      on: {
        ...Stop.implementation.on,
        visit: (turn, state, input, facts) => {
          seen.push(facts.principal);
          return Stop.implementation.on.visit(turn, state, input, facts);
        },
      },
    });
    const { finish, start } = world({ actors: [kind] });
    const n1 = await start("n1");
    const principal = { name: "rosa", role: "operator" } as const;
    await finish(n1.actor(stop, "a").ask.visit({ path: ["b"] }, { principal }));
    expect(seen).toEqual(["rosa", "rosa"]);
  });
});

test("a caller outside is told of a cycle by what the actor answers, a refused call by its code", async () => {
  let code = "";
  const probe = defineActor({
    kind: "probe",
    state: z.strictObject({}),
    commands: {
      go: { input: z.strictObject({}), output: z.string() },
      went: { input: z.strictObject({ id: deferral("go"), input: z.null(), output: z.string() }) },
      failed: { input: z.looseObject({}) },
    },
  });
  const Probe = probe.implement({
    initial: () => ({}),
    on: {
      go: (turn, state) => turn.next(state, { effects: [{ effect: "ask", input: null }] }).defer(),
      went: (turn, state, { id, output }) => turn.next(state).answer(id, output).reply(),
      failed: (turn) => turn.reply(),
    },
    effects: {
      ask: defineEffect({
        input: z.null(),
        output: z.string(),
        // biome-ignore lint/suspicious/noThenProperty: it names a command and cannot be called
        then: "went",
        failed: "failed",
        run: async (_, { actor }) => {
          try {
            return await actor(probe, "p").ask.go({});
          } catch (error) {
            if (isMusterError(error)) code = `${error.code} ${error.retryable} ${error.outcome}`;
            return "caught";
          }
        },
      }),
    },
  });
  const { finish, start } = world({ actors: [Probe] });
  const n1 = await start("n1");
  expect(await finish(n1.actor(probe, "p").ask.go({}))).toBe("caught");
  expect(code).toBe("CALL_CYCLE false not-applied");
});

describe("the chain of a turn", () => {
  const actor = "k/a" as ActorKey;
  const message = { kind: "k", id: "a", command: "c", input: 1, sender: "", depth: 0, sentAt: 0 };
  const replyTo = { node: "n", incarnation: "i", askId: 1, deadlineAt: 1 } as never;
  const chain = ["k/z", "0", "k/a", "1", "k/b", "2"];
  const open = (...ids: string[]) => ({ isOpen: (id: string) => ids.includes(id) });

  test.each([
    ["an ask that is answered has none", { replyTo, chain }, undefined, open(), undefined],
    [
      "an ask that is deferred adds itself",
      { replyTo, chain },
      "9",
      open(),
      [...chain, actor, "9"],
    ],
    ["the first to defer begins one", { replyTo }, "9", open(), [actor, "9"]],
    ["a told message hands on its own", { chain }, undefined, open("1"), chain],
    ["less what was answered", { chain }, undefined, open(), ["k/b", "2"]],
    ["down to nothing", { chain: chain.slice(0, 4) }, undefined, open(), undefined],
    ["a told message has none of itself", {}, undefined, open(), undefined],
  ] as const)("%s", (_, over, deferredAs, { isOpen }, expected) => {
    expect(chainOfTurn({ ...message, ...over }, actor, deferredAs, isOpen)).toEqual(
      expected as never,
    );
  });
});
