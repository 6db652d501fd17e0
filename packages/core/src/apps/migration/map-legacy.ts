/** The table from one legacy status to desired status and init status. Pure. */
import { AppStatus, isEnabled, isError } from "../model.ts";
import type { ReadRecord } from "./read-record.ts";

export type LegacyMapping =
  | {
      readonly kind: "mapped";
      readonly desiredStatus: "enabled" | "disabled";
      readonly initStatus: AppStatus;
      readonly why: string;
    }
  | { readonly kind: "refused"; readonly code: string; readonly why: string };

const statuses: ReadonlySet<string> = new Set(Object.values(AppStatus));
const isStatus = (text: string): text is AppStatus => statuses.has(text);

const isTransitional = (status: AppStatus): boolean =>
  status === "unknown" || status === "constructed" || status === "initialized";

type Desired =
  | { readonly desired: "enabled" | "disabled"; readonly why: string }
  | { readonly unrecognised: string };

/** What a status says of intent; a transitional one leaves that to the status before it. */
const desiredOf = (status: AppStatus, previous: string | undefined): Desired => {
  if (isEnabled(status)) return { desired: "enabled", why: `${status}: it was on` };
  if (isError(status)) {
    return {
      desired: "enabled",
      why: `${status}: the failure was the node's, not the administrator's`,
    };
  }
  if (!isTransitional(status)) return { desired: "disabled", why: `${status}: it was off` };
  if (previous === undefined) {
    return { desired: "enabled", why: `${status}: on its way up, with no previous status` };
  }
  if (!isStatus(previous)) return { unrecognised: previous };
  const before = desiredOf(previous, undefined);
  return "desired" in before
    ? { ...before, why: `${status}: on its way; before that ${before.why}` }
    : before;
};

const unrecognised = (field: string, value: string): LegacyMapping => ({
  kind: "refused",
  code: "status_unrecognised",
  why: `${field} "${value}" is none of the 12 statuses`,
});

/** Maps a record; a field that it has already is kept. */
export const mapLegacy = (record: ReadRecord): LegacyMapping => {
  const { desiredStatus, initStatus, previousStatus, status } = record;
  if (status !== undefined && !isStatus(status)) return unrecognised("status", status);
  const single = status ?? initStatus;
  if (desiredStatus === "uninstalled") {
    const why = "half migrated before, as uninstalled: there is nothing to install";
    return { kind: "refused", code: "uninstalled", why };
  }
  if (desiredStatus !== undefined) {
    const has = initStatus === undefined ? "its desired status" : "both of its fields";
    return {
      kind: "mapped",
      desiredStatus,
      initStatus: initStatus ?? status ?? "unknown",
      why: `half migrated before: keeps ${has}`,
    };
  }
  if (single === undefined) {
    return { kind: "refused", code: "status_missing", why: "it has no status" };
  }
  const found = desiredOf(single, previousStatus);
  if ("unrecognised" in found) return unrecognised("previousStatus", found.unrecognised);
  const kept = initStatus === undefined ? "" : "half migrated before: keeps its init status; ";
  return {
    kind: "mapped",
    desiredStatus: found.desired,
    initStatus: initStatus ?? single,
    why: kept + found.why,
  };
};
