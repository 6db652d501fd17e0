/** What a replica may say of a unit between attempts, and what it knows of a former run. */
import { describe, expect, test } from "bun:test";
import type { ReplicaControl } from "../define-replica.ts";
import { doing, type Have, rowOf, world } from "./replica-kit.test.ts";

const withControl = () => {
  const parts = world();
  const held: { control?: ReplicaControl<Have> } = {};
  const begun: number[] = [];
  const node = parts.node({
    begin: (given) => {
      held.control = given;
      begun.push(parts.calls.length);
    },
  });
  const control = (): ReplicaControl<Have> => {
    if (!held.control) throw new Error("the replica was not begun");
    return held.control;
  };
  return { ...parts, ...node, begun, control };
};
const lapse = { observed: { have: "nothing" }, converged: false, error: "it ended" } as const;

describe("a lapse", () => {
  test("takes back that the unit converged, and it is tried again when it says", async () => {
    const { board, call, calls, clock, control, loop, start, want } = withControl();
    want("a", "on");
    await start();
    await call(0).end();
    expect(control().lapsed("a", { ...lapse, retry: { afterMs: 5_000 } })).toBe("taken");
    expect(rowOf(board, "a")).toMatchObject({
      intentId: "on",
      observed: { have: "nothing" },
      converged: false,
      attempts: 1,
      lastError: "it ended",
    });
    expect(doing(loop)).toEqual({ a: "waiting" });
    await clock.advance(5_000);
    expect(calls.map(({ attempt }) => attempt)).toEqual([1, 2]);
    await call(1).end();
    expect(rowOf(board, "a")).toMatchObject({ converged: true, attempts: 0 });
  });

  test("without another try leaves the unit as it is until its intent changes", async () => {
    const { call, calls, clock, control, start, want } = withControl();
    want("a", "on");
    await start();
    await call(0).end();
    control().lapsed("a", { ...lapse, retry: "never" });
    await clock.advance(600_000);
    expect(calls).toHaveLength(1);
    want("a", "off");
    await clock.settle();
    expect(call(1)).toMatchObject({ want: "off", attempt: 1 });
  });

  test("is left to the attempt that runs, and of an unknown unit is none", async () => {
    const { board, control, start, want } = withControl();
    want("a", "on");
    await start();
    expect(control().lapsed("a", { ...lapse, retry: "policy" })).toBe("busy");
    expect(control().lapsed("b", { ...lapse, retry: "policy" })).toBe("unknown");
    expect(rowOf(board, "a")).toBeUndefined();
  });

  test("after the stop writes nothing", async () => {
    const { board, call, control, loop, start, want } = withControl();
    want("a", "on");
    await start();
    await call(0).end();
    await loop.stop();
    expect(control().lapsed("a", { ...lapse, retry: "policy" })).toBe("unknown");
    expect(rowOf(board, "a")).toMatchObject({ converged: true });
  });
});

describe("a replica", () => {
  test("is begun once, before its first attempt", async () => {
    const { begun, start, want } = withControl();
    want("a", "on");
    await start();
    expect(begun).toEqual([0]);
  });

  test("nudges units of its own", async () => {
    const { call, calls, clock, control, start, want } = withControl();
    want("a", "on");
    await start();
    await call(0).end();
    expect(control().nudge("a", "force")).toBe("nudged");
    await clock.settle();
    expect(calls).toHaveLength(2);
  });

  test("is told what the former run of its node observed", async () => {
    const { call, clock, node, want } = world();
    want("a", "on");
    const first = node();
    await first.start();
    expect(call(0).inherited).toBeUndefined();
    await call(0).end();
    await clock.settle();
    await first.kill();
    const second = node();
    await second.start();
    expect(call(1)).toMatchObject({ inherited: { have: "on" }, previous: undefined });
  });
});
