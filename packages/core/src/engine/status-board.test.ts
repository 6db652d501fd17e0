import { describe, expect, test } from "bun:test";
import type { HistoryId, Incarnation, NodeId } from "../model/ids.ts";
import { StatusBoard, type StatusBoardOptions } from "./status-board.ts";
import type { OwnStatusRow } from "./status-row.ts";
import {
  closedGate,
  eventually,
  FakeCluster,
  memoryLogger,
  seededRandom,
  TestClock,
} from "./view-kit.test.ts";

const web1 = "web-1" as NodeId;
const web2 = "web-2" as NodeId;
const life = (n: number) => `life-${n}` as Incarnation;

const row = (intentId: string, over: Partial<OwnStatusRow> = {}): OwnStatusRow => ({
  intentId,
  observed: { status: "on" },
  converged: true,
  attempts: 0,
  nextAttemptAt: 0,
  lastError: undefined,
  since: 5,
  ...over,
});

const world = () => {
  const clock = new TestClock();
  const cluster = new FakeCluster();
  const logger = memoryLogger();
  const open = (nodeId: NodeId, incarnation: Incarnation, over: Partial<StatusBoardOptions> = {}) =>
    new StatusBoard({
      nodeId,
      incarnation,
      store: cluster,
      bus: cluster,
      clock,
      random: seededRandom(7),
      logger,
      now: () => 1_000_000 + clock.monotonic(),
      sweepMs: 5_000,
      ...over,
    });
  const started = async (
    nodeId: NodeId,
    incarnation: Incarnation,
    over: Partial<StatusBoardOptions> = {},
  ) => {
    const board = open(nodeId, incarnation, over);
    await board.start();
    await clock.settle();
    return board;
  };
  const pair = async () => {
    const one = await started(web1, life(1));
    const two = await started(web2, life(2));
    const nodes = [
      { id: web1, incarnation: life(1) },
      { id: web2, incarnation: life(2) },
    ];
    one.follow(nodes);
    two.follow(nodes);
    await clock.settle();
    return { one, two };
  };
  return { clock, cluster, logger, open, started, pair };
};
const seen = (board: StatusBoard, unit: string) =>
  board.forUnit(unit).map(({ nodeId, row: { intentId }, stale }) => [nodeId, intentId, stale]);

