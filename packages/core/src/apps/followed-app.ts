/** What one node knows of one app between attempts: its unit, what it was told, what came of it. */
import type { HookContext } from "../hosts/app-host.ts";
import type { AppUnit } from "./app-unit.ts";
import type { AppIntentRow } from "./intent.ts";
import type { AppReason, AppStatus } from "./model.ts";
import { type NodeHistory, noHistory, noteAttempt } from "./node-history.ts";
import { type AppObserved, type AppTraces, appObserved } from "./observed.ts";
import { type AppSettings, settingsHash } from "./settings.ts";

/** An app that ran for longer did not end because it cannot run, in milliseconds. */
const stableMs = 60_000;

export interface FollowedOptions<App> {
  readonly unit: AppUnit<App>;
  /** `undefined` for an app that is only known from the former run of this node. */
  readonly intent: AppIntentRow | undefined;
  readonly history: NodeHistory;
  readonly runtime: string;
}

/** What the former run of this node reported; anything, since another version may have. */
export const readInherited = (
  inherited: unknown,
): { readonly history: NodeHistory; readonly traces: AppTraces | null } => {
  const before = appObserved.safeParse(inherited);
  return before.success ? before.data : { history: noHistory, traces: null };
};

export class FollowedApp<App> {
  readonly unit: AppUnit<App>;
  /** The intent last acted on. */
  intent: AppIntentRow | undefined;
  /** What the last attempt came to. */
  last: AppObserved | undefined;
  readonly #runtime: string;
  /** `desiredIntentId` when this incarnation first saw the app: another one means it was changed. */
  readonly #desiredAtFirst: string | undefined;
  #tried = false;
  #history: NodeHistory;
  /** How often the app has ended by itself soon after it was enabled. */
  #losses = 0;
  /** Monotonic instant at which it was enabled. */
  #enabledAt = 0;

  constructor({ history, intent, runtime, unit }: FollowedOptions<App>) {
    this.unit = unit;
    this.intent = intent;
    this.#runtime = runtime;
    this.#desiredAtFirst = intent?.desiredIntentId;
    this.#history = history;
  }

  /** Desired status was changed while this process was up. */
  isManual(intent: AppIntentRow): boolean {
    return intent.desiredIntentId !== this.#desiredAtFirst;
  }

  /** Why the hooks of an attempt at this intent run; called once for each attempt. */
  causeOf(intent: AppIntentRow | undefined, attempt: number): HookContext["cause"] {
    const first = !this.#tried;
    this.#tried = true;
    if (intent === undefined || intent.desiredStatus === "uninstalled") return "uninstall";
    if (first) return "start";
    if (attempt > 1) return "retry";
    if (intent.desiredStatus !== "enabled") return "intent";
    const runs = this.unit.runs(intent);
    if (runs === "other-build") return "update";
    if (runs !== "other-inputs") return "intent";
    return this.unit.inputs?.licence === intent.licence ? "settings" : "licence";
  }

  /** What is reported while an attempt goes on. */
  observe(initStatus: AppStatus, reason: AppReason | null, now: number): AppObserved {
    const { intent } = this;
    return {
      initStatus,
      observedGeneration: intent?.generation ?? 0,
      version: this.unit.package?.version ?? null,
      packageDigest: this.unit.package?.digest ?? null,
      settingsHash: intent?.desiredStatus === "enabled" ? settingsHash(intent.settings) : null,
      runtime: this.#runtime,
      reason,
      tornDown: this.unit.tornDown,
      traces: this.unit.traces,
      since: now,
      history: this.#history,
    };
  }

  /** What an attempt came to; what it came to before stays so since then. */
  settle(initStatus: AppStatus, reason: AppReason | null, now: number): AppObserved {
    const version = this.unit.package?.version ?? null;
    const met = { generation: this.intent?.generation ?? 0, version, initStatus, reason };
    this.#history = noteAttempt(this.#history, met, now);
    const observed = this.observe(initStatus, reason, now);
    const { last } = this;
    const stays = last?.initStatus === initStatus && last.reason?.code === reason?.code;
    this.last = stays ? { ...observed, since: last.since } : observed;
    return this.last;
  }

  enabled(monotonic: number): void {
    this.#enabledAt = monotonic;
  }

  /** Counts ends by itself: one that ran for long begins anew. */
  lost(monotonic: number): number {
    this.#losses = monotonic - this.#enabledAt > stableMs ? 1 : this.#losses + 1;
    return this.#losses;
  }

  /** All settings and licences that an attempt may speak of: those wanted, and those it runs with. */
  secrets(intent: AppIntentRow | undefined): readonly AppSettings[] {
    return [intent, this.unit.inputs].flatMap((inputs) =>
      inputs ? [inputs.settings, { licenceSecret: inputs.licence }] : [],
    );
  }
}
