/**
 * Apps on this node: follows each app's intent and reports what came of it. Holds no policy of its
 * own (decide-status) and writes no intent, also not when it stops (I11).
 */
import type { Applied, ReplicaDefinition } from "../define-replica.ts";
import type { AppHost, HookContext } from "../hosts/app-host.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { Random } from "../ports/random.ts";
import { AppUnit } from "./app-unit.ts";
import { satisfies } from "./decide-converged.ts";
import {
  type AttemptOutcome,
  type AttemptVerdict,
  decideStatus,
  slowDelayMs,
} from "./decide-status.ts";
import type { AppIntentRow } from "./intent.ts";
import { type LocalApps, LocalAppTable } from "./local-apps.ts";
import { type AppReason, type AppStatus, isEnabled } from "./model.ts";
import type { AppObserved } from "./observed.ts";
import { withoutSecrets } from "./redact.ts";
import { type AppSettings, settingsHash } from "./settings.ts";

export interface AppReplicaOptions<App> {
  readonly host: AppHost<App>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly nodeId: string;
  /** Name and version of the JavaScript runtime, reported with each row. */
  readonly runtime: string;
  /** Limit of one hook in milliseconds. */
  readonly hookTimeoutMs: number;
  /** Delay of slow retries in milliseconds. */
  readonly slowRetryMs: number;
}

export interface AppReplica extends ReplicaDefinition<AppIntentRow, AppObserved> {
  /** What this node has of each app at this moment, in memory. */
  readonly local: LocalApps;
}

interface Followed<App> {
  readonly unit: AppUnit<App>;
  /** `desiredIntentId` when this incarnation first saw the app: another one means it was changed. */
  readonly desiredAtFirst: string;
  generation: number;
  tried: boolean;
}

const retry = Object.freeze({
  strategy: "exponential",
  baseMs: 1_000,
  maxMs: 300_000,
  maxAttempts: 0,
  jitter: 0.2,
} as const);

/** Makes the replica of apps: one per node and incarnation. */
export const createAppReplica = <App>(options: AppReplicaOptions<App>): AppReplica => {
  const { host, clock, random, logger, nodeId, runtime, hookTimeoutMs, slowRetryMs } = options;
  const followed = new Map<string, Followed<App>>();
  const local = new LocalAppTable(logger);

  const follow = (intent: AppIntentRow): Followed<App> => {
    const known = followed.get(intent.id);
    if (known) {
      known.generation = intent.generation;
      return known;
    }
    const unit = new AppUnit({ appId: intent.id, nodeId, host, clock, hookTimeoutMs });
    const made: Followed<App> = {
      unit,
      desiredAtFirst: intent.desiredIntentId,
      generation: intent.generation,
      tried: false,
    };
    followed.set(intent.id, made);
    return made;
  };

  const observe = (
    { unit, generation }: Followed<App>,
    intent: AppIntentRow | undefined,
    initStatus: AppStatus,
    reason: AppReason | null,
  ): AppObserved => ({
    initStatus,
    observedGeneration: generation,
    version: unit.package?.version ?? null,
    packageDigest: unit.package?.digest ?? null,
    settingsHash: intent?.desiredStatus === "enabled" ? settingsHash(intent.settings) : null,
    runtime,
    reason,
    tornDown: unit.tornDown,
  });

  const causeOf = (
    { unit, tried }: Followed<App>,
    intent: AppIntentRow | undefined,
    attempt: number,
  ): HookContext["cause"] => {
    if (!tried) return "start";
    if (attempt > 1) return "retry";
    const replaced = intent?.desiredStatus === "enabled" && unit.runs(intent) === "otherwise";
    return replaced ? "update" : "intent";
  };

  /** From the start of its tear-down on the app is not to be used here, whatever comes of it. */
  const takeOutOfUse = (id: string) => {
    const before = local.get(id);
    if (before && isEnabled(before.initStatus)) {
      local.set(id, { ...before, initStatus: "initialized" });
    }
  };

  const conclude = (
    observed: AppObserved,
    verdict: AttemptVerdict,
    converged: boolean,
  ): Applied<AppObserved> => ({
    observed,
    converged,
    retry:
      verdict.retry === "backoff"
        ? "policy"
        : verdict.retry === "slow"
          ? { afterMs: slowDelayMs(slowRetryMs, random.draw()) }
          : "never",
    ...(verdict.error !== undefined && { error: verdict.error }),
  });

  return {
    kind: "app",
    local,
    retry,
    identity: (intent) => intent.intentId,

    apply: async (intent, context) => {
      const { id, attempt } = context;
      const app = intent ? follow(intent) : followed.get(id);
      if (!app) return gone(runtime);
      let outcome: AttemptOutcome;
      const cause = causeOf(app, intent, attempt);
      const settings = settingsOf(intent, app);
      app.tried = true;
      if (intent?.desiredStatus === "enabled") {
        if (app.unit.runs(intent) !== "as-wanted") takeOutOfUse(id);
        outcome = await app.unit.bringUp({
          intent,
          cause,
          signal: context.signal,
          manually: intent.desiredIntentId !== app.desiredAtFirst,
          reached: (status) => {
            const observed = observe(app, intent, status, null);
            local.set(id, observed);
            context.report(observed);
          },
        });
      } else {
        takeOutOfUse(id);
        outcome = await app.unit.tearDown(cause);
      }
      const verdict = withoutSecrets(decideStatus(outcome), settings);
      const observed = observe(app, intent, verdict.initStatus, verdict.reason);
      if (intent) local.set(id, observed);
      else if (app.unit.tornDown) {
        followed.delete(id);
        local.delete(id);
      }
      return conclude(
        observed,
        verdict,
        intent ? satisfies(intent.desiredStatus, observed) : app.unit.tornDown,
      );
    },

    failed: (error, previous) =>
      previous && {
        ...previous,
        initStatus: "error_disabled",
        reason: { code: "replica_failed", message: String(error).slice(0, 1_000) },
      },

    stopped: async ({ id }) => {
      const app = followed.get(id);
      if (!app) return;
      takeOutOfUse(id);
      const settings = settingsOf(undefined, app);
      const outcome = await app.unit.tearDown("shutdown");
      if (outcome.kind === "tear-down-failed") {
        const { reason } = withoutSecrets(decideStatus(outcome), settings);
        logger.warn({ appId: id, nodeId, reason }, "app was not torn down at shutdown");
      }
      followed.delete(id);
      local.delete(id);
    },
  };
};

/** All settings that an attempt may speak of: those wanted, and those the app runs with. */
const settingsOf = <App>(
  intent: AppIntentRow | undefined,
  { unit }: Followed<App>,
): readonly AppSettings[] =>
  [intent?.settings, unit.settings].filter((settings) => settings !== undefined);

/** An app that is neither wanted nor known here. */
const gone = (runtime: string): Applied<AppObserved> => ({
  observed: {
    initStatus: "manually_disabled",
    observedGeneration: 0,
    version: null,
    packageDigest: null,
    settingsHash: null,
    runtime,
    reason: null,
    tornDown: true,
  },
  converged: true,
  retry: "never",
});
