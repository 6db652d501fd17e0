/** What the engine's tests share: whole nodes over one store in memory, in virtual time. */
import { z } from "zod";
import { defineActor, tellTo } from "../define-actor.ts";
import { isMusterError } from "../errors.ts";
import { MemoryServer, memoryBackend } from "../memory/index.ts";
import { shardOf } from "../model/actor-address.ts";
import type { LetterHead } from "../model/dead-letter.ts";
import type { Incarnation, NodeId, ShardId } from "../model/ids.ts";
import { createMuster } from "../muster.ts";
import type { Muster } from "../muster-types.ts";
import type { MusterOptions } from "../options.ts";
import type { Backend, BackendFactory } from "../ports/backend.ts";
import type { AppendRequest, CommitRequest } from "../ports/shard-store.ts";
import type { Fates } from "../testing/fates.ts";
import { FaultyBackend } from "../testing/faulty-backend.ts";
import { NodeClock } from "../testing/node-clock.ts";
import { seededRandom } from "../testing/seeded-random.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { decodeHead } from "./letter-record.ts";
import { memoryLogger } from "./view-kit.test.ts";

/** An actor that keeps what it was sent, in the order of its turns. */
export const journal = defineActor({
  kind: "journal",
  state: z.strictObject({ lines: z.array(z.string()) }),
  commands: {
    write: { input: z.strictObject({ line: z.string() }), output: z.number().int() },
    read: { input: z.strictObject({}), output: z.array(z.string()), readOnly: true },
    /** Writes the line here and tells another journal the same. */
    copy: { input: z.strictObject({ line: z.string(), to: z.string() }) },
    /** Throws unless the line is "fine". */
    throwOn: { input: z.strictObject({ line: z.string() }), output: z.number().int() },
  },
});
const written = (state: { lines: string[] }, line: string) => ({ lines: [...state.lines, line] });

export const Journal = journal.implement({
  initial: () => ({ lines: [] }),
  on: {
    write: (turn, state, { line }) => turn.next(written(state, line)).reply(state.lines.length + 1),
    read: (turn, state) => turn.reply(state.lines),
    copy: (turn, state, { line, to }) =>
      turn.next(written(state, line), { tell: [tellTo(journal, to).write({ line })] }).reply(),
    throwOn: (turn, state, { line }) => {
      if (line !== "fine") throw new Error(`no ${line}`);
      return turn.next(written(state, line)).reply(state.lines.length + 1);
    },
  },
});

/** How a promise ended: its value, or the code and what is known of the change. */
export type Ended<T> =
  | { readonly value: T }
  | { readonly code: string; readonly outcome: string | undefined; readonly message: string };

/** Tells how a promise ended; moves no time. */
export const ended = async <T>(work: Promise<T>): Promise<Ended<T>> => {
  try {
    return { value: await work };
  } catch (error) {
    if (!isMusterError(error)) throw error;
    return { code: error.code, outcome: error.outcome, message: error.message };
  }
};

/** A dead letter as it is stored. */
export interface ShownLetter extends LetterHead {
  readonly id: string;
  readonly shard: ShardId;
  readonly open: boolean;
  readonly body: Uint8Array;
}

const shardCount = 8;

export interface WorldOptions {
  /** Replicas that callers wait for; `server.replicas` says how many there are. */
  readonly durability?: { readonly replicas: number };
  readonly settings?: MusterOptions["settings"];
  readonly actors?: MusterOptions["actors"];
  readonly seed?: number;
  readonly fates?: Fates;
}

