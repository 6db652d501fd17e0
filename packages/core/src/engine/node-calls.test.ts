import { expect, test } from "bun:test";
import { encode } from "../codec.ts";
import type { NodeId } from "../model/ids.ts";
import { silentLogger } from "../ports/logger.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { NodeCalls } from "./node-calls.ts";

const world = () => {
  const clock = new VirtualClock();
  const nodes = new Map<string, NodeCalls>();
  const lost = new Set<string>();
  const make = (id: string) => {
    const calls = new NodeCalls({
      nodeId: id as NodeId,
      clock,
      logger: silentLogger,
      publish: async (topic, message) => {
        if (topic.topic !== "node" || message.topic !== "node" || lost.has(topic.node)) return;
        nodes.get(topic.node)?.deliver(message.payload);
      },
    });
    nodes.set(id, calls);
    return calls;
  };
  return { clock, make, lost };
};

test("a call is answered by the node it names, and by the node itself without the bus", async () => {
  const { make, lost } = world();
  const [one, two] = [make("one"), make("two")];
  for (const [calls, name] of [
    [one, "one"],
    [two, "two"],
  ] as const) {
    calls.answer("who", (body) => ({ name, body }));
  }
  const ask = (node: string) => one.call(node as NodeId, "who", { n: 7 }, 1_000);
  expect(await ask("two")).toEqual({ kind: "answered", body: { name: "two", body: { n: 7 } } });
  lost.add("one");
  expect(await ask("one")).toEqual({ kind: "answered", body: { name: "one", body: { n: 7 } } });
});

test("a node that is away, does not know the call or fails is silent", async () => {
  const { clock, make } = world();
  const [one, two] = [make("one"), make("two")];
  two.answer("fail", () => {
    throw new Error("no");
  });
  const answers = ["fail", "unknown"].map((name) => one.call("two" as NodeId, name, null, 500));
  const away = one.call("three" as NodeId, "fail", null, 500);
  await clock.runFor(500);
  expect(await Promise.all([...answers, away])).toEqual([
    { kind: "silent" },
    { kind: "silent" },
    { kind: "silent" },
  ]);
});

test("garbage and late answers are passed over", async () => {
  const { clock, make } = world();
  const one = make("one");
  const silent = one.call("two" as NodeId, "x", null, 10);
  await clock.runFor(10);
  expect(await silent).toEqual({ kind: "silent" });
  for (const body of [null, [], [1], [2, 1, 1, "x"], [1, 1, 1, "late"], [1, 0, 1, 7, 7], "text"]) {
    one.deliver(encode(body));
  }
  one.deliver(new Uint8Array([0xc1]));
});
