/** Asks nodes to try now: what each of them made of it, app by app. */

import { MusterError } from "../errors.ts";
import type { NodeId } from "../model/ids.ts";
import { isLive } from "../model/node-record.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import { type Principal, requireReason, requireRole } from "../principal.ts";
import type { AppsReconcile, AppsService } from "../services.ts";
import { terminalStatuses } from "./decide-converged.ts";
import type { AppPauseView, AppRow } from "./model.ts";
import { refusalError } from "./refusals.ts";

export interface ReconcileRequest {
  /** Only these. @defaultValue every node that does not agree */
  readonly nodes?: readonly string[];
  /** Also where all is well, where no retry is due, and where no retry would mend it. */
  readonly force?: boolean;
  readonly reason: string;
}

export interface ReconcileItem {
  readonly appId: string;
  readonly nodeId: string;
  /** `repaired`: it agrees now; `nudged`: it tries, and does not agree yet. */
  readonly result: "repaired" | "nudged" | "skipped" | "failed";
  /** Why it was skipped or failed (snake_case). */
  readonly code?: string;
  readonly message?: string;
}

export interface ReconcileSources {
  readonly clock: Clock;
  readonly logger: Logger;
  rows(appId: string): readonly AppRow[];
  /** Who has paused an app, and until when; `undefined` for one that is not paused. */
  pauseOf(appId: string): Pick<AppPauseView, "owner" | "until"> | undefined;
  /** Asks a node to look at one app again; `false` when it was not heard. */
  nudge(nodeId: NodeId, appId: string, force: boolean): Promise<"nudged" | "unknown" | "silent">;
  onChange(listener: () => void): () => void;
}

/** How long a nudged node is watched for what comes of it. */
const settleMs = 3_000;

const skip = (code: string, message: string) => ({ result: "skipped", code, message }) as const;
const fail = (code: string, message: string) => ({ result: "failed", code, message }) as const;

/** What is known of a row before anybody is asked; `undefined` when its node is to be nudged. */
export const decideNudge = (
  row: AppRow,
  force: boolean,
): Pick<ReconcileItem, "result" | "code" | "message"> | undefined => {
  if (!isLive(row.nodeState)) {
    return fail("node_gone", `${row.nodeId} is ${row.nodeState}: it acts when it comes back`);
  }
  if (force) return undefined;
  if (row.converged) return skip("converged", "it is as it should be");
  if (row.observedIntentId === row.intentId && terminalStatuses.has(row.initStatus)) {
    return skip("terminal", "no retry will mend it; force tries all the same");
  }
  return undefined;
};

/** Nudges the nodes of one app and watches them for a moment. */
export const reconcileApp = async (
  sources: ReconcileSources,
  appId: string,
  { nodes, force = false }: ReconcileRequest,
): Promise<readonly ReconcileItem[]> => {
  const rows = sources.rows(appId);
  for (const id of nodes ?? []) {
    if (rows.some(({ nodeId }) => nodeId === id)) continue;
    throw new MusterError("NODE_NOT_FOUND", `There is no node "${id}" in this cluster.`, {
      op: "apps.reconcile",
      hint: "List them with `muster nodes list`.",
    });
  }
  const asked = rows.filter(({ nodeId }) => nodes?.includes(nodeId) ?? true);
  const pause = force ? undefined : sources.pauseOf(appId);
  if (pause) {
    const message = `paused by ${pause.owner} until ${pause.until}; force tries all the same`;
    return asked.map(({ nodeId }) => ({ appId, nodeId, ...skip("paused", message) }));
  }
  return Promise.all(asked.map((row) => reconcileRow(sources, row, force)));
};

const reconcileRow = async (
  sources: ReconcileSources,
  row: AppRow,
  force: boolean,
): Promise<ReconcileItem> => {
  const { appId, nodeId } = row;
  const known = decideNudge(row, force);
  if (known) return { appId, nodeId, ...known };
  const heard = await sources.nudge(nodeId, appId, force);
  if (heard === "silent") {
    return { appId, nodeId, ...fail("node_silent", `${nodeId} did not answer`) };
  }
  if (heard === "unknown") {
    return { appId, nodeId, ...fail("not_followed", `${nodeId} does not follow this app yet`) };
  }
  const repaired = await settles(sources, row);
  return { appId, nodeId, result: repaired ? "repaired" : "nudged" };
};

/** Resolves true once the node agrees with something newer than `before`, false after a while. */
const settles = async (sources: ReconcileSources, before: AppRow): Promise<boolean> => {
  const { clock } = sources;
  const until = clock.monotonic() + settleMs;
  for (;;) {
    const now = sources.rows(before.appId).find(({ nodeId }) => nodeId === before.nodeId);
    const isNew = !before.converged || now?.reportedAt !== before.reportedAt;
    if (now?.converged && isNew) return true;
    const left = until - clock.monotonic();
    if (left <= 0) return false;
    await new Promise<void>((resolve) => {
      const go = () => {
        cancel();
        end();
        clock.defer(resolve);
      };
      const cancel = clock.after(left, go);
      const end = sources.onChange(go);
    });
  }
};

/** Apps watched at a time: a cluster may have thousands. */
const appsAtOnce = 32;

/** Builds the repairs of `muster.as(principal).apps`. */
export const createAppsReconcile = (
  principal: Principal,
  sources: ReconcileSources,
  reads: AppsService,
): AppsReconcile => {
  const tryNow = async (
    op: string,
    ids: readonly string[],
    request: ReconcileRequest,
  ): Promise<readonly ReconcileItem[]> => {
    const { reason } = request;
    sources.logger.info({ op, by: principal.name, reason, apps: ids.length }, "nodes try now");
    const items: ReconcileItem[] = [];
    for (let from = 0; from < ids.length; from += appsAtOnce) {
      const some = ids.slice(from, from + appsAtOnce);
      const done = await Promise.all(some.map((id) => reconcileApp(sources, id, request)));
      items.push(...done.flat());
    }
    return items;
  };
  const allow = (op: string, reason: unknown): void => {
    requireRole(principal, "operator", op);
    requireReason(reason, op);
  };
  return {
    reconcile: async (id, request) => {
      const op = "apps.reconcile";
      allow(op, request.reason);
      const app = reads.get(id);
      if (app.paused && !request.force) throw refusalError(op, id, "paused", app);
      return tryNow(op, [id], request);
    },
    reconcileAll: async ({ apps, ...request }) => {
      const op = "apps.reconcileAll";
      allow(op, request.reason);
      for (const id of apps ?? []) reads.get(id);
      const drifted = () => reads.list({ drifted: true }).items.map(({ id }) => id);
      return tryNow(op, apps ?? drifted(), request);
    },
  };
};
