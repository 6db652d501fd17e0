import { expect, test } from "bun:test";
import { EventEmitter } from "node:events";
import { BackendUnavailable, silentLogger } from "@muster/core/ports";
import { VirtualClock } from "@muster/core/testing";
import type { Link, Reply } from "../link.ts";
import { SentinelWatch } from "./sentinel-watch.ts";

/** A Sentinel that tells what the test sets. */
class FakeSentinel {
  readonly redis = new EventEmitter();
  isReady = true;
  awayMs = 0;
  lastError: Error | undefined;
  port = "1";
  epoch = "0";
  quorum = "OK";
  asked = 0;
  /** Never answers. */
  isSilent = false;

  async open(): Promise<void> {
    this.redis.emit("ready");
  }
  close(): void {}
  async whenReady(): Promise<void> {}
  async call(op: string, command: string, args: readonly string[]): Promise<Reply> {
    if (command === "subscribe") return [];
    this.asked += 1;
    if (this.isSilent) return new Promise(() => {});
    const bytes = (...words: readonly string[]) => words.map((word) => Buffer.from(word));
    if (args[0] === "master") return bytes("name", "main", "config-epoch", this.epoch);
    if (args[0] === "get-master-addr-by-name") return bytes("10.0.0.1", this.port);
    if (this.quorum === "OK") return Buffer.from("OK 3 usable Sentinels.");
    throw new BackendUnavailable(op, new Error(this.quorum));
  }
  announce(channel: string, name = "main"): void {
    this.redis.emit("message", channel, `slave 10.0.0.2:1 10.0.0.2 1 @ ${name} 10.0.0.1 1`);
  }
}

const start = async (count = 1) => {
  const clock = new VirtualClock();
  const sentinels = Array.from({ length: count }, () => new FakeSentinel());
  const left = [...sentinels];
  const watch = new SentinelWatch({
    sentinels: sentinels.map((_, n) => `s${n}:26379`),
    name: "main",
    clock,
    logger: silentLogger,
    patienceMs: 1_000,
    make: () => left.shift() as unknown as Link,
    translate: (address) => address,
  });
  let moves = 0;
  watch.onMove(() => {
    moves += 1;
  });
  const opening = watch.open();
  await clock.run(200);
  await opening;
  const where = () => {
    const found: { at?: string | undefined } = {};
    void watch.where().then((followed) => {
      found.at = followed?.address;
    });
    return found;
  };
  const [sentinel] = sentinels as [FakeSentinel];
  const run = (ms: number) => clock.run(clock.monotonic() + ms);
  return { clock, watch, sentinel, sentinels, where, run, moves: () => moves };
};

test("no server is told while a replica is being promoted, then the promoted one", async () => {
  const { watch, sentinel, where, run, moves } = await start();
  expect(moves()).toBe(1);
  sentinel.announce("+selected-slave", "other");
  expect(watch.isHeld).toBe(false);
  sentinel.announce("+selected-slave");
  expect([watch.isHeld, moves()]).toEqual([true, 2]);
  const found = where();
  await run(1_000);
  expect(found).toEqual({});
  Object.assign(sentinel, { port: "2", epoch: "1" });
  sentinel.announce("+promoted-slave");
  await run(0);
  expect([watch.isHeld, moves(), found.at]).toEqual([false, 3, "10.0.0.1:2"]);
});

test.each([
  ["is given up", 0, "-failover-abort-slave-timeout"],
  ["takes too long", 3_000, undefined],
] as const)("a promotion that %s leaves the primary as it is", async (_, ms, channel) => {
  const { watch, sentinel, where, run } = await start();
  sentinel.announce("+selected-slave");
  const found = where();
  await run(2_900);
  expect(watch.isHeld).toBe(true);
  if (channel) sentinel.announce(channel);
  await run(ms);
  expect([watch.isHeld, found.at]).toEqual([false, "10.0.0.1:1"]);
});

test("a change that nobody announced is found by the sweep", async () => {
  const { sentinel, watch, run } = await start();
  Object.assign(sentinel, { port: "2", epoch: "1" });
  await run(5_000);
  expect(watch.hearing.followed).toEqual({ address: "10.0.0.1:2", epoch: 1 });
});

test("a Sentinel that says nothing holds nobody up for long", async () => {
  const { sentinels, where, run } = await start(2);
  Object.assign(sentinels[1] as FakeSentinel, { isSilent: true });
  const found = where();
  await run(100);
  expect(found.at).toBe("10.0.0.1:1");
});

test("connections made at the same time ask once", async () => {
  const { sentinel, where, run } = await start();
  await run(1_000);
  const before = sentinel.asked;
  const found = [where(), where(), where()];
  await run(10);
  expect(found.map(({ at }) => at)).toEqual(["10.0.0.1:1", "10.0.0.1:1", "10.0.0.1:1"]);
  expect(sentinel.asked - before).toBe(2);
});

test("a quorum that is gone is known by the next sweep, and once it is back", async () => {
  const { sentinel, watch, run } = await start();
  sentinel.quorum = "NOQUORUM 1 usable Sentinels.";
  await run(5_000);
  expect(watch.hearing.noQuorum).toContain("1 usable");
  sentinel.quorum = "OK";
  await run(5_000);
  expect(watch.hearing.noQuorum).toBeUndefined();
});