describe("own rows", () => {
  test("of one tick are one write, and the first write of an incarnation resets", async () => {
    const { clock, cluster, started } = world();
    const board = await started(web1, life(1));
    board.set("app/a", row("i1"));
    board.set("app/b", row("i1"));
    board.set("app/a", row("i2"));
    await clock.settle();
    board.set("app/b", "removed");
    await clock.settle();
    expect(cluster.calls.map(({ method }) => method)).toEqual([
      "listStatus",
      "subscribe",
      "reset",
      "write",
    ]);
    expect([...cluster.status(web1).rows.keys()]).toEqual(["app/a"]);
    expect(board.pending).toBe(false);
  });

  test("set while a write is under way go together into the next one", async () => {
    const { clock, cluster, started } = world();
    const board = await started(web1, life(1));
    board.set("app/a", row("i1"));
    const { gate, open } = closedGate();
    cluster.gate = gate;
    await clock.settle();
    for (let i = 2; i < 50; i++) board.set(`app/${i % 3}`, row(`i${i}`));
    board.set("app/a", row("i50"));
    await clock.settle();
    expect(cluster.count("reset") + cluster.count("write")).toBe(1);
    expect(board.pending).toBe(true);
    cluster.gate = undefined;
    open();
    await clock.settle();
    expect(cluster.count("reset") + cluster.count("write")).toBe(2);
    expect(cluster.status(web1).rows.size).toBe(4);
    expect(board.pending).toBe(false);
    const reader = await started(web2, life(2));
    reader.follow([{ id: web1, incarnation: life(1) }]);
    await clock.settle();
    expect(seen(reader, "app/a")).toEqual([[web1, "i50", false]]);
  });

  test("are written until the backend takes them", async () => {
    const { clock, cluster, logger, started } = world();
    const board = await started(web1, life(1));
    cluster.away = true;
    board.set("app/a", row("i1"));
    await clock.advance(30_000);
    board.set("app/a", row("i2"));
    expect(board.pending).toBe(true);
    cluster.away = false;
    await eventually(clock, () => !board.pending);
    const other = await started(web2, life(2));
    other.follow([{ id: web1, incarnation: life(1) }]);
    await clock.settle();
    expect(seen(other, "app/a")).toEqual([[web1, "i2", false]]);
    const waits = logger.lines.filter(({ message }) => message.includes("wait for the backend"));
    expect(waits).toHaveLength(1);
  });

  test("more than fit into one write are written in several", async () => {
    const { clock, cluster, started } = world();
    const board = await started(web1, life(1));
    for (let i = 0; i < 1_200; i++) board.set(`app/${i}`, row("i1"));
    await clock.settle();
    expect([cluster.count("reset"), cluster.count("write")]).toEqual([1, 2]);
    expect(cluster.status(web1).rows.size).toBe(1_200);
  });

  test("carry the history they were written under, also when it was not the one expected", async () => {
    const { clock, cluster, started } = world();
    const board = await started(web1, life(1));
    cluster.historyId = "h2" as HistoryId;
    board.set("app/a", row("i1"));
    await clock.settle();
    expect(cluster.count("reset")).toBe(2);
    expect(board.row(web1, "app/a")?.row).toEqual({
      unit: "app/a",
      ...row("i1"),
      reportedAt: 1_000_000,
      historyId: "h2",
    });
  });

  test("are written again with a reset after a change of history", async () => {
    const { clock, cluster, pair } = world();
    const { one, two } = await pair();
    one.set("app/a", row("i1"));
    await clock.settle();
    cluster.historyId = "h2" as HistoryId;
    await clock.advance(5_000);
    expect(cluster.count("reset")).toBe(2);
    expect(seen(two, "app/a")).toEqual([[web1, "i1", false]]);
  });

  test("are written again at once when the bus was reset and the data went back", async () => {
    const { clock, cluster, started } = world();
    const board = await started(web1, life(1));
    board.set("app/a", row("i1"));
    await clock.settle();
    const restore = cluster.snapshot();
    board.set("app/b", row("i1"));
    await clock.settle();
    restore();
    cluster.reset();
    await clock.settle();
    expect([...cluster.status(web1).rows.keys()].sort()).toEqual(["app/a", "app/b"]);
  });

  test("are written again when the data went back to before this incarnation", async () => {
    const { clock, cluster, started } = world();
    const old = await started(web1, life(1));
    old.set("app/a", row("i1"));
    await clock.settle();
    await old.stop();
    const restore = cluster.snapshot();
    const board = await started(web1, life(2));
    board.set("app/b", row("i2"));
    await clock.settle();
    restore();
    board.set("app/c", row("i3"));
    await eventually(clock, () => !board.pending);
    expect(board.superseded).toBe(false);
    expect(cluster.status(web1).incarnation).toBe(life(2));
    expect([...cluster.status(web1).rows.keys()].sort()).toEqual(["app/b", "app/c"]);
  });

  test("of a replaced incarnation are refused, and that is told once", async () => {
    const { clock, cluster, started } = world();
    const old = await started(web1, life(1));
    const told: string[] = [];
    old.onSuperseded((by) => told.push(by));
    old.set("app/a", row("i1"));
    await clock.settle();
    const present = await started(web1, life(2));
    present.set("app/a", row("i2"));
    await clock.settle();
    old.set("app/a", row("i3"));
    old.set("app/b", row("i3"));
    await clock.advance(20_000);
    old.set("app/a", row("i4"));
    await clock.advance(20_000);
    expect(told).toEqual([life(2)]);
    expect(old.superseded).toBe(true);
    expect(old.row(web1, "app/a")?.stale).toBe(true);
    expect(cluster.status(web1).incarnation).toBe(life(2));
    expect(present.superseded).toBe(false);
    expect(seen(present, "app/a")).toEqual([[web1, "i2", false]]);
  });

  test("wait while this node may not act for its incarnation", async () => {
    const { clock, cluster, started } = world();
    let trusted = false;
    const board = await started(web1, life(1), { mayWrite: () => trusted });
    board.set("app/a", row("i1"));
    await clock.advance(10_000);
    expect(cluster.count("reset")).toBe(0);
    trusted = true;
    await clock.advance(1_000);
    expect(cluster.status(web1).rows.size).toBe(1);
  });
});

