import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { defineActor } from "../define-actor.ts";
import type { NodeId } from "../model/ids.ts";
import type { Muster } from "../muster-types.ts";
import { Journal, journal, world } from "./engine-kit.test.ts";

/** What each finding is about, as one node lists them. */
const found = (node: Muster) => node.losses.list().items.map(({ subject }) => subject);
const ops = { name: "ops", role: "operator" } as const;

type World = ReturnType<typeof world>;
const write = (w: World, node: Muster, id: string, line: string) =>
  w.finish(node.actor(journal, id).ask.write({ line }));

describe("after the store went back", () => {
  test("every node tells which shard lost which commits, and the cluster goes on", async () => {
    const w = world();
    const one = await w.start("n1");
    const two = await w.start("n2");
    const [id = "", other = ""] = [await w.idOwnedBy("n1"), await w.idOwnedBy("n2")];
    await write(w, one, id, "kept");
    await write(w, one, other, "kept too");
    const snapshot = w.server.snapshot();
    for (const line of ["a", "b", "c"]) await write(w, one, id, line);
    w.server.rollback(snapshot);
    await w.until(() => found(one).length > 0 && found(two).length > 0);
    await w.settled();
    const shard = w.shardOf(id);
    for (const node of [one, two]) {
      expect(found(node)).toEqual([`shard-${shard}`]);
      const [loss] = node.losses.list().items;
      expect(loss?.commits?.to).toMatchObject({ seq: 4 });
      expect(loss?.commits?.from).toEqual({ epoch: loss?.commits?.to.epoch ?? 0, seq: 1 });
      const { verdict, reasons } = node.status();
      expect(verdict).toBe("degraded");
      expect(reasons.join()).toMatch(
        new RegExp(`data of shard ${shard} was lost: commits 2 to 4 of epoch \\d+ .*losses ack`),
      );
    }
    expect(await w.read(two, id)).toEqual(["kept"]);
    await write(w, two, id, "after");
    expect(await w.read(one, id)).toEqual(["kept", "after"]);
    await w.stopAll();
  });

  test("a caller is witness to the commit that answered it when its owner is gone too", async () => {
    const w = world();
    const one = await w.start("n1");
    await w.start("n2");
    const id = await w.idOwnedBy("n2");
    await write(w, one, id, "kept");
    await w.clock.runFor(5_000);
    const snapshot = w.server.snapshot();
    await write(w, one, id, "answered");
    w.backend.kill("n2" as NodeId);
    w.server.rollback(snapshot);
    await w.until(() => found(one).length > 0);
    expect(one.losses.list().items).toMatchObject([
      { subject: `shard-${w.shardOf(id)}`, commits: { to: { seq: 2 } } },
    ]);
    await w.finish(one.stop());
  });

  test("messages that were durable and not yet handled are missed by their sender", async () => {
    const rare = defineActor({
      kind: "rare",
      state: z.strictObject({}),
      commands: { note: { input: z.strictObject({}) } },
    });
    const w = world({ actors: [Journal] });
    const one = await w.start("n1");
    const id = "r1";
    const shard = w.shardOf(id);
    const snapshot = w.server.snapshot();
    // Nobody knows the kind: it waits in the mailbox.
    await w.finish(one.actor(rare, id).tell.note({}));
    await w.finish(one.actor(rare, id).tell.note({}));
    w.server.rollback(snapshot);
    await w.until(() => found(one).length > 0);
    expect(one.losses.list().items).toMatchObject([{ subject: `shard-${shard}`, batches: 2 }]);
    await w.finish(one.actor(rare, id).tell.note({}));
    expect(await w.pending(id)).toBe(1);
    await w.stopAll();
  });

  test("messages delivered to a shard that went back alone are told before they are passed over", async () => {
    const w = world();
    const one = await w.start("n1");
    const [from = ""] = w.idsIn(1, 1);
    const [to = ""] = w.idsIn(2, 1);
    const copy = (line: string) => w.finish(one.actor(journal, from).ask.copy({ line, to }));
    const delivered = () => w.server.cluster("shop").shards.get(1)?.out.size === 0;
    await copy("a");
    await copy("b");
    await w.until(delivered);
    w.server.cluster("shop").shards.get(2)?.sources.clear();
    await copy("c");
    await w.until(delivered);
    await w.until(() => found(one).length > 0);
    expect(one.losses.list().items).toMatchObject([
      { subject: "shard-2", commits: null, batches: 2 },
    ]);
    expect(await w.read(one, to)).toEqual(["a", "b", "c"]);
    await w.stopAll();
  });

  test("going back twice is told with all that is gone", async () => {
    const w = world();
    const one = await w.start("n1");
    await write(w, one, "a1", "kept");
    const snapshot = w.server.snapshot();
    await write(w, one, "a1", "first");
    w.server.rollback(snapshot);
    await w.until(() => found(one).length > 0);
    const [first] = one.losses.list().items;
    await w.settled();
    await write(w, one, "a1", "second");
    await w.clock.runFor(5_000);
    w.server.rollback(snapshot);
    await w.until(() => one.losses.list().items[0]?.id !== first?.id);
    const [second] = one.losses.list().items;
    expect(second?.commits?.to.epoch).toBeGreaterThan(first?.commits?.to.epoch ?? 0);
    await w.stopAll();
  });
});

