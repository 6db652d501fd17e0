/** Who changed what, when and why. */
import type { Node } from "./engine/node.ts";
import { type EventHistoryRequest, readEventLog } from "./event-log.ts";
import type { ClusterEvent } from "./model/event.ts";
import type { EventStore } from "./ports/event-store.ts";

export interface AuditRequest extends EventHistoryRequest {
  /** Only changes by this principal. @defaultValue all */
  readonly by?: string;
}

/** A change that somebody made; what it was before and after is in `data`. */
export interface AuditEntry extends ClusterEvent {
  readonly by: string;
}

export interface AuditList {
  /** Oldest first. Ids are of the audit, not of the stream of events. */
  readonly items: readonly AuditEntry[];
  /** What the answer covers: within it nothing that was asked for is left out. */
  readonly window: { readonly from: string; readonly to: string };
}

export interface AuditService {
  /**
   * The newest changes that are kept and asked for: of apps, nodes, alerts, lost data,
   * dead letters and the reconciler, by whatever way they were made. Each is written by the commit
   * that made it, or right beside it where it is no actor's.
   * @throws MusterError `VALIDATION`, `NOT_STARTED`, `STOPPED`, `BACKEND_UNAVAILABLE`
   */
  list(request?: AuditRequest): Promise<AuditList>;
}

const isEntry = (event: ClusterEvent): event is AuditEntry => event.by !== undefined;

export const createAuditService = (node: Node, store: EventStore): AuditService => ({
  list: async ({ by, ...request } = {}) => {
    const { items, window } = await readEventLog(
      node,
      store,
      "audit",
      "audit.list",
      request,
      (e) => (by === undefined ? true : e.by === by),
    );
    return { items: items.filter(isEntry), window };
  },
});
