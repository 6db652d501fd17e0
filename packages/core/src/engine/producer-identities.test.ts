/** What a mailbox acknowledged to a former identity of a producer is known until its loss was told. */
import { expect, test } from "bun:test";
import type { ProducerId } from "../model/ids.ts";
import type { AppendAnswer } from "../ports/shard-store.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { Producer } from "./producer.ts";
import type { Origin } from "./wire.ts";

const setUp = () => {
  const clock = new VirtualClock();
  const answers: AppendAnswer[] = [];
  let identities = 0;
  const producer = new Producer({
    shard: 3,
    sender: "node:n1",
    origin: { node: "n1", incarnation: "i1" } as Origin,
    clock,
    limit: 100,
    append: async (): Promise<AppendAnswer> =>
      answers.shift() ?? { kind: "appended", last: 1, entry: "1-1" as never },
    newProducerId: () => {
      identities += 1;
      return `1.${identities}` as ProducerId;
    },
    newHash: () => "h",
    idle: () => {},
    lost: () => {},
    closed: () => {},
  });
  const send = async () => {
    producer.send({
      message: { kind: "k", id: "a", command: "c", input: {}, sender: "", depth: 0, sentAt: 0 },
      stillWanted: () => true,
      unsendable: () => {},
      sent: () => {},
      unsent: () => {},
      stalled: () => {},
      appended: () => {},
    });
    await clock.runFor(10);
  };
  return { producer, answers, send };
};

test("a batch is known although the mailbox went back and took one of another identity since", async () => {
  const { answers, producer, send } = setUp();
  await send();
  await send();
  answers.push({ kind: "gap", last: 1 });
  await send();
  await send();
  expect(producer.acked).toEqual([
    { producer: "1.1" as ProducerId, number: 2 },
    { producer: "1.2" as ProducerId, number: 1 },
  ]);
  producer.forget("1.1" as ProducerId);
  expect(producer.acked).toEqual([{ producer: "1.2" as ProducerId, number: 1 }]);
});

test("of many identities the latest are known", async () => {
  const { answers, producer, send } = setUp();
  for (let i = 0; i < 20; i++) {
    await send();
    answers.push({ kind: "gap", last: 0 });
    await send();
  }
  expect(producer.acked.length).toBeLessThan(10);
  expect(producer.acked.at(-1)?.producer).toBe("1.20" as ProducerId);
});
