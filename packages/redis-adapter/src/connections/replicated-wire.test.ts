import { expect, test } from "bun:test";
import { BackendUnavailable } from "@muster/core/ports";
import type { Reply } from "../link.ts";
import { scripts } from "../scripts.generated.ts";
import { overLink, type ReplicatedLink, ReplicatedWire } from "./replicated-wire.ts";

/** A connection on which the test answers each command by hand. */
const makeLink = () => {
  const sent: { readonly command: string; readonly answer: (reply: Reply) => void }[] = [];
  const link = {
    address: "here:1",
    generation: 0,
    call: (_: string, command: string): Promise<Reply> =>
      new Promise((resolve) => {
        sent.push({ command, answer: resolve });
      }),
  };
  const wire = new ReplicatedWire(overLink(link), { replicas: 2, timeoutMs: 100 });
  return {
    link,
    sent,
    write: () => wire.write({ script: scripts.commit, keys: ["own"], args: [] }),
  };
};
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const commands = (sent: readonly { readonly command: string }[]) =>
  sent.map(({ command }) => command);

test.each([
  [2, false],
  [3, false],
  [1, true],
])("a write that %p replicas have is short: %p", async (count, isShort) => {
  const { sent, write } = makeLink();
  const written = write();
  sent[0]?.answer([0, "x"] as never);
  await settled();
  sent[1]?.answer(count);
  expect(commands(sent)).toEqual(["evalsha", "wait"]);
  expect(await written).toEqual({ answer: [0, "x"] as never, isShort, server: "here:1" });
});

test("what the script refused is waited for by nobody", async () => {
  const { sent, write } = makeLink();
  const written = write();
  sent[0]?.answer([4]);
  expect(await written).toEqual({ answer: [4], isShort: false, server: "here:1" });
  expect(commands(sent)).toEqual(["evalsha"]);
});

test("writes answered while replicas are waited for share the next wait", async () => {
  const { sent, write } = makeLink();
  const all = [write(), write(), write()];
  sent[0]?.answer([0]);
  await settled();
  sent[1]?.answer([0]);
  sent[2]?.answer([0]);
  await settled();
  expect(commands(sent)).toEqual(["evalsha", "evalsha", "evalsha", "wait"]);
  sent[3]?.answer(2);
  await settled();
  expect(commands(sent).slice(4)).toEqual(["wait"]);
  sent[4]?.answer(1);
  expect((await Promise.all(all)).map(({ isShort }) => isShort)).toEqual([false, true, true]);
});

test("a connection that broke meanwhile has the write made again before replicas are counted", async () => {
  const { link, sent, write } = makeLink();
  const written = write();
  sent[0]?.answer([0]);
  await settled();
  // The wait is sent again over a new connection, which has written nothing: its count means nothing.
  link.generation += 1;
  sent[1]?.answer(5);
  await settled();
  expect(commands(sent)).toEqual(["evalsha", "wait", "evalsha"]);
  sent[2]?.answer([0]);
  await settled();
  sent[3]?.answer(1);
  expect((await written).isShort).toBe(true);
});

test("a connection that keeps breaking leaves the outcome unknown", async () => {
  const { link, sent, write } = makeLink();
  const written = write().catch((error: unknown) => error);
  for (let at = 0; at < 6; at += 2) {
    sent[at]?.answer([0]);
    await settled();
    link.generation += 1;
    sent[at + 1]?.answer(5);
    await settled();
  }
  expect(await written).toBeInstanceOf(BackendUnavailable);
});

test("writes that different servers answer are counted at each apart, at the same time", async () => {
  const sent: { readonly at: string; readonly command: string }[] = [];
  const counts: ((count: number) => void)[] = [];
  const linkTo = (address: string): ReplicatedLink => ({
    address,
    generation: 0,
    call: (_: string, command: string): Promise<Reply> => {
      sent.push({ at: address, command });
      return new Promise((resolve) => counts.push(resolve));
    },
  });
  const [a, b] = [linkTo("a:1"), linkTo("b:1")];
  const wire = new ReplicatedWire(
    {
      sharded: true,
      answered: async (...[, , , , key]) => ({ reply: [0], by: key === "a" ? a : b }),
    },
    { replicas: 1, timeoutMs: 100 },
  );
  const write = (key: string) => wire.write({ script: scripts.commit, keys: [key], args: [] });
  const written = [write("a"), write("b")];
  await settled();
  expect(sent.map(({ at }) => at)).toEqual(["a:1", "b:1"]);
  counts[0]?.(0);
  counts[1]?.(1);
  expect(await Promise.all(written)).toMatchObject([
    { isShort: true, server: "a:1" },
    { isShort: false, server: "b:1" },
  ]);
});
