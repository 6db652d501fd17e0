/**
 * Sends recorded calls again, from as many connections as sent them. Calls of one shard go one after
 * another in the order in which the server ran them, so that each meets the state it met before; shards
 * go side by side, many calls to a connection, as a node keeps them.
 */
import { connect, type Socket } from "node:net";
import type { RecordedCall } from "./recorded-calls.ts";
import { createReplyReader, isDone } from "./replies.ts";

export const openSocket = (port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    socket.on("error", reject);
    socket.on("connect", () => resolve(socket));
  });

/** Resolves when each call was answered. Rejects when the server refused one. */
export const sendAgain = async (port: number, calls: readonly RecordedCall[]): Promise<void> => {
  const queues = new Map<number, RecordedCall[]>();
  for (const call of calls) {
    const queue = queues.get(call.shard) ?? [];
    queues.set(call.shard, queue);
    queue.push(call);
  }
  const clients = 1 + Math.max(...calls.map(({ client }) => client));
  const sockets = await Promise.all(Array.from({ length: clients }, () => openSocket(port)));
  const places = new Map<number, number>();
  /** Shards whose answers each connection waits for, oldest first. */
  const awaited: number[][] = sockets.map(() => []);
  let outgoing: Buffer[][] = sockets.map(() => []);
  let left = calls.length;

  const flush = (): void => {
    const filled = outgoing;
    outgoing = sockets.map(() => []);
    filled.forEach((frames, client) => {
      if (frames.length > 0) sockets[client]?.write(Buffer.concat(frames));
    });
  };
  const sendNext = (shard: number): void => {
    const place = places.get(shard) ?? 0;
    const call = queues.get(shard)?.[place];
    if (call === undefined) return;
    places.set(shard, place + 1);
    awaited[call.client]?.push(shard);
    outgoing[call.client]?.push(call.frame);
  };
  const answered = new Promise<void>((resolve, reject) => {
    sockets.forEach((socket, client) => {
      socket.on("error", reject);
      let answers = 0;
      const read = createReplyReader((reply) => {
        const shard = awaited[client]?.[answers];
        answers += 1;
        if (shard === undefined || !isDone(reply)) {
          const place = (places.get(shard ?? 0) ?? 1) - 1;
          const sent = queues
            .get(shard ?? 0)
            ?.[place]?.frame.toString("latin1")
            .slice(0, 300);
          reject(new Error(`A call was refused: ${reply.toString("latin1", 0, 200)} to ${sent}`));
          return;
        }
        left -= 1;
        if (left === 0) resolve();
        sendNext(shard);
      });
      socket.on("data", (chunk: Buffer) => {
        read(chunk);
        flush();
      });
    });
    for (const shard of queues.keys()) sendNext(shard);
    flush();
  });
  try {
    await answered;
  } finally {
    for (const socket of sockets) socket.destroy();
  }
};
