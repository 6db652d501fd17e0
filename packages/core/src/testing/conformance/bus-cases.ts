/** Hints: what reaches whom, and what the stores publish themselves. */
import type { NodeId } from "../../model/ids.ts";
import type { BusMessage, Topic } from "../../ports/bus.ts";
import { assertEqual, assertThat, only } from "./assert.ts";
import type { ConformanceCase, ConformanceContext } from "./context.ts";
import {
  append,
  beat,
  bytes,
  claimShard,
  committed,
  mailOf,
  producerOf,
  startNode,
  startOfMail,
  type TestNode,
  until,
} from "./test-node.ts";

/** Subscribes and keeps what arrives. */
const listen = async (node: TestNode, topic: Topic) => {
  const messages: BusMessage[] = [];
  const end = await node.backend.bus.subscribe(topic, (message) => messages.push(message));
  return { messages, end };
};

const toNode = (id: NodeId): Topic => ({ topic: "node", node: id });
const note = (text: string): BusMessage => ({
  topic: "node",
  payload: bytes(text),
});

/** Waits until a message sent now has come, so that all sent before would have come too. */
const drain = async (context: ConformanceContext, from: TestNode, to: TestNode) => {
  const { messages, end } = await listen(to, toNode(to.id));
  await from.backend.bus.publish(toNode(to.id), note("end"));
  await until(context, () => messages.length > 0, "the last message");
  await end();
};

