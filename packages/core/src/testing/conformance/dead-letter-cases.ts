/** Dead letters: their order, what becomes of them, and how many are kept (I7). */
import type { DeadLetterWrites } from "../../ports/shard-store.ts";
import { assertEqual } from "./assert.ts";
import type { ConformanceCase } from "./context.ts";
import { bytes, claimShard, committed, type Held, imageOf, startNode } from "./test-node.ts";

const letter = (id: string, at = 1_000) => ({
  id,
  at,
  head: bytes(`head ${id}`),
  body: bytes(`body ${id}`),
});
const writes = (over: Partial<DeadLetterWrites>): { readonly dead: DeadLetterWrites } => ({
  dead: { put: [], resolve: [], keep: 1_000, ...over },
});
const resolve = (...ids: readonly string[]) => ids.map((id) => ({ id, head: bytes(`done ${id}`) }));

const listed = async (
  held: Held,
  range: { readonly limit?: number; readonly after?: number; readonly openOnly?: boolean } = {},
) => held.node.backend.shards.listDead({ shard: held.claim.shard, limit: 100, ...range });
const namesOf = async (...of: Parameters<typeof listed>): Promise<readonly string[]> =>
  (await listed(...of)).map(({ id }) => id);

export const deadLetterCases: readonly ConformanceCase[] = [
  {
    title: "dead letters are listed oldest first, whatever their ids",
    run: async (context) => {
      const held = await claimShard(await startNode(context), 1);
      assertEqual(await listed(held), [], "none yet");
      await committed(held, 1, writes({ put: [letter("z"), letter("y")] }));
      await committed(held, 2, writes({ put: [letter("a")] }));
      await committed(held, 3, writes({ put: [letter("b", 500)] }));
      assertEqual(await namesOf(held), ["z", "y", "a", "b"], "all");
      assertEqual(await namesOf(held, { limit: 2 }), ["z", "y"], "two");
      assertEqual((await imageOf(held)).openLetters, 4, "open");
    },
  },
  {
    title: "a position is made of the time, and grows",
    run: async (context) => {
      const held = await claimShard(await startNode(context), 1);
      const at = 1_767_225_600_123;
      await committed(held, 1, writes({ put: [letter("a", at), letter("b", at)] }));
      await committed(held, 2, writes({ put: [letter("c", at - 5_000), letter("d", at + 1)] }));
      assertEqual(
        (await listed(held)).map(({ position }) => position - at * 1_000),
        [0, 1, 2, 1_000],
        "positions",
      );
    },
  },
  {
    title: "a list goes on behind a position",
    run: async (context) => {
      const held = await claimShard(await startNode(context), 1);
      await committed(held, 1, writes({ put: ["a", "b", "c", "d"].map((id) => letter(id)) }));
      await committed(held, 2, writes({ resolve: resolve("b", "d") }));
      const [, second] = await listed(held);
      const after = second?.position ?? 0;
      assertEqual(await namesOf(held, { after }), ["c", "d"], "behind the second");
      assertEqual(await namesOf(held, { after, limit: 1 }), ["c"], "one");
      assertEqual(await namesOf(held, { after, openOnly: true }), ["c"], "open ones");
      assertEqual(
        await namesOf(held, { after: -1, limit: 4 }),
        ["a", "b", "c", "d"],
        "from before the first",
      );
    },
  },
  {
    title: "a resolved letter keeps its place, and tells what became of it",
    run: async (context) => {
      const held = await claimShard(await startNode(context), 1);
      await committed(held, 1, writes({ put: [letter("a"), letter("b"), letter("c")] }));
      await committed(held, 2, writes({ resolve: resolve("b", "unknown") }));
      assertEqual(
        (await listed(held)).map(({ id, open, head }) => ({ id, open, head })),
        [
          { id: "a", open: true, head: bytes("head a") },
          { id: "b", open: false, head: bytes("done b") },
          { id: "c", open: true, head: bytes("head c") },
        ],
        "letters",
      );
      assertEqual((await imageOf(held)).openLetters, 2, "open");
      await committed(held, 3, {
        dead: { put: [], resolve: [{ id: "b", head: bytes("again") }], keep: 100 },
      });
      assertEqual((await listed(held))[1]?.head, bytes("again"), "head");
    },
  },
  {
    title: "letters are read by their ids, with what was put aside",
    run: async (context) => {
      const held = await claimShard(await startNode(context), 1);
      await committed(held, 1, writes({ put: [letter("a"), letter("b")] }));
      await committed(held, 2, writes({ resolve: resolve("b") }));
      const { shards } = held.node.backend;
      const read = await shards.listDead({ shard: 1, ids: ["b", "unknown", "a"] });
      assertEqual(
        read,
        [
          {
            id: "b",
            position: 1_000_001,
            open: false,
            head: bytes("done b"),
            body: bytes("body b"),
          },
          {
            id: "a",
            position: 1_000_000,
            open: true,
            head: bytes("head a"),
            body: bytes("body a"),
          },
        ],
        "letters",
      );
      assertEqual(await shards.listDead({ shard: 1, ids: [] }), [], "none asked for");
      assertEqual(await shards.listDead({ shard: 2, ids: ["a"] }), [], "another shard");
    },
  },
  {
    title: "a letter that is there already is left as it is",
    run: async (context) => {
      const held = await claimShard(await startNode(context), 1);
      await committed(held, 1, writes({ put: [letter("a")] }));
      await committed(held, 2, writes({ resolve: resolve("a") }));
      await committed(held, 3, writes({ put: [letter("a", 9_000), letter("b")] }));
      assertEqual(await namesOf(held), ["a", "b"], "letters");
      assertEqual(await namesOf(held, { openOnly: true }), ["b"], "open");
      assertEqual((await listed(held))[0]?.head, bytes("done a"), "head");
    },
  },
  {
    title: "resolved letters make room, oldest first; open ones stay",
    run: async (context) => {
      const held = await claimShard(await startNode(context), 1);
      await committed(held, 1, writes({ put: ["a", "b", "c", "d"].map((id) => letter(id)) }));
      await committed(held, 2, writes({ resolve: resolve("d", "b"), keep: 4 }));
      assertEqual(await namesOf(held), ["a", "b", "c", "d"], "as many as are kept");
      await committed(held, 3, writes({ put: [letter("e")], keep: 4 }));
      assertEqual(await namesOf(held), ["a", "c", "d", "e"], "one more");
      await committed(held, 4, writes({ put: [letter("f"), letter("g")], keep: 4 }));
      assertEqual(await namesOf(held), ["a", "c", "e", "f", "g"], "open ones are kept");
      const { shards } = held.node.backend;
      assertEqual(await shards.listDead({ shard: 1, ids: ["b", "d"] }), [], "what was dropped");
    },
  },
  {
    title: "one commit drops at most 64 resolved letters",
    run: async (context) => {
      const held = await claimShard(await startNode(context), 1);
      const ids = Array.from({ length: 70 }, (_, n) => `l${n}`);
      await committed(held, 1, writes({ put: ids.map((id) => letter(id)) }));
      await committed(held, 2, writes({ resolve: resolve(...ids) }));
      await committed(held, 3, writes({ put: [letter("new")], keep: 1 }));
      assertEqual((await listed(held)).length, 7, "after one");
      await committed(held, 4, writes({ resolve: resolve("unknown"), keep: 1 }));
      assertEqual(await namesOf(held), ["new"], "after two");
    },
  },
];
