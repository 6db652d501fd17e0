import { expect, test } from "bun:test";
import { Distribution } from "./meter.ts";
import { readGauges } from "./node-gauges.ts";

test("a value is counted under the first bound that it does not exceed", () => {
  const distribution = new Distribution([1, 5]);
  for (const value of [0, 1, 1.5, 5, 6, 100]) distribution.add(value);
  expect(distribution.counts).toEqual([2, 2, 2]);
  expect([distribution.count, distribution.sum]).toEqual([6, 113.5]);
});

test("gauges are sums over the shards, and the age is that of the oldest command", () => {
  const owner = (queued: number, oldestEntryAt: number | undefined) => ({
    queued,
    oldestEntryAt,
    timers: 2,
    effects: { recorded: 3, running: 1 },
    unsent: 4,
  });
  const gauges = readGauges({
    owners: [owner(1, 900), owner(2, undefined), owner(0, 400)],
    residents: 7,
    now: 1_000,
    views: [
      { view: "app", asOf: 750, stale: false },
      { view: "$status", asOf: 0, stale: true },
    ],
  });
  expect(gauges).toEqual({
    shardsOwned: 3,
    commandsWaiting: 3,
    oldestWaitingMs: 600,
    timers: 6,
    effectsRecorded: 9,
    effectsRunning: 3,
    messagesUnsent: 12,
    residentActors: 7,
    views: [
      { view: "app", ageMs: 250, stale: false },
      { view: "$status", ageMs: undefined, stale: true },
    ],
  });
});
