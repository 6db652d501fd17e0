/** Out of everything a server was sent: the script calls of one cluster's shards, ready to be sent again. */
import type { MonitoredCommand } from "./monitor-line.ts";

export interface RecordedCall {
  /** Client that sent it, numbered from 0. */
  readonly client: number;
  readonly shard: number;
  /** The command as it goes over the wire. */
  readonly frame: Buffer;
}

/** Encodes a command for the wire. */
export const frameOf = (words: readonly Buffer[]): Buffer =>
  Buffer.concat([
    Buffer.from(`*${words.length}\r\n`),
    ...words.flatMap((word) => [Buffer.from(`$${word.length}\r\n`), word, Buffer.from("\r\n")]),
  ]);

/** Replaces each occurrence of a name by another of the same length. */
export const renamed = (bytes: Buffer, from: Buffer, to: Buffer): Buffer => {
  if (from.length !== to.length) throw new Error(`${from} and ${to} differ in length`);
  let at = bytes.indexOf(from);
  if (at < 0) return bytes;
  const copy = Buffer.from(bytes);
  for (; at >= 0; at = copy.indexOf(from, at + from.length)) to.copy(copy, at);
  return copy;
};

const shardOf = (words: readonly Buffer[], cluster: string): number | undefined => {
  const key = words[3]?.toString("latin1") ?? "";
  const tag = `{${cluster}:`;
  const at = key.indexOf(tag);
  return at < 0 ? undefined : Number.parseInt(key.slice(at + tag.length), 10);
};

/**
 * Script calls on shards of `cluster`, in the order in which the server ran them, under the name of
 * another cluster. What else the nodes send (heartbeats) is no part of the work.
 */
export const recordedCalls = (
  commands: readonly MonitoredCommand[],
  cluster: string,
  as: string,
): readonly RecordedCall[] => {
  const clients = new Map<string, number>();
  const [from, to] = [Buffer.from(cluster), Buffer.from(as)];
  const calls: RecordedCall[] = [];
  for (const { client, words } of commands) {
    if (words[0]?.toString("latin1").toLowerCase() !== "evalsha") continue;
    const shard = shardOf(words, cluster);
    if (shard === undefined) continue;
    const n = clients.get(client) ?? clients.size;
    clients.set(client, n);
    calls.push({ client: n, shard, frame: frameOf(words.map((word) => renamed(word, from, to))) });
  }
  return calls;
};
