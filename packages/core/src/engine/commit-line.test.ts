/** A commit whose answer was lost counts as accepted once the final number says that it stands (I2). */
import { expect, test } from "bun:test";
import type { Claim, CommitRequest, ShardStore } from "../ports/shard-store.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { CommitLine } from "./commit-line.ts";

const setUp = async () => {
  const clock = new VirtualClock();
  const told: string[] = [];
  const line = new CommitLine({
    store: { commit: () => new Promise(() => {}) } as unknown as ShardStore,
    clock,
    claim: {} as Claim,
    isReplicated: false,
    meter: {
      commits: 0,
      commitMs: { add: () => {} } as never,
      commitsResent: 0,
      commitsRefused: 0,
    },
    cut: () => ({}) as CommitRequest,
    accepted: () => {},
    uncuttable: () => {},
    refused: () => {},
  });
  line.batch.settlements.push({
    applied: () => told.push("applied"),
    notApplied: () => told.push("not applied"),
    unknown: () => told.push("unknown"),
  });
  line.flush();
  await clock.runFor(10);
  return { line, told };
};

test("one that stands is the last accepted one", async () => {
  const { line, told } = await setUp();
  line.abandon(1);
  expect({ told, seq: line.seq }).toEqual({ told: ["applied"], seq: 1 });
});

test("one that does not stand counts for nothing", async () => {
  const { line, told } = await setUp();
  line.abandon(0);
  expect({ told, seq: line.seq }).toEqual({ told: ["not applied"], seq: 0 });
});

test("one of which nobody can tell counts for nothing", async () => {
  const { line, told } = await setUp();
  line.abandon(undefined);
  expect({ told, seq: line.seq }).toEqual({ told: ["unknown"], seq: 0 });
});