describe("a new incarnation", () => {
  test("finds what the former one left, and drops it at its own first write", async () => {
    const { clock, cluster, started } = world();
    const old = await started(web1, life(1));
    old.set("app/a", row("i1", { attempts: 3, lastError: "boom", converged: false }));
    old.set("app/b", row("i1"));
    await clock.settle();
    await old.stop();
    const board = await started(web1, life(2));
    expect(board.loaded).toBe(true);
    expect([...board.inherited().keys()]).toEqual(["app/a", "app/b"]);
    expect(board.inherited().get("app/a")).toMatchObject({ attempts: 3, lastError: "boom" });
    expect(board.forNode(web1)).toEqual([]);
    expect(cluster.status(web1).rows.size).toBe(2);
    board.set("app/a", row("i1"));
    await clock.settle();
    expect([...cluster.status(web1).rows.keys()]).toEqual(["app/a"]);
  });

  test("drops them also when it has nothing to report", async () => {
    const { clock, cluster, started } = world();
    const old = await started(web1, life(1));
    old.set("app/a", row("i1"));
    await clock.settle();
    await old.stop();
    const board = await started(web1, life(2));
    board.begin();
    board.begin();
    await clock.settle();
    expect(cluster.status(web1)).toMatchObject({ incarnation: life(2), n: 2 });
    expect(cluster.status(web1).rows.size).toBe(0);
  });

  test("writes nothing before it has read them, however long that takes", async () => {
    const { clock, cluster, open } = world();
    cluster.away = true;
    const board = open(web1, life(1));
    let loaded = 0;
    board.onLoaded(() => {
      loaded += 1;
    });
    await board.start();
    board.set("app/a", row("i1"));
    await clock.advance(20_000);
    expect([loaded, board.loaded, board.ready]).toEqual([0, false, false]);
    cluster.away = false;
    await eventually(clock, () => !board.pending);
    expect(loaded).toBe(1);
    const methods = cluster.calls.map(({ method }) => method);
    expect(methods.indexOf("reset")).toBeGreaterThan(methods.lastIndexOf("listStatus"));
  });
});

