/** Status rows: each node writes its own, and only its present incarnation may. */
import type { Incarnation, NodeId } from "../../model/ids.ts";
import { assertEqual, assertThat, only } from "./assert.ts";
import type { ConformanceCase } from "./context.ts";
import { bytes, freshId, startNode, type TestNode } from "./test-node.ts";

const row = (unit: string, text: string) => ({ unit, row: bytes(text) });
const removed = (unit: string) => ({ unit, row: "removed" as const });

const write = (
  node: TestNode,
  seq: number,
  rows: readonly {
    readonly unit: string;
    readonly row: Uint8Array | "removed";
  }[],
  over: { readonly reset?: boolean; readonly incarnation?: Incarnation } = {},
) =>
  node.backend.views.writeStatus({
    nodeId: node.id,
    incarnation: node.incarnation,
    seq,
    reset: false,
    rows,
    ...over,
  });

const list = async (node: TestNode) =>
  only(await node.backend.views.listStatus({ nodes: [node.id] }), "status");

export const statusCases: readonly ConformanceCase[] = [
  {
    title: "a node without status rows has version zero and no incarnation",
    run: async (context) => {
      const node = await startNode(context);
      const { nodeId, incarnation, version, rows } = await list(node);
      assertEqual({ nodeId, incarnation }, { nodeId: node.id, incarnation: "none" }, "status");
      assertEqual({ n: version.n, rows }, { n: 0, rows: [] }, "rows");
    },
  },
  {
    title: "each write raises the version by one and changes only the rows it names",
    run: async (context) => {
      const node = await startNode(context);
      const first = await write(node, 1, [row("a", "1"), row("b", "1")], {
        reset: true,
      });
      const second = await write(node, 2, [row("a", "2")]);
      const third = await write(node, 3, [removed("b"), row("c", "1")]);
      assertThat(
        first.kind === "written" && second.kind === "written" && third.kind === "written",
        "all are written",
      );
      assertEqual(second.version.n, first.version.n + 1, "second version");
      assertEqual(third.version.n, first.version.n + 2, "third version");
      const listed = await list(node);
      assertEqual(listed.incarnation, node.incarnation, "incarnation");
      assertEqual(listed.version, third.version, "version");
      assertEqual(
        [...listed.rows].sort((left, right) => (left.unit < right.unit ? -1 : 1)),
        [row("a", "2"), row("c", "1")],
        "rows",
      );
    },
  },
  {
    title: "a reset by a new incarnation drops the rows of the former one",
    run: async (context) => {
      const node = await startNode(context);
      await write(node, 1, [row("a", "1"), row("b", "1")], { reset: true });
      const before = await list(node);
      const incarnation = freshId("life") as Incarnation;
      await write(node, 1, [row("b", "2")], { reset: true, incarnation });
      const after = await list(node);
      assertEqual(after.incarnation, incarnation, "incarnation");
      assertEqual(after.rows, [row("b", "2")], "rows");
      assertEqual(after.version.n, before.version.n + 1, "version");
    },
  },
  {
    title: "a write of a replaced incarnation is refused and names its successor",
    run: async (context) => {
      const node = await startNode(context);
      await write(node, 1, [row("a", "1")], { reset: true });
      const incarnation = freshId("life") as Incarnation;
      await write(node, 1, [], { reset: true, incarnation });
      const before = await list(node);
      assertEqual(
        await write(node, 2, [row("a", "2")]),
        { kind: "superseded", incarnation },
        "answer",
      );
      assertEqual(await list(node), before, "status");
    },
  },
  {
    title: "a late reset of a replaced incarnation is refused",
    run: async (context) => {
      const node = await startNode(context);
      await write(node, 1, [row("a", "1")], { reset: true });
      const incarnation = freshId("life") as Incarnation;
      await write(node, 1, [row("b", "1")], { reset: true, incarnation });
      const before = await list(node);
      assertEqual(
        await write(node, 1, [row("a", "1")], { reset: true }),
        { kind: "superseded", incarnation },
        "late copy",
      );
      assertEqual(
        await write(node, 2, [row("a", "1")], { reset: true }),
        { kind: "superseded", incarnation },
        "a further one",
      );
      assertEqual(await list(node), before, "status");
    },
  },
  {
    title: "a write before any reset is refused",
    run: async (context) => {
      const node = await startNode(context);
      assertEqual(
        await write(node, 1, [row("a", "1")]),
        { kind: "superseded", incarnation: "none" },
        "answer",
      );
      assertEqual((await list(node)).rows, [], "rows");
    },
  },
  {
    title: "a repeated or late write changes nothing and answers the present version",
    run: async (context) => {
      const node = await startNode(context);
      await write(node, 1, [row("a", "1")], { reset: true });
      await write(node, 2, [row("a", "2")]);
      await write(node, 3, [row("b", "3")]);
      const before = await list(node);
      const present = { kind: "written", version: before.version } as const;
      assertEqual(await write(node, 3, [row("b", "3")]), present, "repeat");
      assertEqual(await write(node, 2, [row("a", "2")]), present, "late write");
      assertEqual(await write(node, 1, [row("a", "1")], { reset: true }), present, "late reset");
      assertEqual(await list(node), before, "status");
    },
  },
  {
    title: "an incarnation may reset its own rows with a further write",
    run: async (context) => {
      const node = await startNode(context);
      await write(node, 1, [row("a", "1"), row("b", "1")], { reset: true });
      await write(node, 2, [row("a", "2")], { reset: true });
      assertEqual((await list(node)).rows, [row("a", "2")], "rows");
    },
  },
  {
    title: "status of several nodes is listed in the order asked, and versions alone agree",
    run: async (context) => {
      const one = await startNode(context, "web-1");
      const two = await startNode(context, "web-2");
      await write(one, 1, [row("a", "1")], { reset: true });
      await write(two, 1, [row("a", "2")], { reset: true });
      await write(two, 2, [row("a", "3")]);
      const nodes = [two.id, "web-9" as NodeId, one.id];
      const lists = await one.backend.views.listStatus({ nodes });
      assertEqual(
        lists.map(({ nodeId, rows }) => ({ nodeId, rows })),
        [
          { nodeId: two.id, rows: [row("a", "3")] },
          { nodeId: "web-9", rows: [] },
          { nodeId: one.id, rows: [row("a", "1")] },
        ],
        "lists",
      );
      assertEqual(
        await one.backend.views.statusVersions({ nodes }),
        lists.map(({ nodeId, version }) => ({ nodeId, version })),
        "versions",
      );
    },
  },
  {
    title: "a change of history shows in the version of status rows",
    needs: "restart",
    run: async (context) => {
      const node = await startNode(context);
      await write(node, 1, [row("a", "1")], { reset: true });
      const before = (await list(node)).version;
      await context.restart?.();
      const after = (await list(node)).version;
      assertThat(after.historyId !== before.historyId, "the history is another one");
      assertEqual(after.n, before.n, "number");
    },
  },
  {
    title: "status rows that were lost must be reset",
    needs: "loseData",
    run: async (context) => {
      const node = await startNode(context);
      await write(node, 1, [row("a", "1")], { reset: true });
      await context.loseData?.();
      assertEqual(
        await write(node, 2, [row("a", "2")]),
        { kind: "superseded", incarnation: "none" },
        "write",
      );
      const reset = await write(node, 3, [row("a", "2")], { reset: true });
      assertEqual(reset.kind, "written", "reset");
      assertEqual((await list(node)).rows, [row("a", "2")], "rows");
    },
  },
];
