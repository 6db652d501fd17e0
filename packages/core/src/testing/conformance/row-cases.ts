/** List rows of actors: written by commits, versioned per kind and shard. */
import type { ShardId } from "../../model/ids.ts";
import type { ViewRows } from "../../ports/shard-store.ts";
import { assertEqual, assertKind, assertThat, only } from "./assert.ts";
import type { ConformanceCase } from "./context.ts";
import {
  bytes,
  claimShard,
  commit,
  committed,
  historyOf,
  joinRequest,
  startNode,
  type TestNode,
} from "./test-node.ts";

const row = (id: string, text: string) => ({ id, row: bytes(text) });
const rows = (kind: string, ...changed: ViewRows["rows"]): { views: readonly ViewRows[] } => ({
  views: [{ kind, rows: changed }],
});

const versionOf = async (node: TestNode, kind: string): Promise<number> =>
  (await list(node, kind, 1)).version.n;

const list = async (node: TestNode, kind: string, shard: ShardId) =>
  only(await node.backend.views.list({ kind, shards: [shard] }), "list");

export const rowCases: readonly ConformanceCase[] = [
  {
    title: "a kind without rows has version zero",
    run: async (context) => {
      const node = await startNode(context);
      assertEqual(
        await list(node, "counter", 1),
        {
          shard: 1,
          version: { historyId: await historyOf(node, 1), n: 0 },
          rows: [],
        },
        "list",
      );
    },
  },
  {
    title: "each commit that writes rows of a kind raises its version by one",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, 1);
      await committed(held, 1, rows("counter", row("a", "1"), row("b", "1")));
      const before = await versionOf(node, "counter");
      await committed(held, 2, rows("counter", row("a", "2")));
      await committed(held, 3, rows("other", row("x", "1")));
      await committed(held, 4);
      const { version, rows: listed } = await list(node, "counter", 1);
      assertEqual(version, { historyId: held.historyId, n: before + 1 }, "version");
      assertEqual(
        [...listed].sort((left, right) => (left.id < right.id ? -1 : 1)),
        [row("a", "2"), row("b", "1")],
        "rows",
      );
    },
  },
  {
    title: "a removed row is listed no more",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, 1);
      await committed(held, 1, rows("counter", row("a", "1"), row("b", "1")));
      const before = await versionOf(node, "counter");
      await committed(held, 2, rows("counter", { id: "a", row: "removed" }));
      const listed = await list(node, "counter", 1);
      assertEqual(listed.rows, [row("b", "1")], "rows");
      assertEqual(listed.version.n, before + 1, "version");
    },
  },
  {
    title: "rows of several shards are listed in the order asked",
    run: async (context) => {
      const node = await startNode(context);
      await committed(await claimShard(node, 1), 1, rows("counter", row("a", "1")));
      await committed(await claimShard(node, 3), 1, rows("counter", row("c", "3")));
      const listed = await node.backend.views.list({
        kind: "counter",
        shards: [3, 0, 1],
      });
      assertEqual(
        listed.map(({ shard, rows: each }) => ({ shard, rows: each })),
        [
          { shard: 3, rows: [row("c", "3")] },
          { shard: 0, rows: [] },
          { shard: 1, rows: [row("a", "1")] },
        ],
        "lists",
      );
    },
  },
  {
    title: "versions alone agree with the lists",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, 1);
      await committed(held, 1, rows("counter", row("a", "1")));
      await committed(held, 2, {
        views: [
          { kind: "counter", rows: [row("a", "2")] },
          { kind: "other", rows: [row("x", "1")] },
        ],
      });
      const [counter, other] = [await versionOf(node, "counter"), await versionOf(node, "other")];
      assertEqual(
        await node.backend.views.versions({
          kinds: ["other", "none", "counter"],
          shards: [0, 1],
        }),
        [
          { shard: 0, historyId: await historyOf(node, 0), n: [0, 0, 0] },
          { shard: 1, historyId: await historyOf(node, 1), n: [other, 0, counter] },
        ],
        "versions",
      );
    },
  },
  {
    title: "versions go on growing under the next owner",
    run: async (context) => {
      const node = await startNode(context);
      await committed(await claimShard(node, 1), 1, rows("counter", row("a", "1")));
      const before = await versionOf(node, "counter");
      await committed(await claimShard(node, 1), 1, rows("counter", row("a", "2")));
      assertEqual(await versionOf(node, "counter"), before + 1, "version");
    },
  },
  {
    title: "a repeated commit does not raise the version",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, 1);
      await committed(held, 1, rows("counter", row("a", "1")));
      const before = await versionOf(node, "counter");
      await committed(held, 1, rows("counter", row("a", "1")));
      assertEqual(await versionOf(node, "counter"), before, "version");
    },
  },
  {
    title: "a refused commit changes neither rows nor version",
    run: async (context) => {
      const node = await startNode(context);
      const former = await claimShard(node, 1);
      await committed(former, 1, rows("counter", row("a", "1")));
      await claimShard(node, 1);
      const before = await list(node, "counter", 1);
      assertKind(await commit(former, 2, rows("counter", row("a", "2"))), "fenced", "commit");
      assertEqual(await list(node, "counter", 1), before, "list");
    },
  },
  {
    title: "a change of history shows in every version",
    needs: "restart",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, 1);
      await committed(held, 1, rows("counter", row("a", "1")));
      const n = await versionOf(node, "counter");
      await context.restart?.();
      const historyId = await historyOf(node, 1);
      assertThat(historyId !== held.historyId, "the history is another one");
      const { version } = await list(node, "counter", 1);
      assertEqual(version, { historyId, n }, "listed version");
      assertEqual(
        await node.backend.views.versions({ kinds: ["counter"], shards: [1] }),
        [{ shard: 1, historyId, n: [n] }],
        "version alone",
      );
    },
  },
  {
    title: "what was lost under the same history gives no version again",
    needs: "loseData",
    run: async (context) => {
      const node = await startNode(context);
      const former = await claimShard(node, 1);
      await committed(former, 1, rows("counter", row("a", "1")));
      await committed(former, 2, rows("counter", row("a", "2")));
      const before = (await list(node, "counter", 1)).version;
      await context.loseData?.();
      await context.advance(20);
      const joined = await node.backend.membership.join(joinRequest(node.id, node.incarnation));
      const { datasetId } = assertKind(joined, "joined", "join");
      const present = await claimShard(node, 1, { datasetId });
      await committed(present, 1, rows("counter", row("a", "3")));
      await committed(present, 2, rows("counter", row("a", "4")));
      const { version } = await list(node, "counter", 1);
      assertEqual(version.historyId, before.historyId, "history");
      assertThat(version.n > before.n + 2, "numbers do not come again");
    },
  },
];
