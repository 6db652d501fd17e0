import { describe, expect, test } from "bun:test";
import type { HistoryId } from "../model/ids.ts";
import { rowOf, web1, world } from "./replica-kit.test.ts";

describe("retries", () => {
  test("follow the policy, as data in the row", async () => {
    const { call, calls, clock, node, want } = world();
    want("a", "on");
    const { board, start } = node();
    await start();
    for (const [attempt, delay] of [1_000, 2_000, 4_000, 8_000].entries()) {
      await call(-1).end(new Error("boom"));
      const now = 1_000_000 + clock.monotonic();
      expect(rowOf(board, "a")).toMatchObject({
        converged: false,
        attempts: attempt + 1,
        nextAttemptAt: now + delay,
        lastError: "boom",
      });
      await clock.advance(delay - 1);
      expect(calls).toHaveLength(attempt + 1);
      await clock.advance(1);
      expect(call(-1)).toMatchObject({ attempt: attempt + 2 });
    }
    await call(-1).end();
    expect(rowOf(board, "a")).toMatchObject({
      converged: true,
      attempts: 0,
      nextAttemptAt: 0,
      lastError: undefined,
    });
  });

  test("do not come for `never`, until the intent changes or one is forced", async () => {
    const { call, calls, clock, node, want } = world();
    want("a", "on");
    const { board, loop, start } = node();
    await start();
    await call(0).end({ converged: false, retry: "never", error: "does not compile" });
    expect(rowOf(board, "a")).toMatchObject({ attempts: 1, nextAttemptAt: 0 });
    await clock.advance(3_600_000);
    expect(loop.nudge("a", "soft")).toBe("nudged");
    await clock.settle();
    expect(calls).toHaveLength(1);
    expect(loop.nudge("a", "force")).toBe("nudged");
    await clock.settle();
    expect(call(1)).toMatchObject({ attempt: 1 });
    expect(loop.nudge("nobody", "force")).toBe("unknown");
  });

  test("come after the delay that the outcome names", async () => {
    const { call, calls, clock, node, want } = world();
    want("a", "on");
    const { start } = node();
    await start();
    await call(0).end({ converged: false, retry: { afterMs: 300_000 } });
    await clock.advance(299_999);
    expect(calls).toHaveLength(1);
    await clock.advance(1);
    expect(calls).toHaveLength(2);
  });

  test("can be forced at once, with attempts reset, also during an attempt", async () => {
    const { call, calls, clock, node, want } = world();
    want("a", "on");
    const { loop, start } = node();
    await start();
    await call(0).end(new Error("boom"));
    await clock.advance(1_000);
    await call(1).end(new Error("boom"));
    loop.nudge("a", "force");
    await clock.settle();
    expect(call(2)).toMatchObject({ attempt: 1 });
    loop.nudge("a", "force");
    expect(call(2).signal.aborted).toBe(false);
    await call(2).end(new Error("boom"));
    expect(call(3)).toMatchObject({ attempt: 1 });
    await call(3).end();
    await clock.advance(60_000);
    expect(calls).toHaveLength(4);
  });

  test("report what `failed` makes of the error, and contain a `failed` that throws", async () => {
    const { call, clock, logger, node, want } = world();
    want("a", "on");
    want("b", "on");
    const { board, start } = node({
      failed: (error, previous) => {
        if (String(error).includes("worse")) throw new Error("second");
        return { have: `${previous?.have}: ${String(error)}` };
      },
    });
    await start();
    await call(0).end(new Error("boom"));
    await call(1).end(new Error("worse"));
    expect(rowOf(board, "a")?.observed).toEqual({ have: "undefined: Error: boom" });
    expect(rowOf(board, "b")).toMatchObject({ attempts: 1, lastError: "worse" });
    expect(logger.lines.filter(({ level }) => level === "error")).toHaveLength(1);
    await clock.advance(1_000);
    expect(call(2).previous).toEqual({ have: "undefined: Error: boom" });
  });

  test("an apply that throws before it returns a promise is a failure like any other", async () => {
    const { clock, node, want } = world();
    want("a", "on");
    const { board, start } = node({
      apply: () => {
        throw new Error("at once");
      },
    });
    await start();
    await clock.settle();
    expect(rowOf(board, "a")).toMatchObject({ attempts: 1, lastError: "at once" });
  });
});

