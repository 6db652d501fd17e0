/**
 * The inner side of a bench program: verbs called by JSON lines on standard input, answered on
 * standard output. Ends when its input does, so that nothing outlives the bench.
 */
import { createInterface } from "node:readline";

export type VerbTable = Readonly<Record<string, (args: never) => Promise<unknown> | unknown>>;

/** Arguments given to the program when it was started. */
export const programConfig = <T>(): T => JSON.parse(process.argv[2] ?? "{}") as T;

/** Ends the process in order, so that a CPU profile is written. */
const leave = (): never => process.exit(0);

/** Serves the verbs until the input ends. Says `ready` first. */
export const serveVerbs = (verbs: VerbTable): void => {
  const say = (line: object): void => {
    process.stdout.write(`${JSON.stringify(line)}\n`);
  };
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    const { n, verb, args } = JSON.parse(line) as { n: number; verb: string; args: never };
    Promise.resolve()
      .then(() => {
        const run = verbs[verb];
        if (run === undefined) throw new Error(`This program has no verb "${verb}".`);
        return run(args);
      })
      .then(
        (answer) => say({ n, answer: answer ?? null }),
        (error: unknown) =>
          say({ n, error: error instanceof Error ? String(error.stack) : String(error) }),
      );
  });
  lines.on("close", leave);
  say({ ready: true });
};

/** Runs `task` for 0 … count − 1 with so many of them under way at once. */
export const runConcurrently = async (
  count: number,
  inFlight: number,
  task: (n: number) => Promise<unknown>,
): Promise<void> => {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) await task(next++);
  };
  await Promise.all(Array.from({ length: Math.min(inFlight, count) }, work));
};

/** Interval on the clock shared by all processes of this machine, epoch milliseconds. */
export interface Interval {
  readonly from: number;
  readonly to: number;
}
const now = (): number => performance.timeOrigin + performance.now();

/** Times a task on the machine's clock. */
export const timed = async (task: () => Promise<unknown>): Promise<Interval> => {
  const from = now();
  await task();
  return { from, to: now() };
};
