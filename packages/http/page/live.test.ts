import { expect, test } from "bun:test";
import { startLive } from "./live.ts";

/** Streams open and time passes when the test says so. */
const start = () => {
  const planned = new Map<number, { readonly delayMs: number; readonly work: () => void }>();
  const opened: { readonly from: string | undefined; readonly signal: AbortSignal }[] = [];
  const answers: ((response: Response) => void)[] = [];
  const told: string[] = [];
  let plans = 0;
  let changes = 0;
  const live = startLive({
    open: (signal, from) => {
      opened.push({ from, signal });
      return new Promise((done, fail) => {
        signal.addEventListener("abort", () => fail(new Error("aborted")));
        answers.push(done);
      });
    },
    after: (delayMs, work) => {
      plans += 1;
      const id = plans;
      planned.set(id, { delayMs, work });
      return () => void planned.delete(id);
    },
    told: ({ event }) => told.push(event),
    changed: () => {
      changes += 1;
    },
  });
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    live,
    opened,
    told,
    settle,
    changes: () => changes,
    delays: () => [...planned.values()].map(({ delayMs }) => delayMs),
    fire: async () => {
      const all = [...planned.values()];
      planned.clear();
      for (const { work } of all) work();
      await settle();
    },
    /** Answers the stream asked for last; what is answered writes to it. */
    answer: async (status = 200) => {
      let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
      const body = new ReadableStream<Uint8Array>({
        start: (given) => {
          controller = given;
        },
      });
      answers.at(-1)?.(new Response(body, { status }));
      await settle();
      return {
        write: async (text: string) => {
          controller?.enqueue(new TextEncoder().encode(text));
          await settle();
        },
        end: async () => {
          controller?.close();
          await settle();
        },
      };
    },
  };
};

test("nothing is opened until it is wanted", async () => {
  const run = start();
  expect([run.opened.length, run.live.isOpen]).toEqual([0, false]);
  run.live.wanted = true;
  run.live.wanted = true;
  expect(run.opened.length).toBe(1);
});

test("a stream counts as open with its first bytes, and tells its events", async () => {
  const run = start();
  run.live.wanted = true;
  const stream = await run.answer();
  expect(run.live.isOpen).toBe(false);
  await stream.write("retry: 1000\n: begun\n\n");
  await stream.write("id: 7-0\nevent: alert.opened\ndata: {}\n\n");
  expect([run.live.isOpen, run.changes(), run.told]).toEqual([true, 1, ["alert.opened"]]);
});

test("one that ends is opened again after a pause, behind what was read", async () => {
  const run = start();
  run.live.wanted = true;
  const stream = await run.answer();
  await stream.write("id: 7-0\nevent: a\ndata: {}\n\n");
  await stream.end();
  expect([run.live.isOpen, run.delays()]).toEqual([false, [1_000]]);
  await run.fire();
  expect(run.opened.map(({ from }) => from)).toEqual([undefined, "7-0"]);
});

test("pauses grow while it is refused, up to half a minute", async () => {
  const run = start();
  run.live.wanted = true;
  const pauses: number[] = [];
  for (let attempt = 0; attempt < 7; attempt += 1) {
    await run.answer(503);
    pauses.push(...run.delays());
    await run.fire();
  }
  expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
});

test("one that is silent for too long is given up and opened again", async () => {
  const run = start();
  run.live.wanted = true;
  const stream = await run.answer();
  await stream.write(": begun\n\n");
  expect(run.delays()).toEqual([40_000]);
  await run.fire();
  await stream.end();
  expect(run.opened[0]?.signal.aborted).toBe(true);
  expect([run.live.isOpen, run.delays()]).toEqual([false, [1_000]]);
});

test("one that is not wanted any more is ended and not opened again", async () => {
  const run = start();
  run.live.wanted = true;
  const stream = await run.answer();
  await stream.write(": begun\n\n");
  run.live.wanted = false;
  await run.settle();
  expect([run.opened[0]?.signal.aborted, run.live.isOpen]).toEqual([true, false]);
  await stream.end();
  expect([run.opened.length, run.delays().includes(1_000)]).toEqual([1, false]);
});

test("wanted anew at once, there is one stream and not two", async () => {
  const run = start();
  run.live.wanted = true;
  run.live.wanted = false;
  run.live.wanted = true;
  await run.settle();
  expect([run.opened.length, run.delays()]).toEqual([2, []]);
  expect(run.opened.map(({ signal }) => signal.aborted)).toEqual([true, false]);
});
