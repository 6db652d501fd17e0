/** A BullMQ process: adds jobs and works them off with a processor that does nothing. */
import { Queue, Worker } from "bullmq";
import { programConfig, runConcurrently, serveVerbs } from "./serve-verbs.ts";

const { redisPort } = programConfig<{ readonly redisPort: number }>();
const connection = { host: "127.0.0.1", port: redisPort };
const job = { attempts: 1, removeOnComplete: true, removeOnFail: true } as const;

const queues = new Map<string, Queue>();
const queue = (name: string): Queue => {
  const known = queues.get(name) ?? new Queue(name, { connection, defaultJobOptions: job });
  queues.set(name, known);
  return known;
};
let worker: Worker | undefined;
let done = 0;
let lastAt = 0;
const now = (): number => performance.timeOrigin + performance.now();

serveVerbs({
  /** Adds jobs in bulk, the fastest way there is. */
  fill: async ({ name, count }: { readonly name: string; readonly count: number }) => {
    for (let from = 0; from < count; from += 500) {
      const jobs = Array.from({ length: Math.min(500, count - from) }, (_, i) => ({
        name: "add",
        data: { by: 1, n: from + i },
      }));
      await queue(name).addBulk(jobs);
    }
  },
  /** Adds jobs one by one, so many at once. */
  add: (args: { readonly name: string; readonly count: number; readonly inFlight: number }) =>
    runConcurrently(args.count, args.inFlight, (n) => queue(args.name).add("add", { by: 1, n })),
  work: async ({ name, concurrency }: { readonly name: string; readonly concurrency: number }) => {
    done = 0;
    const from = now();
    worker = new Worker(
      name,
      async () => {
        done += 1;
        lastAt = now();
      },
      { connection, concurrency },
    );
    await worker.waitUntilReady();
    return from;
  },
  progress: () => ({ done, lastAt }),
  rest: async ({ name }: { readonly name: string }) => {
    await worker?.close();
    worker = undefined;
    await queues.get(name)?.close();
    queues.delete(name);
  },
});