export const world = (options: WorldOptions = {}) => {
  const clock = new VirtualClock();
  const random = seededRandom(options.seed ?? 1);
  const server = new MemoryServer({ clock, random: random.fork() });
  const commits: (CommitRequest & { readonly nodeId: NodeId })[] = [];
  const appends: (AppendRequest & { readonly after: number })[] = [];
  const fetched: string[] = [];
  const fetches: number[] = [];
  const inner = memoryBackend({
    server,
    ...(options.durability && { durability: options.durability }),
  });
  const watched: BackendFactory = {
    kind: "memory",
    create: (context) => {
      const backend = inner.create(context);
      return {
        ...backend,
        shards: {
          ...backend.shards,
          commit: (request) => {
            const nodeId = context.nodeId.replace("~wire", "") as NodeId;
            const pending = backend.shards.commit(request);
            void pending.then(({ kind }) => {
              if (kind === "committed") commits.push({ ...request, nodeId });
            });
            return pending;
          },
          append: (request) => {
            appends.push({ ...request, after: commits.length });
            return backend.shards.append(request);
          },
          fetch: (request) => {
            fetched.push(...request.actors);
            fetches.push(request.actors.length);
            return backend.shards.fetch(request);
          },
        },
      };
    },
  };
  const backend = new FaultyBackend(watched, {
    clock,
    random: random.fork(),
    history: () => server.historyId,
    ...(options.fates && { fates: options.fates }),
  });
  const logger = memoryLogger();
  const nodes = new Map<string, Muster>();
  let outsider: Backend | undefined;

  /** Moves time on until the promise has settled, and answers it. One at a time moves time. */
  const finish = async <T>(work: Promise<T>, withinMs = 60_000): Promise<T> => {
    let over = false;
    const end = () => {
      over = true;
    };
    work.then(end, end);
    await clock.runUntil(() => over, withinMs);
    return work;
  };
  const endOf = <T>(work: Promise<T>, withinMs?: number): Promise<Ended<T>> =>
    finish(ended(work), withinMs);

  const make = (id: string, over: Partial<MusterOptions> = {}): Muster => {
    const node = createMuster({
      cluster: "shop",
      node: { id },
      backend,
      clock: new NodeClock(clock),
      random: random.fork(),
      actors: options.actors ?? [Journal],
      reconciler: false,
      logger,
      ...over,
      settings: { shardCount, ...options.settings, ...over.settings },
    });
    nodes.set(id, node);
    return node;
  };
  const until = (fact: () => boolean, withinMs = 30_000) => clock.runUntil(fact, withinMs);
  /** The store as somebody outside of the cluster reads and writes it. */
  const outside = async (): Promise<Backend> => {
    outsider ??= inner.create({
      cluster: "shop",
      nodeId: "outsider" as NodeId,
      incarnation: "outsider" as Incarnation,
      clock,
      random: random.fork(),
      logger,
    });
    await outsider.open();
    return outsider;
  };
  const allShards = Array.from({ length: shardCount }, (_, shard) => shard);

  /** Runs until every shard has an owner and none has moved for a while. */
  const settled = async (): Promise<void> => {
    const { shards } = await outside();
    let owners = "";
    for (let unchanged = 0; unchanged < 5; unchanged += 1) {
      await clock.runFor(200);
      const records = await shards.inspect({ shards: allShards });
      const now = records
        .map((record) => ("owner" in record && !record.released ? record.owner : "none"))
        .join();
      if (now !== owners || now.includes("none")) unchanged = 0;
      owners = now;
    }
  };
  const start = async (id: string, over?: Partial<MusterOptions>): Promise<Muster> => {
    const node = make(id, over);
    await finish(node.start());
    await settled();
    return node;
  };

  return {
    clock,
    server,
    backend,
    logger,
    commits,
    /** Batches sent to mailboxes, each with the number of commits accepted before. */
    appends,
    /** Keys of actors whose state was read, in order. */
    fetched,
    /** How many states each call read. */
    fetches,
    finish,
    endOf,
    make,
    start,
    until,
    settled,
    outside,
    shardOf: (id: string): ShardId => shardOf(id, shardCount),

    /** Ids of actors that lie in the given shard. */
    idsIn: (shard: ShardId, count: number): readonly string[] => {
      const ids: string[] = [];
      for (let n = 0; ids.length < count; n++) {
        if (shardOf(`a${n}`, shardCount) === shard) ids.push(`a${n}`);
      }
      return ids;
    },
    /** Id of an actor in a shard that the node owns, by what the store says. */
    idOwnedBy: async (nodeId: string): Promise<string> => {
      const owned = await (await outside()).shards.inspect({ shards: allShards });
      for (let n = 0; n < 1_000; n++) {
        const record = owned[shardOf(`b${n}`, shardCount)];
        if (record && "owner" in record && record.owner === nodeId && !record.released) {
          return `b${n}`;
        }
      }
      throw new Error(`${nodeId} owns no shard`);
    },
    ownerOf: async (id: string): Promise<string> => {
      const [record] = await (await outside()).shards.inspect({
        shards: [shardOf(id, shardCount)],
      });
      return record && "owner" in record && !record.released ? record.owner : "none";
    },
    pending: async (id: string): Promise<number> => {
      const [record] = await (await outside()).shards.inspect({
        shards: [shardOf(id, shardCount)],
      });
      return record && "pending" in record ? record.pending : -1;
    },
    /** Everything that was put aside, shard by shard. */
    deadLetters: async (): Promise<readonly ShownLetter[]> => {
      const { shards } = await outside();
      const letters: ShownLetter[] = [];
      for (const shard of allShards) {
        const found = await shards.listDead({ shard, limit: 2_000 });
        const ids = found.map(({ id }) => id);
        for (const { id, open, head, body } of await shards.listDead({ shard, ids })) {
          const known = decodeHead(head);
          if (!known || !body) throw new Error(`the letter ${id} cannot be read`);
          letters.push({ id, shard, open, ...known, body });
        }
      }
      return letters;
    },
    read: (node: Muster, id: string): Promise<string[]> =>
      finish(node.actor(journal, id).ask.read({})),
    stopAll: () => finish(Promise.all([...nodes.values()].map((node) => node.stop()))),
  };
};

/** What promises that were begun together came to, in their order. */
export const valuesOf = <T>(ended: readonly Ended<T>[]): readonly (T | string)[] =>
  ended.map((end) => ("value" in end ? end.value : end.code));
