/** What is told of changes: once, in order, to whoever listens and to whoever asks later. */
import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { defineActor } from "./define-actor.ts";
import { ended, world } from "./engine/engine-kit.test.ts";
import type { EventItem } from "./model/event.ts";
import type { NodeId } from "./model/ids.ts";
import { isoInstant } from "./model/instant.ts";
import type { Muster } from "./muster-types.ts";
import { calmPlan, roughPlan } from "./testing/fault-plan.ts";

const order = defineActor({
  kind: "order",
  state: z.number().int(),
  commands: {
    step: { input: z.strictObject({ type: z.string().optional() }), output: z.number().int() },
    large: { input: z.strictObject({ bytes: z.number().int() }), output: z.number().int() },
  },
});
const Order = order.implement({
  initial: () => 0,
  on: {
    step: (turn, state, { type = "order.stepped" }) =>
      turn
        .next(state + 1, { events: [{ type, data: { previous: state, next: state + 1 } }] })
        .reply(state + 1),
    large: (turn, state, { bytes }) =>
      turn
        .next(state + 1, { events: [{ type: "order.large", data: { next: "x".repeat(bytes) } }] })
        .reply(state + 1),
  },
});

const orders = (options: Parameters<typeof world>[0] = {}) =>
  world({ actors: [Order], ...options });
type World = ReturnType<typeof world>;
const step = (node: Muster, id: string, type?: string) =>
  node.actor(order, id).ask.step(type === undefined ? {} : { type });

const listen = (node: Muster, options: Parameters<Muster["events"]["subscribe"]>[0] = {}) => {
  const items: EventItem[] = [];
  const end = node.events.subscribe(options, (item) => void items.push(item));
  return { items, end };
};
/** What the items tell of one subject: its steps, or that some are missing. */
const stepsOf = (items: readonly EventItem[], subject: string): readonly unknown[] =>
  items.flatMap((item) => {
    if ("subject" in item) return item.subject === subject ? [item.data.next] : [];
    return ["gap"];
  });
const upTo = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i + 1);
const instantOf = (id = ""): string => isoInstant(Number(id.split("-")[0]));
const history = async (w: World, node: Muster, request = {}) => {
  // What was committed a moment ago is on its way to the stream.
  await w.clock.runFor(100);
  return w.finish(node.events.history(request));
};

