/** Who changed what stays known when many other events have come since. */
import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { defineActor } from "./define-actor.ts";
import { world } from "./engine/engine-kit.test.ts";

const order = defineActor({
  kind: "order",
  state: z.number().int(),
  commands: { step: { input: z.null(), output: z.null() } },
});
const Order = order.implement({
  initial: () => 0,
  on: {
    step: (turn, state) =>
      turn.next(state + 1, { events: [{ type: "order.stepped" }] }).reply(null),
  },
});

const started = async (settings = {}) => {
  const w = world({ actors: [Order], settings });
  const node = await w.start("n1");
  const install = (name: string, id: string) =>
    w.finish(
      node
        .as({ name, role: "operator" })
        .apps.install({ id, version: "1.0.0", reason: `wanted by ${name}` }),
    );
  const list = async (request = {}) => {
    // What was committed a moment ago is on its way.
    await w.clock.runFor(100);
    return w.finish(node.audit.list(request));
  };
  return { w, node, install, list };
};

describe("the audit", () => {
  test("keeps changes that the stream of events has dropped, and no events of users' actors", async () => {
    const { w, node, install, list } = await started({ eventsKept: 2 });
    await install("ops", "crm");
    const principal = { name: "customer", role: "operator" } as const;
    const steps = node.actor(order, "a").ask;
    for (let n = 0; n < 5; n++) await w.finish(steps.step(null, { principal }));
    const { items, window } = await list();
    expect(items).toMatchObject([
      {
        type: "app.intent.changed",
        subject: "app/crm",
        by: "ops",
        reason: "wanted by ops",
        data: { previous: null, next: { desiredStatus: "enabled", generation: 1 } },
      },
    ]);
    expect(window.from <= (items[0]?.at ?? "")).toBe(true);
    const { items: events } = await w.finish(node.events.history());
    expect(events.map(({ type }) => type)).toEqual(["order.stepped", "order.stepped"]);
    await w.stopAll();
  });

  test("keeps pauses, their ends before time, and acknowledgements", async () => {
    const { w, node, install, list } = await started();
    await install("ops", "crm");
    const { apps } = node.as({ name: "ann", role: "operator" });
    const until = new Date(w.clock.wall() + 3_600_000).toISOString();
    await w.finish(apps.pause("crm", { until, reason: "a window" }));
    await w.finish(apps.resume("crm", { reason: "it is over" }));
    const { items } = await list({ by: "ann" });
    expect(items.map(({ type, reason }) => [type, reason])).toEqual([
      ["app.paused", "a window"],
      ["app.resumed", "it is over"],
    ]);
    await w.stopAll();
  });

  test("keeps drains and their ends, each change once", async () => {
    const { w, node, list } = await started();
    const { nodes } = node.as({ name: "ann", role: "admin" });
    await w.finish(nodes.drain("n1", { reason: "a new disk" }));
    await w.finish(nodes.drain("n1", { reason: "again" }));
    await w.finish(nodes.undrain("n1", { reason: "it is in" }));
    const { items } = await list();
    expect(items.map(({ type, subject, by, reason }) => [type, subject, by, reason])).toEqual([
      ["node.drained", "node/n1", "ann", "a new disk"],
      ["node.undrained", "node/n1", "ann", "it is in"],
    ]);
    await w.stopAll();
  });

  test("is asked by person, subject and time, and says what it covers", async () => {
    const { w, install, list } = await started({ auditKept: 3 });
    for (const [name, id] of [
      ["ann", "a"],
      ["ben", "b"],
      ["ann", "c"],
      ["ben", "d"],
    ] as const) {
      await install(name, id);
      await w.clock.runFor(1_000);
    }
    const all = await list();
    expect(all.items.map(({ subject }) => subject)).toEqual(["app/b", "app/c", "app/d"]);
    // What was dropped is not covered.
    expect(all.window.from).toBe(all.items[0]?.at ?? "");
    const subjects = async (request: object) =>
      (await list(request)).items.map(({ subject }) => subject);
    expect(await subjects({ by: "ann" })).toEqual(["app/c"]);
    expect(await subjects({ subject: "app/d" })).toEqual(["app/d"]);
    expect(await subjects({ since: all.items[1]?.id })).toEqual(["app/d"]);
    expect(await subjects({ limit: 1 })).toEqual(["app/d"]);
    await w.stopAll();
  });

  test("is refused as any other question where it is malformed or nobody answers", async () => {
    const { w, node } = await started();
    expect(await node.audit.list({ limit: 0 }).catch((error) => error)).toMatchObject({
      code: "VALIDATION",
      fieldErrors: { limit: expect.any(String) },
    });
    await w.stopAll();
    expect(await node.audit.list().catch((error) => error)).toMatchObject({ code: "STOPPED" });
  });
});