describe("after all data was lost", () => {
  test.each([
    ["flushed", (w: World) => w.server.flush()],
    ["restarted empty", (w: World) => w.server.restart({ keepData: false })],
  ])(
    "a store that was %s is told shard by shard, with the cluster's own records",
    async (_, lose) => {
      const w = world();
      const one = await w.start("n1");
      const two = await w.start("n2");
      await write(w, one, "a1", "gone");
      await w.clock.runFor(5_000);
      lose(w);
      const shard = `shard-${w.shardOf("a1")}`;
      await w.until(() => [one, two].every((node) => found(node).length === 2));
      await w.settled();
      for (const node of [one, two]) {
        expect([...found(node)].sort()).toEqual(["cluster", shard]);
        expect(node.status().reasons.join()).toMatch(/everything up to commit 1 of epoch \d+/);
        expect(node.status().reasons.join()).toMatch(/all of dataset/);
      }
      await write(w, two, "a1", "anew");
      expect(await w.read(one, "a1")).toEqual(["anew"]);
      await w.stopAll();
    },
  );

  test("a single record that vanished is told, and the shard goes on", async () => {
    const w = world();
    const one = await w.start("n1");
    await write(w, one, "a1", "gone");
    await w.clock.runFor(5_000);
    w.server.cluster("shop").shards.delete(w.shardOf("a1"));
    await w.until(() => found(one).length > 0);
    expect(found(one)).toEqual([`shard-${w.shardOf("a1")}`]);
    await write(w, one, "a1", "anew");
    await w.stopAll();
  });
});

describe("nothing is told", () => {
  test("of a restart that kept everything, under load", async () => {
    const w = world();
    const one = await w.start("n1");
    const two = await w.start("n2");
    let answered = 0;
    const ids = Array.from({ length: 20 }, (_, n) => `a${n}`);
    const load = async (node: Muster) => {
      for (let n = 0; n < 200; n++) {
        const id = ids[n % ids.length] ?? "";
        const sent = node.actor(journal, id);
        await sent.ask.write({ line: `${n}` }, { timeoutMs: 5_000 }).catch(() => {});
        await sent.tell.copy({ line: `${n}`, to: "a1" }).catch(() => {});
        answered += 1;
      }
    };
    const loads = Promise.all([load(one), load(two)]);
    await w.until(() => answered > 50);
    w.server.restart({ keepData: true });
    await w.until(() => answered > 150);
    w.server.restart({ keepData: true });
    await w.finish(loads, 200_000);
    await w.settled();
    await w.clock.runFor(10_000);
    expect([...found(one), ...found(two)]).toEqual([]);
    expect(one.status().verdict).toBe("healthy");
    await w.stopAll();
  });

  test("of shards that wrote nothing since the store went back", async () => {
    const w = world();
    const one = await w.start("n1");
    await write(w, one, "a1", "kept");
    await w.clock.runFor(5_000);
    const snapshot = w.server.snapshot();
    await w.start("n2");
    w.server.rollback(snapshot);
    await w.clock.runFor(10_000);
    expect(found(one)).toEqual([]);
    await w.stopAll();
  });
});

describe("a finding", () => {
  const lost = async () => {
    const w = world();
    const one = await w.start("n1");
    const two = await w.start("n2");
    const snapshot = w.server.snapshot();
    await write(w, one, "a1", "gone");
    w.server.rollback(snapshot);
    await w.until(() => found(one).length > 0 && found(two).length > 0);
    await w.settled();
    const [loss] = one.losses.list().items;
    return { w, one, two, id: loss?.id ?? "" };
  };

  test("that was acknowledged degrades no node any more and stays listed", async () => {
    const { w, one, two, id } = await lost();
    const change = { reason: "repeated by hand" };
    const { items } = await w.finish(one.as(ops).losses.ack(id, change));
    expect(items).toMatchObject([{ id, acknowledged: { by: "ops", reason: "repeated by hand" } }]);
    expect(one.status().verdict).toBe("healthy");
    await w.until(() => two.status().verdict === "healthy");
    expect(two.losses.list().items).toMatchObject([{ id, acknowledged: { by: "ops" } }]);
    expect(await w.finish(two.as(ops).losses.ack(id, change))).toEqual({ items });
    expect(await w.finish(two.as(ops).losses.ack("all", change))).toEqual({ items: [] });
    await w.stopAll();
  });

  test("can be acknowledged with all others at once", async () => {
    const { w, one } = await lost();
    const { items } = await w.finish(one.as(ops).losses.ack("all", { reason: "seen" }));
    expect(items).toHaveLength(1);
    expect(one.status().verdict).toBe("healthy");
    await w.stopAll();
  });

  test.each([
    ["by a viewer", { name: "eve", role: "viewer" }, "seen", "FORBIDDEN"],
    ["without a reason", ops, " ", "VALIDATION"],
  ] as const)("is not acknowledged %s", async (_, principal, reason, code) => {
    const { w, one, id } = await lost();
    const end = await w.endOf(one.as(principal).losses.ack(id, { reason }));
    expect(end).toMatchObject({ code });
    expect(one.status().verdict).toBe("degraded");
    await w.stopAll();
  });

  test("that is not there is told so", async () => {
    const { w, one } = await lost();
    const end = await w.endOf(one.as(ops).losses.ack("shard-1-other", { reason: "seen" }));
    expect(end).toMatchObject({ code: "LOSS_NOT_FOUND" });
    await w.stopAll();
  });

  test("ends by itself after a day", async () => {
    const { w, one, two } = await lost();
    w.server.shiftTime(86_400_000);
    await w.until(() => found(one).length + found(two).length === 0, 60_000);
    await w.settled();
    await w.until(() => one.status().verdict === "healthy");
    await w.stopAll();
  });
});
