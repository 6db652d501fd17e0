import { expect, test } from "bun:test";
import { NodeClock } from "./node-clock.ts";
import { VirtualClock } from "./virtual-clock.ts";

test("events run by their time and then in the order asked for", () => {
  const clock = new VirtualClock();
  const ran: string[] = [];
  clock.after(20, () => ran.push(`late at ${clock.monotonic()}`));
  clock.after(10, () => ran.push(`first at ${clock.monotonic()}`));
  clock.after(10, () => ran.push(`second at ${clock.monotonic()}`));
  clock.advance(15);
  expect(ran).toEqual(["first at 10", "second at 10"]);
  expect(clock.monotonic()).toBe(15);
  clock.advance(5);
  expect(ran).toEqual(["first at 10", "second at 10", "late at 20"]);
});

test("what an event asks for runs within the same advance when it falls due", () => {
  const clock = new VirtualClock();
  const ran: number[] = [];
  const again = () => {
    ran.push(clock.monotonic());
    clock.after(10, again);
  };
  clock.after(10, again);
  clock.advance(35);
  expect(ran).toEqual([10, 20, 30]);
});

test("a deferred task runs at the same instant, behind what is due by then", () => {
  const clock = new VirtualClock();
  const ran: string[] = [];
  clock.after(0, () => ran.push("timer"));
  clock.defer(() => {
    ran.push("deferred");
    clock.defer(() => ran.push(`nested at ${clock.monotonic()}`));
  });
  clock.advance(0);
  expect(ran).toEqual(["timer", "deferred", "nested at 0"]);
});

test("a cancelled event does not run", () => {
  const clock = new VirtualClock();
  const ran: string[] = [];
  const cancel = clock.after(10, () => ran.push("cancelled"));
  clock.after(5, cancel);
  clock.advance(20);
  cancel();
  expect(ran).toEqual([]);
});

test("promise reactions of an event run before the next event of the same instant", async () => {
  const clock = new VirtualClock();
  const ran: string[] = [];
  clock.after(10, () => {
    void (async () => {
      for (let step = 0; step < 50; step++) await null;
      ran.push(`reactions at ${clock.monotonic()}`);
    })();
  });
  clock.after(10, () => ran.push("next"));
  await clock.run(10);
  expect(ran).toEqual(["reactions at 10", "next"]);
});

test("run takes what promises ask for, and ends at its time", async () => {
  const clock = new VirtualClock();
  const sleep = (ms: number) => new Promise<void>((resolve) => clock.after(ms, resolve));
  const ran: number[] = [];
  void (async () => {
    for (let step = 0; step < 4; step++) {
      await sleep(10);
      ran.push(clock.monotonic());
    }
  })();
  await clock.run(35);
  expect(ran).toEqual([10, 20, 30]);
  expect(clock.monotonic()).toBe(35);
});

test("runUntil ends at the instant of the fact, and rejects when there is none", async () => {
  const clock = new VirtualClock();
  let done = false;
  clock.after(70, () => {
    done = true;
  });
  await clock.runUntil(() => done, 1_000);
  expect(clock.monotonic()).toBe(70);
  await expect(clock.runUntil(() => false, 100)).rejects.toThrow(
    "did not come about within 100 ms",
  );
});

test("an event that throws makes run reject", async () => {
  const clock = new VirtualClock();
  clock.after(1, () => {
    throw new Error("broken event");
  });
  await expect(clock.run(10)).rejects.toThrow("broken event");
});

test("events that bring forth each other without end are reported", () => {
  const clock = new VirtualClock();
  const again = () => clock.defer(again);
  again();
  expect(() => clock.advance(1)).toThrow("Time stands still");
});

test("the wall clock follows the monotonic one until it jumps", () => {
  const clock = new VirtualClock({ wall: 1_000 });
  clock.advance(5);
  clock.jumpWall(-3_000);
  clock.advance(5);
  expect([clock.monotonic(), clock.wall()]).toEqual([10, -1_990]);
});

test("a frozen process runs nothing and catches up in order when it thaws", () => {
  const base = new VirtualClock();
  const clock = new NodeClock(base);
  const ran: string[] = [];
  clock.after(10, () => ran.push(`a at ${clock.monotonic()}`));
  const cancel = clock.after(15, () => ran.push("cancelled"));
  clock.after(20, () => ran.push(`b at ${clock.monotonic()}`));
  clock.freeze();
  base.advance(100);
  expect(ran).toEqual([]);
  cancel();
  clock.thaw();
  base.advance(0);
  expect(ran).toEqual(["a at 100", "b at 100"]);
});

test("a killed process never runs anything again", () => {
  const base = new VirtualClock();
  const clock = new NodeClock(base);
  const ran: string[] = [];
  clock.after(10, () => ran.push("timer"));
  clock.freeze();
  base.advance(20);
  clock.kill();
  clock.thaw();
  clock.defer(() => ran.push("deferred"));
  base.advance(20);
  expect(ran).toEqual([]);
});

test("a process's wall clock jumps alone", () => {
  const base = new VirtualClock({ wall: 0 });
  const clock = new NodeClock(base);
  clock.jumpWall(3_600_000);
  expect([clock.wall(), base.wall(), clock.monotonic()]).toEqual([3_600_000, 0, 0]);
});

test("a suspended process's monotonic clock stands still, and its timers wait on", async () => {
  const base = new VirtualClock();
  const clock = new NodeClock(base);
  const rung: number[] = [];
  clock.after(100, () => rung.push(base.monotonic()));
  await base.runFor(40);
  clock.suspend();
  await base.runFor(5_000);
  expect([clock.monotonic(), clock.wall() - base.wall()]).toEqual([40, 0]);
  clock.thaw();
  expect(clock.monotonic()).toBe(40);
  await base.runFor(1_000);
  expect(rung).toEqual([5_100]);
});

test("a process that was suspended and then frozen goes on in the order of what is due", async () => {
  const base = new VirtualClock();
  const clock = new NodeClock(base);
  const rung: string[] = [];
  clock.after(100, () => rung.push("first"));
  clock.after(110, () => rung.push("second"));
  clock.suspend();
  await base.runFor(50);
  clock.thaw();
  await base.runFor(55);
  // The first was looked at and drawn out; the second is looked at while nothing runs.
  clock.freeze();
  await base.runFor(1_000);
  clock.thaw();
  await base.runFor(0);
  expect(rung).toEqual(["first", "second"]);
});

test("a process whose monotonic clock jumps runs what fell due by that, in order", async () => {
  const base = new VirtualClock();
  const clock = new NodeClock(base);
  const rung: string[] = [];
  clock.after(300, () => rung.push("second"));
  clock.after(100, () => rung.push("first"));
  clock.after(5_000, () => rung.push("later"));
  clock.after(200, () => rung.push("cancelled"))();
  clock.jumpMonotonic(1_000);
  await base.runFor(0);
  expect(rung).toEqual(["first", "second"]);
  expect(clock.monotonic()).toBe(1_000);
  await base.runFor(4_000);
  expect(rung).toEqual(["first", "second", "later"]);
});
