/** `muster.alerts` and `muster.reconciler`: reads from views, changes through the actors. */

import type { ActorRef } from "../define-actor.ts";
import { MusterError } from "../errors.ts";
import { isoInstant, parseInstant } from "../model/instant.ts";
import { type Principal, requireReason, requireRole } from "../principal.ts";
import type { Listing } from "../services.ts";
import type { View } from "../view.ts";
import type { alertProtocol } from "./alert-actor.ts";
import {
  type AlertRow,
  modeAt,
  modeInput,
  type PassResult,
  type ReconcilerMode,
  type ReconcilerRow,
} from "./model.ts";
import { reconcilerId, type reconcilerProtocol } from "./reconciler-actor.ts";

/** An alert as people see it. Instants are ISO-8601 UTC. */
export interface Alert {
  readonly id: string;
  readonly kind: string;
  readonly subject: string;
  readonly cause: string;
  readonly message: string;
  readonly remedy: string;
  readonly openedAt: string;
  /** How often it was opened. */
  readonly count: number;
  readonly ackedBy: string | null;
  readonly ackReason: string | null;
  readonly closedAt: string | null;
}

/** What one pass came to. */
export type ReconcilerPass = Omit<PassResult, "at"> & { readonly at: string };

export interface ReconcilerStatus {
  readonly mode: ReconcilerMode;
  /** Who set the mode, why, and until when; absent while it was never set, or has ended. */
  readonly set?: {
    readonly by: string;
    readonly reason: string;
    readonly owner: string | null;
    readonly until: string | null;
    readonly at: string;
  };
  readonly leader: string | null;
  readonly fence: number;
  /** The last passes of which something came, and one now and then; newest first. */
  readonly passes: readonly ReconcilerPass[];
  readonly asOf: string;
  readonly stale: boolean;
}

export interface AlertsService {
  /** Open ones first, then the latest. */
  list(filter?: { readonly open?: boolean }): Listing<Alert>;
  /** @throws MusterError `ALERT_NOT_FOUND` */
  get(id: string): Alert;
}
export interface AlertsChanges extends AlertsService {
  /** Takes note of an open alert: it counts against the verdict no longer. @throws MusterError `ALERT_NOT_FOUND` */
  ack(id: string, options: { readonly reason: string }): Promise<Alert>;
}
export interface ReconcilerService {
  status(): ReconcilerStatus;
}
export interface ReconcilerPause {
  /** Who answers for it. @defaultValue the principal */
  readonly owner?: string;
  /** When it ends by itself: an ISO-8601 instant. */
  readonly until: string;
  readonly reason: string;
}
export interface ReconcilerChanges extends ReconcilerService {
  /** Runs a pass now on the node that leads. @throws MusterError `BACKEND_UNAVAILABLE` when none answers */
  run(options: { readonly reason: string }): Promise<ReconcilerPass>;
  /** Neither nudges nor repairs until then; alerts go on. */
  pause(options: ReconcilerPause): Promise<ReconcilerStatus>;
  resume(options: { readonly reason: string }): Promise<ReconcilerStatus>;
  /** `observe` looks and alarms, and nudges nobody. */
  mode(options: {
    readonly mode: ReconcilerMode;
    readonly reason: string;
    readonly owner?: string;
    readonly until?: string;
  }): Promise<ReconcilerStatus>;
}

export interface ReconcilerSources {
  readonly alerts: View<AlertRow>;
  readonly record: View<ReconcilerRow>;
  now(): number;
  away(): boolean;
  /** Why nothing can be done now. */
  unavailable(): MusterError | undefined;
  alert(id: string): ActorRef<(typeof alertProtocol)["commands"]>;
  reconciler(): ActorRef<(typeof reconcilerProtocol)["commands"]>;
  /** Runs a pass wherever the reconciler is led from. */
  run(): Promise<PassResult | undefined>;
  waitForRow(row: ReconcilerRow): Promise<void>;
}

const shown = (row: AlertRow): Alert => ({
  id: row.id,
  kind: row.kind,
  subject: row.subject,
  cause: row.cause,
  message: row.message,
  remedy: row.remedy,
  openedAt: isoInstant(row.openedAt),
  count: row.count,
  ackedBy: row.ackedBy,
  ackReason: row.ackReason,
  closedAt: row.closedAt === null ? null : isoInstant(row.closedAt),
});

const notFound = (id: string): MusterError =>
  new MusterError("ALERT_NOT_FOUND", `There is no open alert "${id}".`, {
    outcome: "not-applied",
    hint: "List them with `muster alerts list --all`.",
  });

