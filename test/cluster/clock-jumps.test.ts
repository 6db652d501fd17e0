import { afterAll, beforeAll, expect, test } from "bun:test";
import { startCluster, type TestCluster } from "../kit/cluster.ts";
import { createFakeClock, findFaketime } from "../kit/faketime.ts";
import { nothingWrong, startLoadOn } from "../kit/load.ts";
import { holdsFor } from "../kit/wait-until.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
  await cluster.startAll(3);
});
afterAll(() => cluster.close());

const ids = ["web-1", "web-2", "web-3"] as const;
const hourMs = 3_600_000;
const keysOf = async (id: string): Promise<readonly string[]> =>
  ((await cluster.node("web-1").ask(id, "read")) as { keys: readonly string[] }).keys;
/** How far the time that a node tells is from this machine's. */
const offBy = async (id: string): Promise<number> =>
  Math.abs(Date.parse((await cluster.node(id).status()).asOf) - Date.now());

/** Runs load and timers on all nodes while `jump` moves the wall clock of web-2. */
const bears = async (name: string, jump: (offset: "+1h" | "-1h" | "+0") => Promise<void>) => {
  await cluster.settled(...ids);
  const before = await cluster.still();
  const load = await startLoadOn(cluster, ids);
  const remind = (key: string, afterMs: number) =>
    Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        cluster.node("web-2").ask(`${name}-${n}`, "remind", { key, afterMs }),
      ),
    );
  await remind("in half an hour", hourMs / 2);
  for (const offset of ["+1h", "-1h", "+0"] as const) {
    await load.more(100);
    await jump(offset);
    await remind(offset, 300);
    await holdsFor(
      "no shard moves, and web-2 tells the cluster's time",
      600,
      async () => ({ ownership: (await cluster.ownership()).join(), off: await offBy("web-2") }),
      ({ ownership, off }) => ownership === before.join() && off < 5_000,
    );
    for (let n = 0; n < 20; n++) {
      await cluster.waitUntil(
        "the timer set after the jump has fired",
        () => keysOf(`${name}-${n}`),
        (keys) => keys.at(-1) === offset,
      );
    }
  }
  await load.more(100);
  await load.stop();
  for (let n = 0; n < 20; n++) expect(await keysOf(`${name}-${n}`)).toEqual(["+1h", "-1h", "+0"]);
  expect(await cluster.judgedGone()).toBe(0);
  expect(await load.verify("web-1")).toMatchObject({ ...nothingWrong, unknown: 0, notApplied: 0 });
};

test("a wall clock that jumps by an hour moves no shard, fires no timer early and none late", async () => {
  const offsets = { "+1h": hourMs, "-1h": -hourMs, "+0": 0 } as const;
  let shown = 0;
  await bears("injected", async (offset) => {
    await cluster.node("web-2").do({ do: "jumpWall", ms: offsets[offset] - shown });
    shown = offsets[offset];
  });
}, 60_000);

const library = findFaketime();
if (library === undefined)
  console.warn("libfaketime is not installed: no real process gets a wrong clock here.");

test.skipIf(library === undefined)(
  "a real Node process bears it as well, under libfaketime",
  async () => {
    const clock = createFakeClock(library ?? "");
    try {
      await cluster.stop("web-2");
      await cluster.start("web-2", { runtime: "node", env: clock.env });
      const wallOf = async () => Number(await cluster.node("web-2").do({ do: "wall" }));
      await bears("faketime", async (offset) => {
        clock.set(offset);
        const expected = { "+1h": hourMs, "-1h": -hourMs, "+0": 0 }[offset];
        await cluster.waitUntil(
          "the process sees the other time",
          async () => (await wallOf()) - Date.now(),
          (off) => Math.abs(off - expected) < 60_000,
        );
      });
    } finally {
      clock.close();
    }
  },
  60_000,
);
