/** What happened to nodes between what was known of them and what is seen now. Pure. */
import { z } from "zod";
import type { ActorEvent } from "../define-actor.ts";
import { isLive, type NodeRecord } from "../model/node-record.ts";

/** A node as the reconciler remembers it. */
export const seenNode = z.object({
  id: z.string(),
  incarnation: z.string(),
  /** A suspect node is live still. */
  state: z.enum(["live", "lost", "left"]),
});
export type SeenNode = Readonly<z.output<typeof seenNode>>;

export const seenNow = (nodes: readonly NodeRecord[]): readonly SeenNode[] =>
  nodes
    .map(({ id, incarnation, state }): SeenNode => {
      if (isLive(state)) return { id, incarnation, state: "live" };
      return { id, incarnation, state: state === "left" ? "left" : "lost" };
    })
    .sort((a, b) => (a.id < b.id ? -1 : 1));

const eventOf = (type: string, { id, incarnation }: SeenNode): ActorEvent => ({
  type,
  subject: `node/${id}`,
  data: { nodeId: id, incarnation },
});

const changeOf = (before: SeenNode | undefined, now: SeenNode): string | undefined => {
  const isSame = before?.incarnation === now.incarnation;
  if (isSame && before.state === now.state) return undefined;
  if (now.state === "live") return "node.joined";
  // One that joined and went between two looks has no more to tell than that it went.
  return now.state === "lost" ? "node.lost" : "node.left";
};

/** One that was lost and is no longer there was reaped. */
export const nodeEvents = (
  known: readonly SeenNode[],
  seen: readonly SeenNode[],
): readonly ActorEvent[] => {
  const before = new Map(known.map((node) => [node.id, node]));
  const events = seen.flatMap((node) => {
    const type = changeOf(before.get(node.id), node);
    return type === undefined ? [] : eventOf(type, node);
  });
  const present = new Set(seen.map(({ id }) => id));
  const reaped = known.filter(({ id, state }) => state === "lost" && !present.has(id));
  return [...reaped.map((node) => eventOf("node.reaped", node)), ...events];
};