describe("reporting", () => {
  test("interim values are reported until the attempt has ended", async () => {
    const { call, node, want } = world();
    want("a", "on");
    const { board, start } = node();
    await start();
    call(0).report({ have: "half" });
    expect(rowOf(board, "a")).toMatchObject({
      intentId: "on",
      observed: { have: "half" },
      converged: false,
      attempts: 0,
    });
    await call(0).end();
    call(0).report({ have: "late" });
    expect(rowOf(board, "a")).toMatchObject({ observed: { have: "on" }, converged: true });
  });

  test("`since` stands as long as the same is observed", async () => {
    const { call, clock, node, want } = world();
    want("a", "on");
    const { board, loop, start } = node();
    await start();
    await call(0).end();
    await clock.advance(10_000);
    loop.nudge("a", "force");
    await clock.settle();
    await call(1).end({ observed: { have: "on" } });
    expect(rowOf(board, "a")).toMatchObject({ since: 1_000_000, reportedAt: 1_010_000 });
    want("a", "off");
    await clock.settle();
    await call(2).end();
    expect(rowOf(board, "a")).toMatchObject({ since: 1_010_000 });
  });

  test("a value that cannot be encoded is named; the attempt counts all the same", async () => {
    const { call, logger, node, want } = world();
    want("a", "on");
    const { board, start } = node();
    await start();
    await call(0).end({ observed: { have: (() => {}) as unknown as string } });
    expect(
      logger.lines.some(({ message }) => message === "an observed value cannot be encoded"),
    ).toBe(true);
    expect(rowOf(board, "a")).toMatchObject({ converged: true, observed: undefined });
  });
});

describe("a restart", () => {
  test("inherits attempts at the same intent, tries once at once, and goes on from there", async () => {
    const { call, calls, clock, node, want } = world();
    want("a", "on");
    want("b", "on");
    const old = node();
    await old.start();
    for (let attempt = 0; attempt < 3; attempt++) {
      await call(-2).end(new Error("boom"));
      await call(-1).end(new Error("boom"));
      await clock.advance(1_000 * 2 ** attempt);
    }
    await old.kill();
    want("b", "off");
    calls.length = 0;
    const { board, start } = node();
    await start();
    expect(calls.map(({ attempt, id, previous }) => [id, attempt, previous])).toEqual([
      ["a", 4, undefined],
      ["b", 1, undefined],
    ]);
    await call(0).end(new Error("boom"));
    expect(rowOf(board, "a")).toMatchObject({
      attempts: 4,
      nextAttemptAt: 1_000_000 + clock.monotonic() + 8_000,
    });
  });

  test.each([undefined, "s1" as HistoryId])(
    "tears down what was removed while the node was down; status rows on another server: %p",
    async (history) => {
      const { call, calls, cluster, node, want } = world();
      cluster.statusHistoryId = history;
      want("a", "on");
      want("b", "on");
      const old = node();
      await old.start();
      await call(0).end();
      await call(1).end();
      await old.kill();
      want("a", undefined);
      calls.length = 0;
      const { board, start } = node();
      await start();
      expect(calls.map(({ id, want: to }) => [id, to])).toEqual([
        ["b", "on"],
        ["a", undefined],
      ]);
      await call(1).end();
      expect(rowOf(board, "a")).toBeUndefined();
    },
  );

  test("tears down nothing whose row may have been lost with data", async () => {
    const { call, calls, cluster, node, want } = world();
    const restore = cluster.snapshot();
    want("a", "on");
    const old = node();
    await old.start();
    await call(0).end();
    await old.kill();
    const status = cluster.status(web1);
    const rows = new Map(status.rows);
    restore();
    cluster.historyId = "h2" as HistoryId;
    const life = { nodeId: web1, incarnation: old.incarnation, seq: 99, reset: true };
    await cluster.writeStatus({ ...life, rows: [...rows].map(([unit, row]) => ({ unit, row })) });
    calls.length = 0;
    const { start, loop } = node();
    await start();
    expect(calls).toEqual([]);
    expect(loop.units()).toEqual([]);
    // what the former incarnation said is no longer shown
    expect(cluster.status(web1).rows.size).toBe(0);
  });
});
