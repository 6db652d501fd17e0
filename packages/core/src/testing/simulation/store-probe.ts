/** Reads what the store really holds, past all faults: the truth that promises are compared with. */
import { decode } from "../../codec.ts";
import { decodeBatch } from "../../engine/wire.ts";
import type { MailStream } from "../../memory/mail-stream.ts";
import type { MemoryServer } from "../../memory/server.ts";
import { actorKey, shardOf } from "../../model/actor-address.ts";
import type { EntryId, ShardId } from "../../model/ids.ts";
import type { Message } from "../../model/message.ts";

export const clusterName = "sim";

/** A stored state without the version of its shape; `undefined` when it cannot be read. */
export const decodeState = (bytes: Uint8Array): unknown => {
  const decoded = decode(bytes);
  return decoded.kind === "decoded" && Array.isArray(decoded.value) ? decoded.value[1] : undefined;
};

export const decodeRow = (bytes: Uint8Array): unknown => {
  const decoded = decode(bytes);
  return decoded.kind === "decoded" ? decoded.value : undefined;
};

/** What is to be done so much later is for no run to wait for, in milliseconds. */
const farMs = 12 * 3_600_000;

export class StoreProbe {
  readonly #server: MemoryServer;
  readonly #shardCount: number;
  readonly #mail = new WeakMap<
    MailStream,
    { readonly upTo: EntryId; readonly messages: readonly Message[] }
  >();

  constructor(server: MemoryServer, shardCount: number) {
    this.#server = server;
    this.#shardCount = shardCount;
  }

  get shards(): ReturnType<MemoryServer["cluster"]>["shards"] {
    return this.#server.cluster(clusterName).shards;
  }

  get membership(): ReturnType<MemoryServer["cluster"]>["membership"] {
    return this.#server.cluster(clusterName).membership;
  }

  shardOf(partition: string): ShardId {
    return shardOf(partition, this.#shardCount);
  }

  /** The stored state of an actor whose id is its partition. */
  state(kind: string, id: string): unknown {
    const bytes = this.shards.get(this.shardOf(id))?.states.get(actorKey(kind, id));
    return bytes && decodeState(bytes);
  }

  /** All list rows of a kind. */
  rows(kind: string): ReadonlyMap<string, unknown> {
    const rows = new Map<string, unknown>();
    for (const { views } of this.shards.values()) {
      for (const [id, row] of views.get(kind)?.rows ?? []) rows.set(id, decodeRow(row));
    }
    return rows;
  }

  /** Messages that wait in a mailbox, handled ones of entries in work included. */
  mail(shard: ShardId): readonly Message[] {
    const stored = this.shards.get(shard);
    if (!stored) return [];
    const { mail } = stored;
    const known = this.#mail.get(mail);
    if (known?.upTo === mail.lastId) return known.messages;
    // Decoding costs, and many ask about one batch: what has been handled since may stay in it.
    const messages = mail.read("0-0" as EntryId, 10_000).entries.flatMap(({ payloads }) =>
      payloads.flatMap((payload) => {
        const batch = decodeBatch(payload);
        return batch.kind === "batch" ? batch.messages.filter((m) => m !== undefined) : [];
      }),
    );
    this.#mail.set(mail, { upTo: mail.lastId, messages });
    return messages;
  }

  /** Messages and effects that were put aside as dead letters. */
  get putAside(): number {
    return [...this.shards.values()].reduce((sum, { dead }) => sum + dead.total, 0);
  }

  /** Messages, timers, effects and mail on their way between shards: nothing when all is at rest. */
  unfinished(withTimers: boolean): readonly string[] {
    const found: string[] = [];
    const now = this.#server.now();
    for (const [shard, { pending, out, timers, effects }] of this.shards) {
      const soon = [...timers.values()].filter(({ dueAt }) => dueAt - now < farMs);
      const planned = { timers: soon.length, effects: effects.size };
      const counts = { pending, out: out.size, ...(withTimers && planned) };
      for (const [what, count] of Object.entries(counts)) {
        if (count > 0) found.push(`shard ${shard}: ${what} ${count}`);
      }
    }
    return found;
  }
}