describe("subscribers", () => {
  test("every node's subscribers are told every event, once and in the order of its actor", async () => {
    const w = orders();
    const nodes = [await w.start("n1"), await w.start("n2"), await w.start("n3")];
    const heard = nodes.map((node) => listen(node));
    await w.clock.runFor(100);
    for (let round = 0; round < 4; round++) {
      for (const node of nodes) {
        await w.finish(Promise.all(["a", "b", "c"].map((id) => step(node, id))));
      }
    }
    await w.until(() => heard.every(({ items }) => items.length === 36));
    for (const { items } of heard) {
      expect(items).toEqual(heard[0]?.items ?? []);
      for (const id of ["a", "b", "c"]) expect(stepsOf(items, `order/${id}`)).toEqual(upTo(12));
    }
    await w.stopAll();
  });

  test("events survive their owner, lost answers and late copies", async () => {
    const w = orders({ seed: 7 });
    const one = await w.start("n1");
    await w.start("n2");
    const three = await w.start("n3");
    const { items } = listen(one);
    await w.clock.runFor(100);
    const ids = ["a", "b", "c", "d", "e", "f"];
    w.backend.plan = roughPlan;
    const done = new Map<string, number>();
    const load = async (): Promise<void> => {
      for (let n = 0; n < 20; n++) {
        await Promise.all(
          ids.map(async (id) => {
            const end = await ended(
              one.actor(order, id).ask.step({}, { idempotencyKey: `${id}-${n}` }),
            );
            if ("value" in end) done.set(id, end.value);
          }),
        );
      }
    };
    const loading = load();
    await w.clock.runFor(300);
    w.backend.kill("n2" as NodeId);
    await w.finish(loading, 600_000);
    w.backend.plan = calmPlan;
    await w.settled();
    await w.clock.runFor(20_000);
    for (const id of ids) {
      const told = stepsOf(items, `order/${id}`);
      expect(told).toEqual(upTo(told.length));
      expect(told.length).toBeGreaterThanOrEqual(done.get(id) ?? Number.NaN);
    }
    await w.finish(Promise.all([one.stop(), three.stop()]));
  });

  test("a lost hint is found by the sweep", async () => {
    const w = orders();
    const one = await w.start("n1");
    const { items } = listen(one);
    await w.clock.runFor(100);
    w.backend.plan = { ...calmPlan, loseMessage: 1 };
    await w.finish(step(one, "a"));
    await w.until(() => items.length === 1, 6_000);
    await w.stopAll();
  });

  test("one goes on after the id it names, and begins at an instant", async () => {
    const w = orders();
    const one = await w.start("n1");
    for (let n = 0; n < 3; n++) await w.finish(step(one, "a"));
    const { items: all } = await history(w, one);
    const after = listen(one, { since: all[0]?.id ?? "" });
    const from = listen(one, { since: all[0]?.at ?? "" });
    await w.finish(step(one, "a"));
    await w.until(() => after.items.length === 3 && from.items.length === 4);
    expect(stepsOf(after.items, "order/a")).toEqual([2, 3, 4]);
    expect(stepsOf(from.items, "order/a")).toEqual([1, 2, 3, 4]);
    await w.stopAll();
  });

  test("one that breaks off before its first event can go on from where it began", async () => {
    const w = orders();
    const one = await w.start("n1");
    await w.finish(step(one, "a"));
    await w.clock.runFor(100);
    const places: string[] = [];
    const first = listen(one, { began: (id) => void places.push(id) });
    await w.until(() => places.length === 1);
    first.end();
    await w.finish(step(one, "a"));
    const second = listen(one, { since: places[0] ?? "" });
    await w.until(() => second.items.length === 1);
    expect(stepsOf(second.items, "order/a")).toEqual([2]);
    await w.stopAll();
  });

  test("types and subject choose, by name or by what it begins with", async () => {
    const w = orders();
    const one = await w.start("n1");
    const byType = listen(one, { types: ["order.paid"] });
    const byFamily = listen(one, { types: ["order.*"], subject: "order/b" });
    await w.clock.runFor(100);
    await w.finish(step(one, "a", "order.paid"));
    await w.finish(step(one, "a", "shop.closed"));
    await w.finish(step(one, "b"));
    await w.finish(step(one, "b", "shop.closed"));
    await w.until(() => byType.items.length > 0 && byFamily.items.length > 0);
    await w.clock.runFor(1_000);
    expect(byType.items).toMatchObject([{ type: "order.paid", subject: "order/a" }]);
    expect(byFamily.items).toMatchObject([{ type: "order.stepped", subject: "order/b" }]);
    await w.stopAll();
  });

  test("what is no longer kept is told as a gap, however far behind", async () => {
    const w = orders({ settings: { eventsKept: 5 } });
    const one = await w.start("n1");
    await w.finish(step(one, "a"));
    const { items: first } = await history(w, one);
    for (let n = 0; n < 9; n++) await w.finish(step(one, "a"));
    await w.clock.runFor(100);
    const heard = listen(one, { since: first[0]?.id ?? "", types: ["order.stepped"] });
    await w.until(() => heard.items.length === 6);
    expect(stepsOf(heard.items, "order/a")).toEqual(["gap", 6, 7, 8, 9, 10]);
    const [gap] = heard.items;
    const again = listen(one, { since: gap?.id ?? "" });
    await w.until(() => again.items.length === 5);
    expect(stepsOf(again.items, "order/a")).toEqual([6, 7, 8, 9, 10]);
    await w.stopAll();
  });

  test("a stream that has lost its end is told as a gap, and goes on", async () => {
    const w = orders();
    const one = await w.start("n1");
    const heard = listen(one);
    await w.clock.runFor(100);
    await w.finish(step(one, "a"));
    await w.until(() => heard.items.length === 1);
    const snapshot = w.server.snapshot();
    await w.finish(step(one, "a"));
    await w.until(() => heard.items.length === 2);
    w.server.rollback(snapshot);
    await w.settled();
    await w.until(() => heard.items.length > 2);
    await w.finish(step(one, "a"));
    await w.until(() => heard.items.length === 4);
    expect(stepsOf(heard.items, "order/a")).toEqual([1, 2, "gap", 2]);
    await w.stopAll();
  });

  test("a slow listener gets every event when it is ready, and keeps nobody waiting", async () => {
    const w = orders();
    const one = await w.start("n1");
    const slow: EventItem[] = [];
    let go: () => void = () => {};
    one.events.subscribe({}, (item) => {
      slow.push(item);
      return new Promise<void>((resolve) => {
        go = resolve;
      });
    });
    const quick = listen(one);
    await w.clock.runFor(100);
    for (let n = 0; n < 1_500; n += 50) {
      await w.finish(Promise.all(Array.from({ length: 50 }, () => step(one, "a"))));
    }
    await w.until(() => quick.items.length === 1_500);
    expect(slow).toHaveLength(1);
    while (slow.length < 1_500) {
      const before = slow.length;
      go();
      await w.until(() => slow.length > before);
    }
    expect(stepsOf(slow, "order/a")).toEqual(upTo(1_500));
    await w.stopAll();
  });

  test("a listener that throws loses nothing and disturbs nobody", async () => {
    const w = orders();
    const one = await w.start("n1");
    let calls = 0;
    one.events.subscribe({}, () => {
      calls += 1;
      throw new Error("mine");
    });
    one.events.subscribe({}, () => Promise.reject(new Error("mine too")));
    const heard = listen(one);
    await w.clock.runFor(100);
    for (let n = 0; n < 3; n++) await w.finish(step(one, "a"));
    await w.until(() => heard.items.length === 3 && calls === 3);
    await w.stopAll();
  });

  test("one that has ended hears nothing more, and one of a node that stops is told so", async () => {
    const w = orders();
    const one = await w.start("n1");
    const gone = listen(one);
    let stops = 0;
    const ended = () => {
      stops += 1;
    };
    const stayed = listen(one, { ended });
    await w.clock.runFor(100);
    gone.end();
    gone.end();
    await w.finish(step(one, "a"));
    await w.until(() => stayed.items.length === 1);
    expect(gone.items).toEqual([]);
    await w.stopAll();
    expect(stops).toBe(1);
    expect(() => listen(one)).toThrow(expect.objectContaining({ code: "STOPPED" }));
  });

  test("without subscribers a node does not read the stream", async () => {
    const w = orders();
    const before = w.backend.count("n1" as NodeId, "page");
    const one = await w.start("n1");
    const heard = listen(one);
    await w.finish(step(one, "a"));
    await w.until(() => heard.items.length === 1);
    heard.end();
    await w.clock.runFor(1_000);
    const read = w.backend.count("n1" as NodeId, "page");
    expect(read).toBeGreaterThan(before + 1);
    for (let n = 0; n < 20; n++) await w.finish(step(one, "a"));
    await w.clock.runFor(60_000);
    expect(w.backend.count("n1" as NodeId, "page")).toBe(read + 1);
    await w.stopAll();
  });
});

