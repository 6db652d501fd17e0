/** A node that stops, is drained or comes in: nothing is lost, nothing doubled (I2, I3, I6). */
import { describe, expect, test } from "bun:test";
import type { Muster } from "../muster-types.ts";
import { ended, journal, world } from "./engine-kit.test.ts";

interface Sent {
  readonly id: string;
  readonly line: string;
  fate: "open" | "acknowledged" | "not-applied" | "unknown";
}

/** Callers on each node write numbered lines to actors of all shards while `during` goes on. */
const underLoad = async (
  all: ReturnType<typeof world>,
  callers: readonly Muster[],
  during: () => Promise<unknown>,
) => {
  const { clock } = all;
  const ids = Array.from({ length: 16 }, (_, n) => `load-${n}`);
  const sent: Sent[] = [];
  let sending = true;
  const call = async (node: Muster, name: string): Promise<void> => {
    for (let n = 0; sending; n++) {
      const id = ids[n % ids.length] ?? "";
      const one: Sent = { id, line: `${name}/${n}`, fate: "open" };
      sent.push(one);
      try {
        const { ask, tell } = node.actor(journal, id);
        await (n % 4 === 0 ? tell.write({ line: one.line }) : ask.write({ line: one.line }));
        one.fate = "acknowledged";
      } catch (error) {
        const { outcome } = error as { outcome?: Sent["fate"] };
        one.fate = outcome ?? "unknown";
        await new Promise<void>((resolve) => clock.after(10, resolve));
      }
    }
  };
  const loops = callers.flatMap((node) => [1, 2, 3].map((n) => call(node, `${node.nodeId}.${n}`)));
  await clock.runFor(300);
  await during();
  await clock.runFor(300);
  sending = false;
  await all.finish(Promise.all(loops));
  return { ids, sent };
};

/** Every acknowledged line is there once, every other one at most once, and in order per caller. */
const verify = async (
  all: ReturnType<typeof world>,
  reader: Muster,
  { ids, sent }: { readonly ids: readonly string[]; readonly sent: readonly Sent[] },
) => {
  await all.clock.runFor(3_000);
  const counts = new Map<string, number>();
  for (const id of ids) {
    const lines = await all.read(reader, id);
    for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1);
    const last = new Map<string, number>();
    for (const line of lines) {
      const [caller = "", number] = line.split("/");
      expect(Number(number)).toBeGreaterThan(last.get(caller) ?? -1);
      last.set(caller, Number(number));
    }
  }
  const wrong = sent.filter(({ line, fate }) => {
    const count = counts.get(line) ?? 0;
    return fate === "acknowledged" ? count !== 1 : fate === "unknown" ? count > 1 : count > 0;
  });
  expect(wrong).toEqual([]);
  expect(sent.filter(({ fate }) => fate === "acknowledged").length).toBeGreaterThan(100);
};

describe("under load, nothing is lost or doubled", () => {
  test("when a node stops", async () => {
    const all = world();
    const n1 = await all.start("n1");
    const n2 = await all.start("n2");
    const load = await underLoad(all, [n1, n2], () => all.finish(n2.stop()));
    await verify(all, n1, load);
    const bad = load.sent.filter(
      ({ line, fate }) => line.startsWith("n1") && fate !== "acknowledged",
    );
    expect(bad).toEqual([]);
  });

  test("when a node joins and takes its share", async () => {
    const all = world();
    const n1 = await all.start("n1");
    const load = await underLoad(all, [n1], () => all.start("n2"));
    await verify(all, n1, load);
    expect(load.sent.filter(({ fate }) => fate !== "acknowledged")).toEqual([]);
    expect(n1.status().shards).toEqual({ total: 8, owned: 8, unowned: 0 });
    expect(await all.idOwnedBy("n2")).not.toBe("");
  });

  test("when a node is drained and undrained", async () => {
    const all = world();
    const n1 = await all.start("n1");
    const n2 = await all.start("n2");
    const { nodes } = n1.as({ name: "ops", role: "admin" });
    const load = await underLoad(all, [n1, n2], async () => {
      await all.finish(nodes.drain("n2", { reason: "upgrade" }));
      await all.settled();
      expect(await all.idOwnedBy("n2").catch(() => "none")).toBe("none");
      await all.finish(nodes.undrain("n2", { reason: "upgraded" }));
      await all.settled();
      expect(await all.idOwnedBy("n2")).not.toBe("none");
    });
    await verify(all, n1, load);
    expect(load.sent.filter(({ fate }) => fate !== "acknowledged")).toEqual([]);
  });

  test("when all nodes are replaced one after another", async () => {
    const all = world();
    const n1 = await all.start("n1");
    const n2 = await all.start("n2");
    const n3 = await all.start("n3");
    const load = await underLoad(all, [n3], async () => {
      for (const node of [n1, n2]) {
        await all.finish(node.stop());
        await all.start(node.nodeId);
      }
    });
    await verify(all, n3, load);
    expect(load.sent.filter(({ fate }) => fate !== "acknowledged")).toEqual([]);
  });

  test("when a node is killed", async () => {
    const all = world();
    const n1 = await all.start("n1");
    await all.start("n2");
    const load = await underLoad(all, [n1], async () => {
      all.backend.kill("n2" as never);
      await all.clock.runFor(4_000);
    });
    await verify(all, n1, load);
  });
});

