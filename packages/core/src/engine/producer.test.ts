/** A store that is out of memory holds up one batch and refuses everything after it at once. */
import { expect, test } from "bun:test";
import type { ProducerId } from "../model/ids.ts";
import { BackendUnavailable } from "../ports/backend.ts";
import type { AppendAnswer, AppendRequest } from "../ports/shard-store.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { type Parcel, Producer } from "./producer.ts";
import type { Origin } from "./wire.ts";

const setUp = () => {
  const clock = new VirtualClock();
  const requests: AppendRequest[] = [];
  const told: string[] = [];
  let memory = true;
  const producer = new Producer({
    shard: 3,
    sender: "node:n1",
    origin: { node: "n1", incarnation: "i1" } as Origin,
    clock,
    limit: 100,
    append: async (request): Promise<AppendAnswer> => {
      requests.push(request);
      if (!memory)
        throw new BackendUnavailable("append", new Error("OOM"), request.shard, "out-of-memory");
      return { kind: "appended", last: requests.length };
    },
    newProducerId: () => "1.p" as ProducerId,
    newHash: () => `h${requests.length}`,
    idle: () => {},
    lost: () => {},
    closed: () => {},
  });
  const parcel = (id: string): Parcel => ({
    message: { kind: "k", id, command: "c", input: {}, sender: "", depth: 0, sentAt: 0 },
    stillWanted: () => true,
    unsendable: () => told.push(`${id} unsendable`),
    sent: () => told.push(`${id} sent`),
    unsent: () => told.push(`${id} unsent`),
    stalled: () => told.push(`${id} stalled`),
    appended: (end) =>
      told.push(`${id} ${end.kind === "not-applied" ? `not applied: ${end.why}` : end.kind}`),
  });
  return {
    clock,
    requests,
    told,
    setMemory: (has: boolean) => {
      memory = has;
    },
    send: (id: string) => producer.send(parcel(id)),
  };
};

test("without memory the batch in flight is sent again as it was, and all others are refused", async () => {
  const { clock, requests, send, setMemory, told } = setUp();
  setMemory(false);
  send("a");
  await clock.runFor(0);
  expect(told.splice(0)).toEqual(["a sent", "a stalled"]);
  send("b");
  expect(told.splice(0)).toEqual(["b not applied: out-of-memory"]);
  await clock.runFor(3_000);
  expect(new Set(told.splice(0))).toEqual(new Set(["a stalled"]));
  expect(requests.length).toBeGreaterThan(3);
  expect(new Set(requests.map(({ source }) => JSON.stringify(source))).size).toBe(1);

  setMemory(true);
  await clock.runFor(3_000);
  expect(told.splice(0)).toEqual(["a appended"]);
  send("c");
  await clock.runFor(100);
  expect(told).toEqual(["c sent", "c appended"]);
});

test("what waits behind a batch that finds no memory is refused with the next", async () => {
  const { clock, send, setMemory, told } = setUp();
  setMemory(false);
  send("a");
  await Promise.resolve();
  send("b");
  await clock.runFor(0);
  expect(told).toEqual(["a sent", "b not applied: out-of-memory", "a stalled"]);
});
