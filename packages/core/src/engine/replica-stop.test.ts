import { describe, expect, test } from "bun:test";
import { doing, web1, world } from "./replica-kit.test.ts";
import { eventually } from "./view-kit.test.ts";

describe("stopping", () => {
  test("aborts, waits, calls `stopped` for each unit that was tried, and writes no row", async () => {
    const { call, clock, cluster, node, want } = world();
    for (const id of ["a", "b", "c", "d"]) want(id, "on");
    const stopped: unknown[] = [];
    const { board, loop, start } = node(
      {
        stopped: async (unit) => {
          stopped.push(unit);
          if (stopped.length === 1) throw new Error("bad stop");
        },
      },
      { concurrency: 2 },
    );
    await start();
    await eventually(clock, () => loop.units().length === 4);
    const [first, second, third, fourth] = loop.units().map(({ id }) => id);
    await call(0).end({ observed: { have: "on" } });
    expect(doing(loop)).toMatchObject({ [String(fourth)]: "queued" });
    await clock.settle();
    const before = cluster.status(web1).n;
    const written = structuredClone(cluster.status(web1).rows);
    let ended = false;
    const stopping = loop.stop({ timeoutMs: 5_000 }).then(() => {
      ended = true;
    });
    expect([call(1).signal.aborted, call(2).signal.aborted]).toEqual([true, true]);
    want(String(first), "off");
    call(1).report({ have: "late" });
    await call(1).end();
    expect(ended).toBe(false);
    await call(2).end(new Error("aborted"));
    await stopping;
    // the sweeps of view and board; none of the loop's own timers is left
    expect(clock.timers).toBe(2);
    expect(stopped).toEqual([
      { id: first, observed: { have: "on" } },
      { id: second, observed: { have: "on" } },
      { id: third, observed: undefined },
    ]);
    await clock.advance(60_000);
    expect(cluster.status(web1).n).toBe(before);
    expect(cluster.status(web1).rows).toEqual(written);
    expect(board.pending).toBe(false);
  });

  test("ends at its time-out, naming what did not return", async () => {
    const { call, clock, logger, node, want } = world();
    for (const id of ["a", "b"]) want(id, "on");
    const stopped: string[] = [];
    const { loop, start } = node({
      stopped: ({ id }) => {
        stopped.push(id);
        return new Promise(() => {});
      },
    });
    await start();
    await call(0).end();
    let ended = false;
    void loop.stop({ timeoutMs: 3_000 }).then(() => {
      ended = true;
    });
    await clock.advance(2_999);
    expect(ended).toBe(false);
    await clock.advance(1);
    expect(ended).toBe(true);
    expect(stopped).toEqual(["a"]);
    const warnings = logger.lines.filter(({ level }) => level === "warn");
    expect(warnings.map(({ message }) => message)).toEqual([
      "the apply of app/b did not return before the stop",
      "the stop of app/a did not end in time",
    ]);
    await call(1).end();
    expect(call(-1)).toBe(call(1));
  });

  test("before the start and twice is fine, and nothing runs afterwards", async () => {
    const { calls, clock, node, want } = world();
    want("a", "on");
    const { loop, start } = node();
    await loop.stop();
    await loop.stop();
    await start();
    await clock.advance(10_000);
    expect(calls).toEqual([]);
    expect(loop.nudge("a", "force")).toBe("unknown");
  });
});