export const busCases: readonly ConformanceCase[] = [
  {
    title: "a message reaches the subscribers of its topic, in order, and nobody else",
    run: async (context) => {
      const one = await startNode(context, "web-1");
      const two = await startNode(context, "web-2");
      const mine = await listen(one, toNode(one.id));
      const others = await listen(two, toNode(two.id));
      await two.backend.bus.publish(toNode(one.id), note("a"));
      await two.backend.bus.publish(toNode(one.id), note("b"));
      await until(context, () => mine.messages.length === 2, "two messages");
      assertEqual(mine.messages, [note("a"), note("b")], "messages");
      await drain(context, one, two);
      assertEqual(others.messages, [note("end")], "messages of the other");
    },
  },
  {
    title: "every subscriber of a topic gets the message",
    run: async (context) => {
      const one = await startNode(context, "web-1");
      const two = await startNode(context, "web-2");
      const topic: Topic = { topic: "membership" };
      const heard = [await listen(one, topic), await listen(one, topic), await listen(two, topic)];
      const message: BusMessage = { topic: "membership", version: 7 };
      await one.backend.bus.publish(topic, message);
      await until(context, () => heard.every(({ messages }) => messages.length > 0), "all hear");
      for (const { messages } of heard) assertEqual(messages, [message], "messages");
    },
  },
  {
    title: "each change of membership is told with the version that a list then shows",
    run: async (context) => {
      const one = await startNode(context, "web-1");
      const heard = await listen(one, { topic: "membership" });
      const told = async (what: string) => {
        const { version } = await one.backend.membership.list();
        const isNewest = () => {
          const last = heard.messages.at(-1);
          return last?.topic === "membership" && last.version === version;
        };
        await until(context, isNewest, what);
      };
      const two = await startNode(context, "web-2");
      await told("the join");
      await beat(two, { state: "draining" });
      await told("the new state");
      await one.backend.membership.cordon({ nodeId: two.id, cordoned: true });
      await told("the cordon");
      await one.backend.membership.raiseVersion({ version: 1_000 });
      await told("the raised version");
      await two.backend.membership.leave({ nodeId: two.id, incarnation: two.incarnation });
      await told("the leave");
    },
  },
  {
    title: "an ended subscription hears nothing and leaves the others alone",
    run: async (context) => {
      const one = await startNode(context, "web-1");
      const two = await startNode(context, "web-2");
      const topic: Topic = { topic: "ownership" };
      const ended = await listen(one, topic);
      const lasting = await listen(one, topic);
      await ended.end();
      await ended.end();
      await two.backend.bus.publish(topic, {
        topic: "ownership",
        shards: [1, 2],
      });
      await until(context, () => lasting.messages.length > 0, "the lasting one hears");
      assertEqual(lasting.messages, [{ topic: "ownership", shards: [1, 2] }], "messages");
      assertEqual(ended.messages, [], "messages of the ended one");
    },
  },
  {
    title: "a message is delivered after the call that sent it has returned",
    run: async (context) => {
      const node = await startNode(context);
      const { messages } = await listen(node, toNode(node.id));
      const sent = node.backend.bus.publish(toNode(node.id), note("a"));
      assertEqual(messages, [], "messages while sending");
      await sent;
      await until(context, () => messages.length === 1, "the message");
    },
  },
  {
    title: "a closed backend hears nothing and its sending does not reject",
    run: async (context) => {
      const one = await startNode(context, "web-1");
      const two = await startNode(context, "web-2");
      const { messages } = await listen(one, toNode(one.id));
      await one.backend.close();
      await one.backend.close();
      await two.backend.bus.publish(toNode(one.id), note("a"));
      await one.backend.bus.publish(toNode(two.id), note("b"));
      await drain(context, two, two);
      assertEqual(messages, [], "messages");
    },
  },
  {
    title: "an append wakes the shard with its entry and the id of the one before",
    run: async (context) => {
      const one = await startNode(context, "web-1");
      const two = await startNode(context, "web-2");
      const held = await claimShard(one, 1);
      const wakes = await listen(one, { topic: "wake", shard: 1 });
      const elsewhere = await listen(one, { topic: "wake", shard: 2 });
      const producer = producerOf(two);
      await append(two, 1, producer, 1);
      await append(two, 1, producer, 2);
      await until(context, () => wakes.messages.length === 2, "two wakes");
      const mail = await mailOf(held);
      let previous = startOfMail;
      wakes.messages.forEach((wake, index) => {
        assertThat(wake.topic === "wake", "the topic is wake");
        assertEqual(wake.shard, 1, "shard");
        if (wake.entry) {
          assertEqual(wake.entry, mail[index], "entry");
          assertEqual(wake.previous, previous, "previous");
        }
        previous = mail[index]?.id ?? previous;
      });
      await drain(context, two, one);
      assertEqual(elsewhere.messages, [], "wakes of another shard");
    },
  },
  {
    title: "the entry before a wake may be one that the owner committed or has handled",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, 1);
      const { localEntry } = await committed(held, 1, {
        local: { payload: bytes("x"), count: 1 },
      });
      assertThat(localEntry !== undefined, "the commit names its entry");
      await committed(held, 2, {
        mail: { handled: [localEntry], partial: [], count: 1 },
      });
      const wakes = await listen(node, { topic: "wake", shard: 1 });
      await append(node, 1, producerOf(node), 1);
      await until(context, () => wakes.messages.length === 1, "a wake");
      const wake = only(wakes.messages, "wake");
      assertThat(wake.topic === "wake", "the topic is wake");
      if (wake.entry) assertEqual(wake.previous, localEntry, "previous");
    },
  },
  {
    title: "a commit publishes its replies to the node they are for, which has asked that shard",
    run: async (context) => {
      const one = await startNode(context, "web-1");
      const two = await startNode(context, "web-2");
      const held = await claimShard(one, 1);
      const replies = await listen(two, { topic: "replies", node: two.id });
      const others = await listen(one, { topic: "replies", node: one.id });
      for (const node of [one, two]) await append(node, 1, producerOf(node), 1);
      await committed(held, 1, {
        replies: [{ node: two.id, payload: bytes("answers") }],
      });
      await until(context, () => replies.messages.length === 1, "the replies");
      assertEqual(replies.messages, [{ topic: "replies", payload: bytes("answers") }], "replies");
      await drain(context, one, one);
      assertEqual(others.messages, [], "replies of the other");
    },
  },
  {
    title: "a commit publishes its rows with the version that a list then shows",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, 1);
      const view = await listen(node, { topic: "view", kind: "counter" });
      const rows = [
        { id: "a", row: bytes("1") },
        { id: "b", row: "removed" as const },
      ];
      await committed(held, 1, { views: [{ kind: "counter", rows }] });
      await until(context, () => view.messages.length === 1, "the rows");
      const listed = only(await node.backend.views.list({ kind: "counter", shards: [1] }), "list");
      const { version } = listed;
      assertEqual(
        view.messages,
        [{ topic: "view", kind: "counter", shard: 1, version, rows }],
        "messages",
      );
    },
  },
  {
    title: "rows too large to publish are announced by their version",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, 1);
      const view = await listen(node, { topic: "view", kind: "counter" });
      const rows = [{ id: "a", row: new Uint8Array(200_000) }];
      await committed(held, 1, { views: [{ kind: "counter", rows }] });
      await until(context, () => view.messages.length === 1, "the announcement");
      const { version } = only(
        await node.backend.views.list({ kind: "counter", shards: [1] }),
        "list",
      );
      assertEqual(
        view.messages,
        [{ topic: "view", kind: "counter", shard: 1, version }],
        "messages",
      );
    },
  },
  {
    title: "a status write publishes its rows with the version it answers",
    run: async (context) => {
      const one = await startNode(context, "web-1");
      const two = await startNode(context, "web-2");
      const status = await listen(two, { topic: "status" });
      const { id: nodeId, incarnation } = one;
      const rows = [{ unit: "app", row: bytes("running") }];
      const request = { nodeId, incarnation, seq: 1, reset: true, rows };
      const answer = await one.backend.views.writeStatus(request);
      assertThat(answer.kind === "written", "the row is written");
      await until(context, () => status.messages.length === 1, "the row");
      const { version } = answer;
      assertEqual(
        status.messages,
        [{ topic: "status", nodeId, incarnation, version, reset: true, rows }],
        "messages",
      );
    },
  },
  {
    title: "a restart of the store tells that messages may have been missed",
    needs: "restart",
    run: async (context) => {
      const node = await startNode(context);
      await listen(node, { topic: "membership" });
      let resets = 0;
      let ended = 0;
      node.backend.bus.onReset(() => {
        resets += 1;
      });
      const end = node.backend.bus.onReset(() => {
        ended += 1;
      });
      end();
      await context.restart?.();
      await until(context, () => resets > 0, "a reset");
      assertEqual(ended, 0, "resets of the ended listener");
      const { messages } = await listen(node, toNode(node.id));
      await node.backend.bus.publish(toNode(node.id), note("again"));
      await until(context, () => messages.length === 1, "a message after the restart");
    },
  },
  {
    title: "a subscription outlives a restart of the store",
    needs: "restart",
    run: async (context) => {
      const node = await startNode(context);
      const { messages } = await listen(node, toNode(node.id));
      await context.restart?.();
      await until(
        context,
        () => {
          void node.backend.bus.publish(toNode(node.id), note("again"));
          return messages.length > 0;
        },
        "a message after the restart",
      );
      assertEqual(messages[0], note("again"), "message");
    },
  },
];
