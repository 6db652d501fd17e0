/** Apps as the legacy API showed them: one status, that of the node which answers. */
import type { AppRow, AppStatus, AppSummary, Muster } from "@muster/core";
import { unlessStale } from "../fresh.ts";

/** What an app is beside its status: name, description, author … */
export type LegacyAppInfo = Readonly<Record<string, unknown>>;

export interface LegacyNodeStatus {
  readonly instanceId: string;
  readonly isLocal: boolean;
  readonly status: AppStatus;
  readonly desiredStatus: AppRow["desiredStatus"];
  readonly initStatus: AppStatus;
  readonly nodeState: AppRow["nodeState"];
  readonly converged: boolean;
  readonly stale: boolean;
  readonly reason: AppRow["reason"];
}

/** The serving node's own; a node that has nothing to say of the app does not know. */
export const ownStatus = (rows: readonly AppRow[]): AppStatus =>
  rows.find(({ isLocal }) => isLocal)?.initStatus ?? "unknown";

/** Every node of the cluster, by its id. */
export const clusterStatus = (rows: readonly AppRow[]): readonly LegacyNodeStatus[] =>
  rows.map((row) => ({
    instanceId: row.nodeId,
    isLocal: row.isLocal,
    status: row.initStatus,
    desiredStatus: row.desiredStatus,
    initStatus: row.initStatus,
    nodeState: row.nodeState,
    converged: row.converged,
    stale: row.stale,
    reason: row.reason,
  }));

export const infoOf = ({ id, version }: Pick<AppSummary, "id" | "version">): LegacyAppInfo => ({
  id,
  name: id,
  nameSlug: id,
  version,
  languages: {},
});

/**
 * One app with its rows. One that is being uninstalled is there no more.
 * @throws HttpProblem `BACKEND_UNAVAILABLE` where the view cannot tell
 */
export const findApp = (
  muster: Muster,
  id: string,
): (AppSummary & { readonly nodes: readonly AppRow[] }) | undefined => {
  const { items, stale } = muster.apps.list({ q: id });
  const listed = items.find((app) => app.id === id);
  if (listed?.desiredStatus === "uninstalled") return undefined;
  if (!listed && !stale) return undefined;
  const app = unlessStale(stale, () => muster.apps.get(id));
  return { ...app, nodes: app.nodes ?? [] };
};

const hasActed = ({ initStatus, intentId, observedIntentId }: AppRow): boolean =>
  observedIntentId === intentId && !/^(unknown|constructed|initialized)$/.test(initStatus);

/**
 * Waits until this node has done what is wanted, or failed at it: the legacy API answered changes
 * with what came of them. After `waitMs` it answers as things are.
 */
export const settledStatus = async (
  muster: Muster,
  id: string,
  { signal, waitMs }: { readonly signal: AbortSignal; readonly waitMs: number },
): Promise<AppStatus> => {
  const row = (): AppRow | undefined => muster.apps.rows(id).items.find(({ isLocal }) => isLocal);
  const isSettled = (): boolean => {
    const found = row();
    return found === undefined || found.reason?.code === "no_host" || hasActed(found);
  };
  if (!isSettled()) {
    await new Promise<void>((resolve) => {
      const check = setInterval(() => {
        if (isSettled()) end();
      }, 20);
      const limit = setTimeout(() => end(), waitMs);
      const end = (): void => {
        clearInterval(check);
        clearTimeout(limit);
        signal.removeEventListener("abort", end);
        resolve();
      };
      signal.addEventListener("abort", end, { once: true });
      if (signal.aborted) end();
    });
  }
  return row()?.initStatus ?? "unknown";
};