describe("rows of other nodes", () => {
  test("are listed and watched, and told of", async () => {
    const { clock, cluster, pair } = world();
    const { one, two } = await pair();
    const told: unknown[] = [];
    one.onChange((nodeId, unit, changed) => told.push([nodeId, unit, changed?.row.intentId]));
    two.set("app/a", row("i1"));
    await clock.settle();
    two.set("app/a", "removed");
    await clock.settle();
    one.set("app/b", row("i2"));
    expect(told).toEqual([
      [web2, "app/a", "i1"],
      [web2, "app/a", undefined],
      [web1, "app/b", "i2"],
    ]);
    await clock.settle();
    expect(seen(two, "app/b")).toEqual([[web1, "i2", false]]);
    expect(two.forNode(web1).map(({ row: { unit } }) => unit)).toEqual(["app/b"]);
    expect(two.forNode("web-9" as NodeId)).toEqual([]);
    expect(cluster.count("listStatus")).toBe(4);
  });

  test("whose hint was lost are found by the sweep, that node's alone", async () => {
    const { clock, cluster, pair } = world();
    const { one, two } = await pair();
    two.set("app/a", row("i1"));
    await clock.settle();
    cluster.held = [];
    two.set("app/a", row("i2"));
    await clock.settle();
    cluster.calls.length = 0;
    await clock.advance(5_000);
    expect(seen(one, "app/a")).toEqual([[web2, "i2", false]]);
    const listed = cluster.calls.filter(({ method }) => method === "listStatus");
    expect(listed.map(({ keys }) => keys)).toEqual([[web2]]);
  });

  test("of a former incarnation are stale", async () => {
    const { clock, pair } = world();
    const { one, two } = await pair();
    two.set("app/a", row("i1"));
    await clock.settle();
    expect(seen(one, "app/a")).toEqual([[web2, "i1", false]]);
    one.follow([
      { id: web1, incarnation: life(1) },
      { id: web2, incarnation: life(3) },
    ]);
    expect(seen(one, "app/a")).toEqual([[web2, "i1", true]]);
  });

  test("of another history are stale until they are reported again", async () => {
    const { clock, cluster, pair } = world();
    const { one, two } = await pair();
    two.set("app/a", row("i1"));
    await clock.settle();
    await two.stop();
    cluster.historyId = "h2" as HistoryId;
    cluster.reset();
    await clock.settle();
    expect(seen(one, "app/a")).toEqual([[web2, "i1", true]]);
    expect(one.stale).toBe(false);
  });

  test("are stale while the backend is away, own rows are not", async () => {
    const { clock, cluster, pair } = world();
    const { one, two } = await pair();
    one.set("app/a", row("i1"));
    two.set("app/a", row("i1"));
    await clock.settle();
    cluster.away = true;
    await clock.advance(6_000);
    expect(one.stale).toBe(true);
    expect(seen(one, "app/a")).toEqual([
      [web1, "i1", false],
      [web2, "i1", true],
    ]);
    cluster.away = false;
    await eventually(clock, () => !one.stale);
    expect(seen(one, "app/a").every(([, , stale]) => stale === false)).toBe(true);
  });

  test("are replaced as a whole by a reset", async () => {
    const { clock, cluster, pair, started } = world();
    const { one, two } = await pair();
    two.set("app/a", row("i1"));
    two.set("app/b", row("i1"));
    await clock.settle();
    cluster.calls.length = 0;
    await two.stop();
    const again = await started(web2, life(3));
    one.follow([{ id: web2, incarnation: life(3) }]);
    again.set("app/a", row("i2"));
    await clock.settle();
    expect(one.forNode(web2).map(({ row: { unit }, stale }) => [unit, stale])).toEqual([
      ["app/a", false],
    ]);
  });

  test("of a node that is no longer followed are forgotten", async () => {
    const { clock, pair } = world();
    const { one, two } = await pair();
    two.set("app/a", row("i1"));
    await clock.settle();
    const told: unknown[] = [];
    one.onChange((nodeId, unit, changed) => told.push([nodeId, unit, changed]));
    one.follow([{ id: web1, incarnation: life(1) }]);
    expect(told).toEqual([[web2, "app/a", undefined]]);
    expect(one.forUnit("app/a")).toEqual([]);
    two.set("app/a", row("i2"));
    await clock.settle();
    expect(one.forUnit("app/a")).toEqual([]);
  });

  test("that cannot be read are listed and block nothing (I8)", async () => {
    const { clock, cluster, logger, pair } = world();
    const { one, two } = await pair();
    two.set("app/a", row("i1"));
    two.set("app/b", row("i1"));
    await clock.settle();
    const bad = new Uint8Array([0x81, 0xa1]);
    const write = { nodeId: web2, incarnation: life(2), seq: 9, reset: false };
    await cluster.writeStatus({ ...write, rows: [{ unit: "app/a", row: bad }] });
    cluster.reset();
    await clock.settle();
    expect(one.unreadable().map(({ nodeId, unit }) => [nodeId, unit])).toEqual([[web2, "app/a"]]);
    expect(seen(one, "app/a")).toEqual([]);
    expect(seen(one, "app/b")).toEqual([[web2, "i1", false]]);
    const errors = logger.lines.filter(({ message }) => message === "a status row cannot be read");
    expect(errors).toHaveLength(1);
  });
});

describe("the life-cycle", () => {
  test("stop before start and twice is fine, and nothing runs afterwards", async () => {
    const { clock, cluster, open, started } = world();
    const never = open(web1, life(1));
    await never.stop();
    await never.start();
    never.set("app/a", row("i1"));
    const board = await started(web2, life(2));
    board.set("app/a", row("i1"));
    await board.stop();
    await board.stop();
    board.set("app/b", row("i1"));
    await clock.advance(30_000);
    expect(cluster.count("reset") + cluster.count("write")).toBe(0);
    expect(cluster.subscribers).toBe(0);
    expect(clock.timers).toBe(0);
  });
});
