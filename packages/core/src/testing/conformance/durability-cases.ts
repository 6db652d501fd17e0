/** What replicas must have before callers hear of it, with a backend that waits for them. */
import type { BusMessage } from "../../ports/bus.ts";
import { assertEqual, assertKind, assertThat } from "./assert.ts";
import type { ConformanceCase, ConformanceContext } from "./context.ts";
import {
  append,
  bytes,
  claimShard,
  commit,
  inspect,
  producerOf,
  startNode,
  type TestNode,
  until,
} from "./test-node.ts";

const start = async (context: ConformanceContext, replicas: 0 | 1): Promise<TestNode> => {
  await context.setReplicas?.(replicas);
  return startNode(context, "web-1", {}, { durability: { replicas: 1 } });
};

/** Hears rows and replies from now on. */
const listen = async (node: TestNode): Promise<readonly BusMessage[]> => {
  const heard: BusMessage[] = [];
  const { bus } = node.backend;
  await bus.subscribe({ topic: "view", kind: "counter" }, (message) => heard.push(message));
  await bus.subscribe({ topic: "replies", node: node.id }, (message) => heard.push(message));
  return heard;
};

const parts = (node: TestNode) => ({
  views: [{ kind: "counter", rows: [{ id: "a", row: bytes("1") }] }],
  replies: [{ node: node.id, payload: bytes("yes"), ifShort: bytes("perhaps") }],
});

const textOf = (message: BusMessage): string =>
  message.topic === "replies" ? new TextDecoder().decode(message.payload) : message.topic;

export const durabilityCases: readonly ConformanceCase[] = [
  {
    title: "a backend tells how many replicas it waits for",
    needs: "setReplicas",
    run: async (context) => {
      const waiting = await start(context, 1);
      assertEqual(waiting.backend.durability?.replicas, 1, "replicas");
      const plain = await startNode(context, "web-2");
      assertEqual(plain.backend.durability, undefined, "without");
    },
  },
  {
    title: "a commit that enough replicas have is published",
    needs: "setReplicas",
    run: async (context) => {
      const node = await start(context, 1);
      const held = await claimShard(node, 1);
      const heard = await listen(node);
      const answer = assertKind(await commit(held, 1, parts(node)), "committed", "commit");
      assertEqual(answer.durability, undefined, "durability");
      await until(context, () => heard.length === 2, "row and reply");
      assertEqual(heard.map(textOf).sort(), ["view", "yes"], "heard");
      const row = heard.find((message) => message.topic === "view");
      assertThat(row?.topic === "view" && row.version.n > 0, "the row has its version");
      assertEqual(row.rows, [{ id: "a", row: bytes("1") }], "rows");
    },
  },
  {
    title: "a commit that too few replicas have stands, and its askers learn no more than that",
    needs: "setReplicas",
    run: async (context) => {
      const node = await start(context, 0);
      const held = await claimShard(node, 1);
      const heard = await listen(node);
      const answer = assertKind(await commit(held, 1, parts(node)), "committed", "commit");
      assertEqual(answer.durability, "short", "durability");
      await until(context, () => heard.length > 0, "what askers are told");
      await context.settle();
      assertEqual(heard.map(textOf), ["perhaps"], "heard");
      assertEqual((await inspect(node, 1)).seq, 1, "seq");
    },
  },
  {
    title: "repeated when the replicas are back, a commit is published after all",
    needs: "setReplicas",
    run: async (context) => {
      const node = await start(context, 0);
      const held = await claimShard(node, 1);
      await commit(held, 1, parts(node));
      await context.setReplicas?.(1);
      const heard = await listen(node);
      const answer = assertKind(await commit(held, 1, parts(node)), "committed", "repeat");
      assertEqual(answer.durability, undefined, "durability");
      await until(context, () => heard.length === 2, "row and reply");
      assertEqual(heard.map(textOf).sort(), ["view", "yes"], "heard");
      assertEqual((await inspect(node, 1)).seq, 1, "seq");
    },
  },
  {
    title: "a batch of commands is told short while too few replicas have it",
    needs: "setReplicas",
    run: async (context) => {
      const node = await start(context, 0);
      await claimShard(node, 1);
      const producer = producerOf(node);
      const first = assertKind(await append(node, 1, producer, 1), "appended", "first");
      assertEqual(first.durability, "short", "without replicas");
      await context.setReplicas?.(1);
      const repeat = assertKind(await append(node, 1, producer, 1), "appended", "repeat");
      assertEqual(repeat.durability, undefined, "repeated with a replica");
      const second = assertKind(await append(node, 1, producer, 2), "appended", "second");
      assertEqual(second.durability, undefined, "with a replica");
      assertEqual((await inspect(node, 1)).pending, 2, "pending");
    },
  },
  {
    title: "a backend that waits for no replicas tells nothing of them",
    needs: "setReplicas",
    run: async (context) => {
      await context.setReplicas?.(0);
      const node = await startNode(context);
      const held = await claimShard(node, 1);
      const answer = assertKind(await commit(held, 1, parts(node)), "committed", "commit");
      assertEqual(answer.durability, undefined, "durability");
    },
  },
];
