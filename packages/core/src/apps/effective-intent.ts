/**
 * What one node has to follow of an app's intent: during a pause what stood when it began, and while
 * an update is tried on some nodes what the others keep. Pure; every node and every listing ask here.
 */
import type { AppIntentRow } from "./intent.ts";

/** Part of the identity of what nodes keep while others move first. */
const keeps = "~keeps";

/** The intent as this node follows it; its `intentId` is what the node reports to have acted on. */
export const effectiveIntent = (intent: AppIntentRow, nodeId: string): AppIntentRow => {
  const followed = intent.paused?.held ? { ...intent, ...intent.paused.held } : intent;
  const { rollout } = followed;
  if (!rollout || rollout.nodes.includes(nodeId)) return followed;
  const { ref, version } = rollout.from;
  return { ...followed, version, ref, intentId: followed.intentId + keeps };
};

/** Tells whether intent has changed since the app was paused. */
export const hasMissed = ({ paused }: Pick<AppIntentRow, "paused">): boolean =>
  paused !== null && paused.held !== null;
