/** Which apps a listing shows. Pure. */
import type { NodeId } from "../model/ids.ts";
import type { NodeRecord } from "../model/node-record.ts";
import type { AppFilter } from "../services.ts";
import type { AppIntentRow } from "./intent.ts";
import { type Said, statusOf } from "./rows.ts";

/** Tells whether the intent alone lets an app pass; nothing of nodes has to be looked at for it. */
export const intentPasses = (intent: AppIntentRow, { desired, q }: AppFilter): boolean =>
  (desired === undefined || intent.desiredStatus === desired) &&
  (q === undefined || intent.id.includes(q.toLowerCase()));

/** The nodes a listing is about: one, where the filter names it. */
export const nodesAsked = (
  nodes: readonly NodeRecord[],
  { node }: AppFilter,
): readonly NodeRecord[] => (node === undefined ? nodes : nodes.filter(({ id }) => id === node));

/** Index of the first of sorted ids that comes after the given one. */
export const firstAfter = (ids: readonly string[], after: string): number => {
  let [low, high] = [0, ids.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ids[middle] ?? "") > after) high = middle;
    else low = middle + 1;
  }
  return low;
};

/** Tells whether what nodes said has to be looked at. */
export const asksNodes = ({ initStatus, reason }: AppFilter): boolean =>
  initStatus !== undefined || reason !== undefined;

/** Tells whether status and reason are what some node of the listing said. */
export const nodesPass = (
  nodes: readonly NodeRecord[],
  intent: AppIntentRow,
  said: (nodeId: NodeId) => Said,
  { initStatus, reason }: AppFilter,
): boolean =>
  nodes.some((node) => {
    const status = statusOf(said(node.id), intent);
    return (
      (initStatus === undefined || status.initStatus === initStatus) &&
      (reason === undefined || status.reason?.code === reason)
    );
  });
