import { expect, test } from "bun:test";
import type { NodeRecord, NodeState } from "./model/node-record.ts";
import { unknownKinds } from "./unknown-kinds.ts";

const node = (
  id: string,
  kinds: readonly string[],
  over: { state?: NodeState; cordoned?: boolean; waiting?: Record<string, number> } = {},
): NodeRecord =>
  ({
    id,
    state: over.state ?? "up",
    cordoned: over.cordoned ?? false,
    info: { kinds },
    stats: { ...(over.waiting && { waiting: over.waiting }) },
  }) as unknown as NodeRecord;

test.each<[string, readonly NodeRecord[], readonly string[]]>([
  ["nothing where all know the same", [node("n1", ["a", "b"]), node("n2", ["b", "a"])], []],
  [
    "the node that lacks a kind",
    [node("n1", ["app", "bill"]), node("n2", ["app"])],
    ['node n2 does not know the actor kind "bill": asks of it are refused there'],
  ],
  [
    "all that lack it, and how much waits",
    [
      node("n3", ["app"], { waiting: { bill: 2 } }),
      node("n1", ["app", "bill"]),
      node("n2", ["app"], { waiting: { bill: 1 } }),
    ],
    [
      'nodes n2, n3 do not know the actor kind "bill": asks of it are refused there, 3 messages wait',
    ],
  ],
  [
    "kinds that nobody knows, of which messages wait",
    [node("n1", ["app"], { waiting: { old: 1 } })],
    ['no node knows the actor kind "old": 1 message waits'],
  ],
  [
    "messages that wait for a newer version",
    [node("n1", ["bill"], { waiting: { bill: 4 } })],
    ['4 messages wait for a node with a newer version of the actor kind "bill"'],
  ],
  [
    "nothing of nodes that own no shard",
    [
      node("n1", ["app", "bill"]),
      node("n2", ["app"], { cordoned: true }),
      node("n3", [], { state: "draining" }),
      node("n4", [], { state: "lost", waiting: { old: 1 } }),
      node("n5", ["other"], { state: "left" }),
    ],
    [],
  ],
])("the verdict is given %s", (_, nodes, reasons) => {
  expect(unknownKinds(nodes)).toEqual(reasons);
});