test.each([
  ["on the caller's own node", "n1"],
  ["on another node", "n2"],
])("commands that wait behind a held one %s go to the next owner once", async (_, owner) => {
  const all = world();
  const n1 = await all.start("n1");
  await all.start("n2");
  const id = await all.idOwnedBy(owner);
  const { ask, tell } = n1.actor(journal, id);
  const held = tell.throwOn({ line: "bad" });
  const lines = Array.from({ length: 30 }, (_, n) => `line ${n}`);
  const waiting = Promise.all(lines.map((line) => ask.write({ line })));
  await all.clock.runFor(50);
  const { nodes } = n1.as({ name: "ops", role: "admin" });
  await all.finish(nodes.drain(owner, { reason: "upgrade" }));
  await all.finish(Promise.all([held, waiting]));
  expect(await all.ownerOf(id)).not.toBe(owner);
  expect(await all.read(n1, id)).toEqual(lines);
});

test("messages of one batch are handled once, though some were held when the owner changed", async () => {
  const all = world();
  const n1 = await all.start("n1");
  await all.start("n2");
  const id = await all.idOwnedBy("n2");
  const [, held = ""] = all.idsIn(all.shardOf(id), 2);
  const batch = [
    n1.actor(journal, id).tell.write({ line: "once" }),
    n1.actor(journal, held).tell.throwOn({ line: "bad" }),
    n1.actor(journal, id).tell.write({ line: "too" }),
  ];
  await all.finish(Promise.all(batch));
  await all.until(() => all.logger.lines.some(({ message }) => message === "a turn failed"));
  await all.clock.runFor(100);
  all.backend.kill("n2" as never);
  await all.clock.runFor(30_000);
  expect(await all.read(n1, id)).toEqual(["once", "too"]);
  expect(await all.deadLetters()).toHaveLength(1);
});

test("a stopping node hands over within a quarter of a second", async () => {
  const all = world();
  const n1 = await all.start("n1");
  const n2 = await all.start("n2");
  const ids = await Promise.all([all.idOwnedBy("n2")]);
  const before = all.clock.monotonic();
  const stopped = n2.stop();
  await all.clock.runFor(1);
  expect(await all.endOf(n1.actor(journal, ids[0]).ask.write({ line: "x" }))).toEqual({ value: 1 });
  expect(all.clock.monotonic() - before).toBeLessThan(250);
  await all.finish(stopped);
});

test("commands to a node that stops are refused as stopped, not lost", async () => {
  const all = world();
  const n1 = await all.start("n1");
  const n2 = await all.start("n2");
  const id = await all.idOwnedBy("n2");
  const stopped = n2.stop();
  expect(await all.endOf(n2.actor(journal, id).ask.write({ line: "x" }))).toMatchObject({
    code: "STOPPED",
    outcome: "not-applied",
  });
  await all.finish(stopped);
  expect(await all.read(n1, id)).toEqual([]);
});

test("what a node that stops had asked before is answered, whoever owns it", async () => {
  const all = world();
  await all.start("n1");
  const n2 = await all.start("n2");
  const far = await all.idOwnedBy("n1");
  const near = await all.idOwnedBy("n2");
  const asked = [far, near].map((id) => ended(n2.actor(journal, id).ask.write({ line: "x" })));
  const stopped = n2.stop();
  expect(await all.finish(Promise.all(asked))).toEqual([{ value: 1 }, { value: 1 }]);
  await all.finish(stopped);
});

test("a node that stops waits for what it has asked for a second, not longer", async () => {
  const all = world();
  const n1 = await all.start("n1");
  const n2 = await all.start("n2");
  const far = await all.idOwnedBy("n1");
  void ended(n1.actor(journal, far).tell.throwOn({ line: "bad" }));
  await all.clock.runFor(100);
  const asked = ended(n2.actor(journal, far).ask.write({ line: "behind it" }));
  await all.clock.runFor(100);
  const before = all.clock.monotonic();
  await all.finish(n2.stop());
  expect(all.clock.monotonic() - before).toBeLessThan(1_500);
  expect(await asked).toMatchObject({ code: "STOPPED", outcome: "unknown" });
});
