/**
 * Apps on this node: follows each app's intent and reports what came of it. Holds no policy of its
 * own (decide-status) and writes no intent, also not when it stops (I11).
 */
import type { Applied, ReplicaControl, ReplicaDefinition } from "../define-replica.ts";
import type { AppHost } from "../hosts/app-host.ts";
import { retryDelayMs } from "../model/retry-policy.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { Random } from "../ports/random.ts";
import { AppUnit, type BringUp, lostMessage } from "./app-unit.ts";
import { satisfies } from "./decide-converged.ts";
import {
  type AttemptOutcome,
  type AttemptVerdict,
  decideStatus,
  slowDelayMs,
} from "./decide-status.ts";
import { DigestWatch } from "./digest-watch.ts";
import { effectiveIntent } from "./effective-intent.ts";
import { FollowedApp, readInherited } from "./followed-app.ts";
import { type AppIntentRow, isPurged } from "./intent.ts";
import { type LocalApps, LocalAppTable } from "./local-apps.ts";
import { isEnabled } from "./model.ts";
import type { AppObserved } from "./observed.ts";
import { withoutSecrets } from "./redact.ts";

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
  /** Redis time, epoch milliseconds. */
  now(): number;
}

export interface AppReplica extends ReplicaDefinition<AppIntentRow, AppObserved> {
  /** What this node has of each app at this moment, in memory. */
  readonly local: LocalApps;
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
  const followed = new Map<string, FollowedApp<App>>();
  const local = new LocalAppTable(logger);
  const slow = () => slowDelayMs(slowRetryMs, random.draw());
  let control: ReplicaControl<AppObserved> | undefined;
  const digests = new DigestWatch({
    host,
    clock,
    limitMs: hookTimeoutMs,
    delayMs: slow,
    changed: (id) => void control?.nudge(id, "force"),
  });

  const follow = (
    appId: string,
    intent: AppIntentRow | undefined,
    inherited: unknown,
  ): FollowedApp<App> => {
    const known = followed.get(appId);
    if (known) {
      known.intent = intent ?? known.intent;
      return known;
    }
    const { history, traces } = readInherited(inherited);
    const lost = (why: unknown) => takeLoss(appId, why);
    const unit = new AppUnit({ appId, nodeId, host, clock, hookTimeoutMs, traces, lost });
    const made = new FollowedApp<App>({ unit, intent, history, runtime });
    followed.set(appId, made);
    return made;
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
          ? { afterMs: slow() }
          : "never",
    ...(verdict.error !== undefined && { error: verdict.error }),
  });

  /** One that ends by itself soon after it was enabled is brought up after ever longer. */
  const takeLoss = (id: string, why: unknown) => {
    const app = followed.get(id);
    if (!app) return;
    const outcome = { kind: "lost", message: lostMessage(why) } as const;
    const verdict = withoutSecrets(decideStatus(outcome), app.secrets(app.intent));
    const observed = app.settle(verdict.initStatus, verdict.reason, options.now());
    local.set(id, observed);
    logger.warn({ appId: id, nodeId, error: verdict.error }, "an app ended by itself");
    const afterMs = retryDelayMs(retry, app.lost(clock.monotonic()), random.draw());
    control?.lapsed(id, { ...conclude(observed, verdict, false), retry: { afterMs } });
  };

  /** Looks, and runs no hook of the app; what this process runs is told as it is. */
  const look = async (
    { unit, last }: FollowedApp<App>,
    intent: AppIntentRow,
    signal: AbortSignal,
  ): Promise<AttemptOutcome> => {
    if (unit.runs(intent) !== "not") {
      return { kind: "enabled", manually: last?.initStatus === "manually_enabled" };
    }
    const wanted = intent.desiredStatus;
    if (!host.observe) return { kind: "observed", seen: undefined, wanted };
    const seen = await unit.observe(intent, signal);
    return "kind" in seen ? seen : { kind: "observed", seen, wanted };
  };

  const act = async (
    app: FollowedApp<App>,
    intent: AppIntentRow | undefined,
    request: Pick<BringUp, "cause" | "signal" | "reached"> & { readonly id: string },
  ): Promise<AttemptOutcome> => {
    const { cause, id, signal } = request;
    const leaving = () => takeOutOfUse(id);
    if (intent?.management === "observe" && intent.desiredStatus !== "uninstalled") {
      return look(app, intent, signal);
    }
    if (intent === undefined || intent.desiredStatus === "uninstalled") {
      return app.unit.uninstall(cause, { leaving });
    }
    if (intent.desiredStatus === "disabled") return app.unit.tearDown(cause, { leaving });
    const ran = app.unit.runs(intent) === "as-wanted";
    const outcome = await app.unit.bringUp({
      ...request,
      intent,
      leaving,
      manually: app.isManual(intent),
    });
    if (outcome.kind === "enabled" && !ran) app.enabled(clock.monotonic());
    return outcome;
  };

  return {
    kind: "app",
    local,
    retry,
    identity: (row) => effectiveIntent(row, nodeId).intentId,
    removed: isPurged,
    begin: (given) => {
      control = given;
    },

    apply: async (row, context) => {
      const { id } = context;
      const intent = row && effectiveIntent(row, nodeId);
      digests.forget(id);
      const app = follow(id, intent, context.inherited);
      const cause = app.causeOf(intent, context.attempt);
      const secrets = app.secrets(intent);
      const outcome = await act(app, intent, {
        id,
        cause,
        signal: context.signal,
        reached: (status) => {
          const observed = app.observe(status, null, options.now());
          local.set(id, observed);
          context.report(observed);
        },
      });
      const verdict = withoutSecrets(decideStatus(outcome), secrets);
      const { initStatus, reason } = verdict;
      const observed =
        outcome.kind === "superseded"
          ? app.observe(initStatus, reason, options.now())
          : app.settle(initStatus, reason, options.now());
      const done = satisfies(intent?.desiredStatus ?? "uninstalled", observed);
      if (done && (row === undefined || isPurged(row))) {
        followed.delete(id);
        local.delete(id);
      } else local.set(id, observed);
      const isBroken = initStatus === "compiler_error_disabled";
      if (intent && isBroken) digests.watch(intent, observed.packageDigest);
      const isSlow = outcome.kind === "observed" && verdict.retry === "slow";
      return conclude(observed, verdict, done && !isSlow);
    },

    failed: (error, previous) =>
      previous && {
        ...previous,
        initStatus: "error_disabled",
        reason: { code: "replica_failed", message: String(error).slice(0, 1_000) },
      },

    stopped: async ({ id }) => {
      digests.forget(id);
      const app = followed.get(id);
      if (!app) return;
      takeOutOfUse(id);
      const secrets = app.secrets(undefined);
      const outcome = await app.unit.tearDown("shutdown");
      if (outcome.kind === "tear-down-failed" || outcome.forced) {
        const { reason } = withoutSecrets(decideStatus(outcome), secrets);
        logger.warn({ appId: id, nodeId, reason }, "app was not torn down at shutdown");
      }
      followed.delete(id);
      local.delete(id);
    },
  };
};
