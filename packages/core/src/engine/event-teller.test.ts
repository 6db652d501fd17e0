import { expect, test } from "bun:test";
import type { Incarnation, NodeId } from "../model/ids.ts";
import { BackendUnavailable } from "../ports/backend.ts";
import type { AddEvents, AddEventsAnswer } from "../ports/event-store.ts";
import { silentLogger } from "../ports/logger.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { EventTeller } from "./event-teller.ts";

/** A store that numbers as the real ones do, and that can be away. */
const setUp = () => {
  const clock = new VirtualClock();
  const requests: AddEvents[] = [];
  const state = { away: false, losesReplies: false, last: 0, lost: 0, mayTell: true };
  const add = async (request: AddEvents): Promise<AddEventsAnswer> => {
    if (state.away) throw new BackendUnavailable("add");
    requests.push(request);
    const { first, lostUpTo = 0 } = request.source;
    if (first > Math.max(state.last, lostUpTo) + 1) return { kind: "gap", last: state.last };
    state.lost += Math.max(0, lostUpTo - state.last);
    state.last = Math.max(state.last, first + request.payloads.length - 1);
    if (state.losesReplies) throw new BackendUnavailable("add");
    return { kind: "added", last: state.last };
  };
  const teller = new EventTeller({
    nodeId: "web-1" as NodeId,
    incarnation: "life" as Incarnation,
    store: { add },
    clock,
    logger: silentLogger,
    keep: 10,
    keepAudited: 10,
    now: () => clock.wall(),
    mayTell: () => state.mayTell,
  });
  const tell = (count: number) => {
    for (let i = 0; i < count; i++) teller.tell("app/crm", { type: "app.node.reported" });
  };
  return { clock, requests, state, teller, tell };
};

test("events told together go together, numbered by the incarnation", async () => {
  const { clock, requests, tell } = setUp();
  tell(3);
  await clock.runFor(100);
  tell(2);
  await clock.runFor(100);
  expect(requests.map(({ source, payloads }) => ({ ...source, count: payloads.length }))).toEqual([
    { name: "node web-1", numbering: "life", first: 1, count: 3 },
    { name: "node web-1", numbering: "life", first: 4, count: 2 },
  ] as never);
});

test("events without an answer are sent again under their numbers, and added once", async () => {
  const { clock, requests, state, tell } = setUp();
  state.losesReplies = true;
  tell(2);
  await clock.runFor(1_000);
  state.losesReplies = false;
  await clock.runFor(5_000);
  expect(requests.length).toBeGreaterThan(1);
  expect(new Set(requests.map(({ source }) => source.first))).toEqual(new Set([1]));
  expect(state).toMatchObject({ last: 2, lost: 0 });
});

test("what waits while the store is away for long is bounded, and the rest is told as missing", async () => {
  const { clock, state, tell } = setUp();
  state.away = true;
  tell(1_500);
  await clock.runFor(10_000);
  state.away = false;
  await clock.runFor(60_000);
  expect(state).toMatchObject({ last: 1_500, lost: 500 });
});

test("a node that may not act tells later, and one that has stopped no more", async () => {
  const { clock, requests, state, teller, tell } = setUp();
  state.mayTell = false;
  tell(1);
  await clock.runFor(5_000);
  expect(requests).toEqual([]);
  state.mayTell = true;
  await clock.runFor(5_000);
  expect(state.last).toBe(1);
  tell(1);
  teller.stop();
  await clock.runFor(5_000);
  expect(state.last).toBe(1);
});
