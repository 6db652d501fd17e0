/** What the tests of crash loops share: an actor that ends its process, and nodes that are replaced. */
import { z } from "zod";
import { type ActorKind, defineActor, defineEffect } from "../define-actor.ts";
import type { NodeId, ProducerId } from "../model/ids.ts";
import type { Muster } from "../muster-types.ts";
import { type WorldOptions, world } from "./engine-kit.test.ts";
import { encodeBatch, encodeMessage } from "./wire.ts";

const output = z.string();
export const bomb = defineActor({
  kind: "bomb",
  state: z.strictObject({ lines: z.array(z.string()) }),
  commands: {
    write: { input: z.strictObject({ line: z.string() }) },
    kill: { input: z.strictObject({}) },
    throwOn: { input: z.strictObject({}) },
    arm: { input: z.strictObject({ afterMs: z.number() }), output },
    /** Starts an effect that kills when it is given "kill", and whose outcome does for "late". */
    burn: { input: z.strictObject({ with: z.string() }), output },
    burnt: { input: z.strictObject({ id: z.string(), input: z.string(), output }) },
    failed: { input: z.looseObject({ error: z.string() }) },
    read: { input: z.strictObject({}), output: z.array(z.string()), readOnly: true },
  },
});

/** Behaviour on one node; `die` ends its process. */
const behaviour = (die: () => void) => {
  const written = ({ lines }: { lines: string[] }, line: string) => ({ lines: [...lines, line] });
  return bomb.implement({
    initial: () => ({ lines: [] }),
    on: {
      write: (turn, state, { line }) => turn.next(written(state, line)).reply(),
      kill: (turn, state) => {
        die();
        return turn.next(written(state, "survived")).reply();
      },
      throwOn: () => {
        throw new Error("not today");
      },
      arm: (turn, state, { afterMs }) =>
        turn
          .next(state, { timers: [{ name: "fuse", afterMs, command: "kill", input: {} }] })
          .reply("armed"),
      burn: (turn, state, { with: what }) =>
        turn.next(state, { effects: [{ effect: "fire", id: what, input: what }] }).reply("lit"),
      burnt: (turn, state, { output: what }) => {
        if (what === "late") die();
        return turn.next(written(state, what)).reply();
      },
      failed: (turn, state, { error }) => turn.next(written(state, `failed: ${error}`)).reply(),
      read: (turn, state) => turn.reply(state.lines),
    },
    effects: {
      fire: defineEffect({
        input: z.string(),
        output,
        // biome-ignore lint/suspicious/noThenProperty: it names a command and cannot be called
        then: "burnt",
        failed: "failed",
        run: async (what) => {
          if (what === "kill") die();
          return what;
        },
      }),
    },
  });
};

interface Told {
  readonly id: string;
  readonly command: string;
  readonly input?: unknown;
}

/** A cluster of one node, which is replaced when it dies. */
export const crashing = async (options: WorldOptions = {}) => {
  const all = world(options);
  const { backend, clock, finish, make } = all;
  let deaths = 0;
  let nodes = 0;
  const appends = new Map<number, number>();
  let isDead = true;
  let isDefused = false;

  const startNext = async (): Promise<Muster> => {
    nodes += 1;
    const id = `n${nodes}`;
    isDead = false;
    const die = () => {
      if (isDefused || isDead) return;
      isDead = true;
      deaths += 1;
      backend.kill(id as NodeId);
    };
    const node = make(id, { actors: [behaviour(die) as unknown as ActorKind] });
    void node.start().catch(() => {});
    await clock.runUntil(() => isDead || node.ready, 20_000);
    return node;
  };
  let present = await startNext();
  await all.settled();

  return {
    ...all,
    deaths: () => deaths,
    node: () => present,
    /** Ends the process of the present node from outside. */
    kill: () => {
      isDead = true;
      backend.kill(`n${nodes}` as NodeId);
    },
    startNext: async () => {
      present = await startNext();
      return present;
    },
    /** The code is mended: nothing kills any more. */
    defuse: () => {
      isDefused = true;
    },
    /** Puts messages into the mailbox of their shard, `perEntry` in each entry. */
    mail: async (messages: readonly Told[], perEntry = messages.length) => {
      const { shards } = await all.outside();
      for (let from = 0; from < messages.length; from += perEntry) {
        const batch = messages.slice(from, from + perEntry);
        const shard = all.shardOf(batch[0]?.id ?? "");
        const number = (appends.get(shard) ?? 0) + 1;
        appends.set(shard, number);
        const encoded = batch.map(({ id, command, input = {} }) =>
          encodeMessage({ kind: "bomb", id, command, input, sender: "", depth: 0, sentAt: 1 }),
        );
        await shards.append({
          shard,
          source: {
            kind: "producer",
            producer: `${Number.MAX_SAFE_INTEGER}.outsider` as ProducerId,
            number,
            hash: `h${number}`,
          },
          payloads: [encodeBatch("x", encoded)],
          count: batch.length,
        });
      }
    },
    /** Replaces what dies until a node has lived for a minute. */
    untilPeace: async (): Promise<Muster> => {
      for (let rounds = 0; rounds < 20; rounds++) {
        if (isDead) present = await startNext();
        await clock.runUntil(() => isDead, 60_000).catch(() => {});
        if (!isDead) return present;
      }
      throw new Error("nodes go on dying");
    },
    lines: (id: string) => finish(present.actor(bomb, id).ask.read({})),
  };
};
