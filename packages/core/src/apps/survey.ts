/**
 * Looks at what the nodes have made of an update or an uninstall, for the app's actor: waits until
 * they have come to something, or for a while. Run as an effect on the node that owns the app.
 */
import { isLive, type NodeRecord } from "../model/node-record.ts";
import type { Cancel, Clock } from "../ports/clock.ts";
import type { NodeStanding, Survey, SurveyInput } from "./commands.ts";
import { isTerminal } from "./decide-converged.ts";
import type { AppIntentRow } from "./intent.ts";
import type { AppRow } from "./model.ts";

/** One survey waits so long for nodes to move, in milliseconds. */
const patienceMs = 5_000;
/** An update counts as failed on a node after so many attempts. */
const enoughAttempts = 3;
/** Failures that are tried again so slowly that an update does not wait for them. */
const slowStatuses: ReadonlySet<string> = new Set([
  "disabled",
  "invalid_license_disabled",
  "invalid_settings_disabled",
]);

export interface SurveySources {
  readonly clock: Clock;
  intent(appId: string): AppIntentRow | undefined;
  /** Rows of these nodes, as this node has heard of them. */
  rows(intent: AppIntentRow, nodes: readonly NodeRecord[]): readonly AppRow[];
  /** True while rows may be out of date. */
  stale(): boolean;
  /** Nodes with an app host, read from the store: one that has just joined must not be missed. */
  nodes(): Promise<readonly NodeRecord[]>;
  /** Calls back whenever something of the above may have changed; the answer ends it. */
  onChange(listener: () => void): () => void;
}

/** What a row means for an update that is tried on its node. */
export const canaryStanding = (row: AppRow): NodeStanding => {
  const { nodeId, reason } = row;
  if (row.converged) return { nodeId, standing: "confirmed", reason };
  const hasActed = row.observedIntentId === row.intentId;
  const gaveUp = row.attempts >= enoughAttempts || slowStatuses.has(row.initStatus);
  const failed = isTerminal(row) || (hasActed && reason !== null && gaveUp);
  return { nodeId, standing: failed ? "failed" : "pending", reason };
};

const uninstallStanding = ({ converged, nodeId, reason }: AppRow): NodeStanding => ({
  nodeId,
  standing: converged ? "confirmed" : "pending",
  reason,
});

/** Tells whether the actor can decide by it, rather than by the next one. */
const isDecisive = ({ complete, nodes }: Survey, { purpose }: SurveyInput): boolean =>
  (complete && nodes.every(({ standing }) => standing === "confirmed")) ||
  (purpose === "canary" && nodes.some(({ standing }) => standing === "failed"));

const look = async (sources: SurveySources, input: SurveyInput): Promise<Survey> => {
  const intent = sources.intent(input.appId);
  // This node has yet to hear of the row that asks, or has heard of another intent.
  if (intent?.intentId !== input.intentId || intent.revision < input.revision) {
    return { complete: false, nodes: [] };
  }
  const live = (await sources.nodes()).filter(({ state }) => isLive(state));
  const asked = input.nodes.length === 0 ? live : live.filter(({ id }) => input.nodes.includes(id));
  // Rows are read after the list of nodes, so that no node is judged by what it was before.
  const standing = input.purpose === "canary" ? canaryStanding : uninstallStanding;
  const nodes = sources.rows(intent, asked).map(standing);
  const gone = input.nodes.filter((id) => !live.some((node) => node.id === id));
  const lost = gone.map((nodeId): NodeStanding => {
    const reason = { code: "node_gone", message: `${nodeId} is not there` };
    return { nodeId, standing: "pending", reason };
  });
  return { complete: !sources.stale(), nodes: [...nodes, ...lost] };
};

/** Resolves at the next change, at the latest after `ms`. */
const pause = (sources: SurveySources, ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    let cancel: Cancel = () => {};
    const go = () => {
      cancel();
      end();
      signal.removeEventListener("abort", go);
      resolve();
    };
    cancel = sources.clock.after(ms, go);
    const end = sources.onChange(() => {
      // Changes come in crowds: all of them are seen by one look.
      cancel();
      cancel = sources.clock.after(20, go);
    });
    signal.addEventListener("abort", go, { once: true });
  });

/** @throws what reading the list of nodes throws, or the signal's reason */
export const survey = async (
  sources: SurveySources,
  input: SurveyInput,
  signal: AbortSignal,
): Promise<Survey> => {
  const until = sources.clock.monotonic() + patienceMs;
  for (;;) {
    signal.throwIfAborted();
    const seen = await look(sources, input);
    const left = until - sources.clock.monotonic();
    // Which nodes to begin with is asked without anything to wait for.
    const isPick = input.purpose === "canary" && input.nodes.length === 0 && seen.nodes.length > 0;
    if (isPick || isDecisive(seen, input) || left <= 0) return seen;
    await pause(sources, left, signal);
  }
};
