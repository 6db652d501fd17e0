/**
 * Records the script calls that a cluster sends during a round, and sends them again from plain clients
 * against the same state: the fastest that anything sending these calls could be.
 */
import Redis from "ioredis";
import { type RecordedCall, recordedCalls } from "../replay/recorded-calls.ts";
import { type Recording, startRecording } from "../replay/recorder.ts";
import { openSocket, sendAgain } from "../replay/send-again.ts";
import { programConfig, serveVerbs, timed } from "./serve-verbs.ts";

interface Names {
  readonly cluster: string;
  /** Name of the same length for the copy. */
  readonly copy: string;
}
const { redisPort, cluster, copy } = programConfig<Names & { readonly redisPort: number }>();
const redis = new Redis(redisPort, "127.0.0.1");
const copied = (name: string): string => name.replaceAll(cluster, copy);

/** Later than any clock: a stream that has seen it numbers its entries from here, one by one. */
const farAhead = "9999999999999-0";
const shardKeys = async (): Promise<string[]> =>
  (await redis.keys(`*:{${cluster}:*`)).filter((key) => !key.includes(`{${copy}`));

let state: { readonly key: string; readonly bytes: Buffer }[] = [];
let calls: readonly RecordedCall[] = [];
let recording: Recording | undefined;
let subscriptions: readonly string[][] = [];

const cpuMs = async (): Promise<number> => {
  const info = await redis.info("cpu");
  const of = (name: string): number => Number(new RegExp(`${name}:([0-9.]+)`).exec(info)?.[1]);
  return 1_000 * (of("used_cpu_sys") + of("used_cpu_user"));
};

/** Channels of the cluster, once for each who listens. */
const readSubscriptions = async (): Promise<readonly string[][]> => {
  const channels = (await redis.pubsub("CHANNELS", `*:${cluster}:*`)) as string[];
  const listeners: string[][] = [];
  for (const channel of channels) {
    const [, count] = (await redis.pubsub("NUMSUB", channel)) as [string, number];
    for (let n = 0; n < count; n++) {
      const listener = listeners[n] ?? [];
      listeners[n] = listener;
      listener.push(copied(channel));
    }
  }
  return listeners;
};

serveVerbs({
  /** The cluster must be idle. */
  startRecording: async () => {
    for (const key of await shardKeys()) {
      // A copy that is numbered by its own clock would not hold the entries that the calls name.
      if ((await redis.type(key)) === "stream") await redis.call("XSETID", key, farAhead);
    }
    recording = await startRecording(redisPort, (word) => redis.echo(word));
    state = await Promise.all(
      (await shardKeys()).map(async (key) => {
        const bytes = await redis.dumpBuffer(key);
        if (bytes === null) throw new Error(`${key} went away`);
        return { key: copied(key), bytes };
      }),
    );
    subscriptions = await readSubscriptions();
  },
  stopRecording: async () => {
    calls = recordedCalls((await recording?.stop()) ?? [], cluster, copy);
    return { calls: calls.length, clients: new Set(calls.map(({ client }) => client)).size };
  },
  replay: async () => {
    for (const { key, bytes } of state) await redis.restore(key, 0, bytes, "REPLACE");
    const listeners = await Promise.all(
      subscriptions.map(async (channels) => {
        const socket = await openSocket(redisPort);
        socket.on("data", () => {});
        socket.write(`SUBSCRIBE ${channels.join(" ")}\r\n`);
        return socket;
      }),
    );
    const cpuBefore = await cpuMs();
    const interval = await timed(() => sendAgain(redisPort, calls));
    const serverBusy = ((await cpuMs()) - cpuBefore) / (interval.to - interval.from);
    for (const socket of listeners) socket.destroy();
    const later = await redis.keys(`*:{${copy}:*`);
    for (let from = 0; from < later.length; from += 1_000) {
      await redis.del(...later.slice(from, from + 1_000));
    }
    return { ...interval, serverBusy };
  },
});
