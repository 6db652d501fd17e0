/**
 * Tells `app.node.reported` when what this node reports of an app changes its init status, or the intent
 * it has acted on. A row that is only written again tells nothing; after a restart the first row is
 * compared with what the former process left.
 */
import { actorKey } from "../model/actor-address.ts";
import type { NodeId } from "../model/ids.ts";
import type { StatusRow } from "../view.ts";
import { appObserved } from "./observed.ts";

interface Reports {
  inherited(): ReadonlyMap<string, StatusRow<unknown>>;
  onChange(
    listener: (
      nodeId: NodeId,
      unit: string,
      row: { readonly row: StatusRow<unknown> } | undefined,
    ) => void,
  ): () => void;
}

type Tell = (
  subject: string,
  event: { readonly type: "app.node.reported"; readonly data: object },
) => void;

const apps = actorKey("app", "");
/** What an attempt goes through: told is what it came to, so that each retry does not tell. */
const onTheWay: ReadonlySet<string> = new Set(["constructed", "initialized"]);

const partOf = (row: StatusRow<unknown>) => {
  const observed = appObserved.safeParse(row.observed).data;
  return {
    initStatus: observed?.initStatus ?? "unknown",
    observedGeneration: observed?.observedGeneration ?? null,
    observedIntentId: row.intentId === "" ? null : row.intentId,
    version: observed?.version ?? null,
    reason: observed?.reason ?? null,
    converged: row.converged,
  };
};

/** The answer ends it. */
export const tellReports = (reports: Reports, nodeId: NodeId, tell: Tell): (() => void) => {
  const last = new Map<string, ReturnType<typeof partOf> | null>();
  return reports.onChange((from, unit, row) => {
    if (from !== nodeId || !unit.startsWith(apps)) return;
    const former = last.has(unit) ? undefined : reports.inherited().get(unit);
    const previous = last.get(unit) ?? (former ? partOf(former) : null);
    const next = row ? partOf(row.row) : null;
    if (next && onTheWay.has(next.initStatus)) return;
    last.set(unit, next);
    const isSame =
      previous?.initStatus === next?.initStatus &&
      previous?.observedIntentId === next?.observedIntentId;
    if (!isSame) tell(unit, { type: "app.node.reported", data: { nodeId, previous, next } });
  });
};
