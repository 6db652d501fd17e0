/** Decides whether what is waited for holds, may still come, or cannot come any more. Pure. */
import { isTerminal } from "../apps/decide-converged.ts";
import type { AppReason, AppRow, AppSummary } from "../apps/model.ts";
import type { Blocker } from "../model/blocker.ts";
import { isLive } from "../model/node-record.ts";
import type { ClusterStatus, NodeView } from "../services.ts";
import type { WaitCondition } from "./condition.ts";

/** What a wait looks at; all of it from memory. */
export interface WaitFacts {
  status(): ClusterStatus;
  nodes(): readonly NodeView[];
  /** With rows; `undefined` for an app that is not there. */
  app(id: string): (AppSummary & { readonly nodes: readonly AppRow[] }) | undefined;
  /** Apps that are not as they should be, with rows. */
  drifted(): readonly (AppSummary & { readonly nodes: readonly AppRow[] })[];
}

export type Judgement =
  | {
      readonly kind: "holds";
      readonly generation?: number;
      readonly notConfirmed: readonly string[];
    }
  | {
      readonly kind: "waiting";
      readonly generation?: number;
      readonly blockers: readonly Blocker[];
      readonly notConfirmed: readonly string[];
    }
  /** It cannot come without a change from outside. */
  | {
      readonly kind: "impossible";
      readonly code: "TERMINAL" | "SUPERSEDED" | "OBSERVED";
      readonly message: string;
      readonly blockers: readonly Blocker[];
    };

const maxBlockers = 100;

const because = (code: string, message: string): Blocker => ({ reason: { code, message } });

/** A row that says nothing but its status still has a reason to be told. */
const reasonOf = (row: AppRow): AppReason => {
  if (row.reason) return row.reason;
  return row.observedIntentId === row.intentId
    ? { code: "in_progress", message: `is ${row.initStatus}, not yet ${row.desiredStatus}` }
    : { code: "not_observed", message: "has not acted on this intent yet" };
};

const blockerOf = (row: AppRow): Blocker => ({
  nodeId: row.nodeId,
  appId: row.appId,
  initStatus: row.initStatus,
  observedGeneration: row.observedGeneration,
  reason: reasonOf(row),
});

const judgeApp = (
  condition: Extract<WaitCondition, { kind: "app" }>,
  facts: WaitFacts,
): Judgement => {
  const app = facts.app(condition.id);
  if (condition.state === "gone") {
    if (!app) return { kind: "holds", notConfirmed: [] };
    const blockers =
      app.desiredStatus === "uninstalled"
        ? app.nodes.filter(({ converged, nodeState }) => isLive(nodeState) && !converged)
        : [];
    return {
      kind: "waiting",
      blockers:
        blockers.length > 0
          ? blockers.map(blockerOf)
          : [because("installed", `the app ${app.id} is ${app.desiredStatus}`)],
      notConfirmed: [],
    };
  }
  if (!app) {
    const message = `there is no app ${condition.id} in this cluster`;
    return { kind: "waiting", blockers: [because("not_installed", message)], notConfirmed: [] };
  }
  const { generation } = app;
  if (condition.generation !== undefined && generation > condition.generation) {
    return {
      kind: "impossible",
      code: "SUPERSEDED",
      message: `generation ${condition.generation} of ${app.id} gave way to ${generation} (${app.desiredStatus}, by ${app.changedBy}: ${app.reason})`,
      blockers: [],
    };
  }
  if (condition.generation !== undefined && generation < condition.generation) {
    const message = `this node has seen generation ${generation} of ${app.id} only`;
    return {
      kind: "waiting",
      generation,
      blockers: [because("behind", message)],
      notConfirmed: [],
    };
  }
  if (app.management === "observe") {
    return {
      kind: "impossible",
      code: "OBSERVED",
      message: `the app ${app.id} is only observed: no node acts on its intent`,
      blockers: [],
    };
  }
  const notConfirmed = app.nodes
    .filter(({ nodeState }) => nodeState === "lost")
    .map(({ nodeId }) => nodeId);
  if (condition.state !== "converged" && app.desiredStatus !== condition.state) {
    const message = `the app ${app.id} is to be ${app.desiredStatus}, by ${app.changedBy}: ${app.reason}`;
    return {
      kind: "waiting",
      generation,
      blockers: [because("intent", message)],
      notConfirmed,
    };
  }
  const off = app.nodes.filter(({ nodeState, converged }) => isLive(nodeState) && !converged);
  const blockers = off.map(blockerOf);
  if (off.length === 0) return { kind: "holds", generation, notConfirmed };
  const terminal = off.filter(isTerminal);
  if (terminal.length > 0) {
    const names = terminal.map(({ nodeId, initStatus }) => `${nodeId} is ${initStatus}`);
    return {
      kind: "impossible",
      code: "TERMINAL",
      message: `no retry will mend the app ${app.id}: ${names.join(", ")}`,
      blockers,
    };
  }
  return { kind: "waiting", generation, blockers, notConfirmed };
};

const judgeCluster = (
  condition: Exclude<WaitCondition, { kind: "app" }>,
  facts: WaitFacts,
): Judgement => {
  const waiting = (blockers: readonly Blocker[]): Judgement =>
    blockers.length === 0
      ? { kind: "holds", notConfirmed: [] }
      : { kind: "waiting", blockers: blockers.slice(0, maxBlockers), notConfirmed: [] };
  switch (condition.kind) {
    case "healthy": {
      const { verdict, reasons } = facts.status();
      return waiting(
        verdict === "healthy" ? [] : reasons.map((reason) => because(verdict, reason)),
      );
    }
    case "nodes": {
      const nodes = facts.nodes();
      const up = nodes.filter(({ state }) => state === "up").length;
      if (up >= condition.count) return waiting([]);
      return waiting([
        because("nodes_missing", `${up} of ${condition.count} nodes are up`),
        ...nodes
          .filter(({ state }) => state !== "up")
          .map(({ id, state }) => ({
            nodeId: id,
            reason: { code: state, message: `is ${state}` },
          })),
      ]);
    }
    case "drained": {
      const node = facts.nodes().find(({ id }) => id === condition.node);
      if (!node) {
        return waiting([because("not_known", `there is no node ${condition.node}`)]);
      }
      if (!node.cordoned) {
        const message = "nobody asked for it to be drained";
        return waiting([{ nodeId: node.id, reason: { code: "not_drained", message } }]);
      }
      const message = `still owns ${node.shards} shards`;
      return waiting(
        node.shards === 0 ? [] : [{ nodeId: node.id, reason: { code: "owns_shards", message } }],
      );
    }
    case "dead-letters": {
      const { unresolved, parked } = facts.status().deadLetters;
      const told = (count: number, what: string): string =>
        `${count} ${count === 1 ? "dead letter is" : "dead letters are"} ${what}`;
      return waiting([
        ...(unresolved > 0 ? [because("unresolved", told(unresolved, "unresolved"))] : []),
        ...(parked > 0 ? [because("parked", told(parked, "waiting for room"))] : []),
      ]);
    }
    case "drift":
      return waiting(
        facts
          .drifted()
          .flatMap(({ nodes }) =>
            nodes.filter((row) => isLive(row.nodeState) && !row.converged).map(blockerOf),
          ),
      );
  }
};

export const judgeCondition = (condition: WaitCondition, facts: WaitFacts): Judgement =>
  condition.kind === "app" ? judgeApp(condition, facts) : judgeCluster(condition, facts);
