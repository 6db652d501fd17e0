/** One publish to plain clients: what any way of telling many nodes takes at least. */
import Redis from "ioredis";

const channel = "bench:floor";
const now = (): number => performance.timeOrigin + performance.now();

/** Verbs of a process with some of the clients. */
export const publishFloor = (redisPort: number) => {
  let publisher: Redis | undefined;
  let listeners = 0;
  let heard: number[] = [];
  let done = (): void => {};
  let all: Promise<unknown> = Promise.resolve();
  return {
    /** Connects as many subscribers as the process has nodes, and one who publishes. */
    listen: async ({ count }: { readonly count: number }) => {
      publisher = new Redis(redisPort, "127.0.0.1");
      for (; listeners < count; listeners++) {
        const subscriber = new Redis(redisPort, "127.0.0.1");
        subscriber.on("message", () => {
          if (heard.push(now()) === count) done();
        });
        await subscriber.subscribe(channel);
      }
    },
    awaitHeard: () => {
      heard = [];
      all = new Promise<void>((resolve) => {
        done = resolve;
      });
    },
    whenHeard: async () => {
      await all;
      return heard;
    },
    publish: async () => {
      const from = now();
      await publisher?.publish(channel, "x");
      return from;
    },
  };
};