describe("history", () => {
  test("answers who did what and when, oldest first, and what it covers", async () => {
    const w = orders();
    const one = await w.start("n1");
    const ops = one.as({ name: "ops", role: "operator" });
    const request = { id: "crm", version: "1.0.0", reason: "first use" };
    await w.finish(ops.apps.install(request));
    await w.finish(ops.apps.disable("crm", { reason: "too slow" }));
    await w.clock.runFor(1_000);
    const { items, window } = await history(w, one, { types: ["app.intent.changed"] });
    expect(items).toMatchObject([
      { type: "app.intent.changed", subject: "app/crm", by: "ops", reason: "first use" },
      {
        type: "app.intent.changed",
        subject: "app/crm",
        by: "ops",
        reason: "too slow",
        data: { previous: { desiredStatus: "enabled" }, next: { desiredStatus: "disabled" } },
      },
    ]);
    expect(window.from <= (items[0]?.at ?? "")).toBe(true);
    expect(window.to > (items[1]?.at ?? "z")).toBe(true);
    await w.stopAll();
  });

  test("the newest that fit are answered, and the window begins with them", async () => {
    const w = orders();
    const one = await w.start("n1");
    for (let n = 0; n < 5; n++) {
      await w.finish(step(one, "a"));
      await w.clock.runFor(100);
    }
    const { items, window } = await history(w, one, { limit: 2 });
    expect(stepsOf(items, "order/a")).toEqual([4, 5]);
    const { items: earlier } = await history(w, one, { until: items[0]?.id ?? "" });
    expect(stepsOf(earlier, "order/a")).toEqual([1, 2, 3]);
    expect(window.from > (earlier[2]?.at ?? "z")).toBe(true);
    await w.stopAll();
  });

  test("an empty answer tells its window: all that was asked for, or what is still kept of it", async () => {
    const w = orders({ settings: { eventsKept: 2 } });
    const one = await w.start("n1");
    const since = "2026-01-01T00:00:00.000Z";
    const none = { types: ["order.none"], since, until: "2099-01-01T00:00:00.000Z" };
    expect(await history(w, one, none)).toEqual({
      items: [],
      window: { from: since, to: "2099-01-01T00:00:00.000Z" },
    });
    for (let n = 0; n < 3; n++) {
      await w.finish(step(one, "a"));
      await w.clock.runFor(100);
    }
    const { items } = await history(w, one);
    expect(items).toHaveLength(2);
    const { window } = await history(w, one, none);
    expect(window.from <= instantOf(items[0]?.id)).toBe(true);
    expect(window.from > since).toBe(true);
    await w.stopAll();
  });

  test.each([
    [{ since: "yesterday" }, "since"],
    [{ until: "2026-02-30T00:00:00Z" }, "until"],
    [{ limit: 0 }, "limit"],
    [{ types: ["Not A Type"] }, "types"],
  ])("%p is refused", async (request, field) => {
    const w = orders();
    const one = await w.start("n1");
    const end = one.events.history(request).catch((error: unknown) => error);
    expect(await w.finish(end)).toMatchObject({
      code: "VALIDATION",
      fieldErrors: { [field]: expect.any(String) },
    });
    await w.stopAll();
  });
});

describe("an actor", () => {
  test.each(["gap", "Order", "", "with space"])("tells no event of the type %p", async (type) => {
    const w = orders();
    const one = await w.start("n1");
    expect(await w.endOf(step(one, "a", type))).toMatchObject({ code: "HANDLER_FAILED" });
    await w.stopAll();
  });

  test("tells no event over the bound, and keeps its state then", async () => {
    const w = orders();
    const one = await w.start("n1");
    const large = (bytes: number) => w.endOf(one.actor(order, "a").ask.large({ bytes }));
    expect(await large(16_384)).toMatchObject({ code: "PAYLOAD_TOO_LARGE" });
    expect(await large(15_000)).toEqual({ value: 1 });
    await w.stopAll();
  });
});