export const createAlertsService = (sources: ReconcilerSources): AlertsService => ({
  list: ({ open } = {}) => {
    const items = [...sources.alerts.entries()]
      .map(([, row]) => row)
      .filter(({ closedAt }) => open === undefined || open === (closedAt === null))
      .sort(
        (a, b) =>
          Number(a.closedAt !== null) - Number(b.closedAt !== null) ||
          b.openedAt - a.openedAt ||
          (a.id < b.id ? -1 : 1),
      )
      .map(shown);
    const { asOf, stale } = sources.alerts;
    return { items, asOf: isoInstant(asOf), stale: stale || sources.away() };
  },
  get: (id) => {
    const row = sources.alerts.get(id);
    if (row) return shown(row);
    throw notFound(id);
  },
});

export const createReconcilerService = (sources: ReconcilerSources): ReconcilerService => ({
  status: () => {
    const row = sources.record.get(reconcilerId);
    const mode = modeAt(row, sources.now());
    const set = row?.mode?.mode === mode ? row.mode : undefined;
    const { asOf, stale } = sources.record;
    return {
      mode,
      ...(set && {
        set: {
          by: set.by,
          reason: set.reason,
          owner: set.owner,
          until: set.until === null ? null : isoInstant(set.until),
          at: isoInstant(set.at),
        },
      }),
      leader: row?.leader ?? null,
      fence: row?.fence ?? 0,
      passes: (row?.passes ?? []).map((pass) => ({ ...pass, at: isoInstant(pass.at) })).reverse(),
      asOf: isoInstant(asOf),
      stale: stale || sources.away(),
    };
  },
});

export const createAlertsChanges = (
  sources: ReconcilerSources,
  principal: Principal,
): AlertsChanges => ({
  ...createAlertsService(sources),
  ack: async (id, { reason }) => {
    const op = "alerts.ack";
    requireRole(principal, "operator", op);
    requireReason(reason, op);
    if (!sources.alerts.get(id)) throw notFound(id);
    const answer = await sources.alert(id).ask.ack({ reason }, { principal, failFast: true });
    if (answer.ok) return shown(answer.value);
    throw notFound(id);
  },
});

export const createReconcilerChanges = (
  sources: ReconcilerSources,
  principal: Principal,
): ReconcilerChanges => {
  const { status } = createReconcilerService(sources);
  const set = async (op: string, asked: object): Promise<ReconcilerStatus> => {
    requireRole(principal, "operator", op);
    const until = "until" in asked ? asked.until : undefined;
    const parsed = modeInput.safeParse({
      ...asked,
      ...(until !== undefined && { until: parseInstant(String(until)) ?? Number.NaN }),
    });
    if (!parsed.success) {
      const fieldErrors: Record<string, string> = {};
      for (const { path, message } of parsed.error.issues) {
        fieldErrors[path.join(".") || "input"] ??= message;
      }
      const [first] = Object.entries(fieldErrors);
      throw new MusterError("VALIDATION", `${op}: ${first?.join(": ") ?? "not valid"}.`, {
        op,
        outcome: "not-applied",
        fieldErrors,
      });
    }
    if (parsed.data.until !== undefined && parsed.data.until <= sources.now()) {
      throw new MusterError("VALIDATION", `${op}: until lies in the past.`, {
        op,
        outcome: "not-applied",
        fieldErrors: { until: "must lie in the future" },
      });
    }
    const ask = sources.reconciler().ask;
    const answer = await ask.setMode(parsed.data, { principal, failFast: true });
    if (!answer.ok) {
      throw new MusterError("FORBIDDEN", `${op} needs a principal with a name.`, { op });
    }
    await sources.waitForRow(answer.value);
    return status();
  };
  return {
    status,
    run: async ({ reason }) => {
      const op = "reconciler.run";
      requireRole(principal, "operator", op);
      requireReason(reason, op);
      const refused = sources.unavailable();
      if (refused) throw refused;
      let cause: unknown;
      const result = await sources.run().catch((error: unknown) => {
        cause = error;
      });
      if (result) return { ...result, at: isoInstant(result.at) };
      throw new MusterError("BACKEND_UNAVAILABLE", "No node ran a pass.", {
        op,
        cause,
        outcome: "unknown",
        retryAfterMs: 1_000,
        hint: "The leader may just have changed: repeat it, or look at reconciler status.",
      });
    },
    pause: ({ owner, ...options }) =>
      set("reconciler.pause", { ...options, owner: owner ?? principal.name, mode: "paused" }),
    resume: (options) => set("reconciler.resume", { ...options, mode: "enforce" }),
    mode: async (options) => {
      if (options.mode === "paused" && options.until === undefined) {
        throw new MusterError("VALIDATION", "reconciler.mode: a pause needs an end.", {
          op: "reconciler.mode",
          outcome: "not-applied",
          fieldErrors: { until: "is required with paused" },
        });
      }
      return set("reconciler.mode", options);
    },
  };
};
