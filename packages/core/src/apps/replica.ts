/**
 * Apps on this node: follows each app's intent and reports what came of it. Holds no policy of its
 * own (decide-status) and writes no intent, also not when it stops (I11).
 */
import type { Applied, ReplicaControl, ReplicaDefinition } from "../define-replica.ts";
import type { AppHost, HookContext } from "../hosts/app-host.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { Random } from "../ports/random.ts";
import { AppUnit, type BringUp } from "./app-unit.ts";
import { satisfies } from "./decide-converged.ts";
import {
  type AttemptOutcome,
  type AttemptVerdict,
  decideStatus,
  slowDelayMs,
} from "./decide-status.ts";
import { DigestWatch } from "./digest-watch.ts";
import type { AppIntentRow } from "./intent.ts";
import { type LocalApps, LocalAppTable } from "./local-apps.ts";
import { type AppReason, type AppStatus, isEnabled } from "./model.ts";
import { type NodeHistory, noHistory, noteAttempt } from "./node-history.ts";
import { type AppObserved, appObserved } from "./observed.ts";
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
  /** Redis time, epoch milliseconds. */
  now(): number;
}

export interface AppReplica extends ReplicaDefinition<AppIntentRow, AppObserved> {
  /** What this node has of each app at this moment, in memory. */
  readonly local: LocalApps;
}

/** What is remembered of an app on this node between its attempts. */
interface Followed<App> {
  readonly unit: AppUnit<App>;
  /** `desiredIntentId` when this incarnation first saw the app: another one means it was changed. */
  readonly desiredAtFirst: string;
  generation: number;
  tried: boolean;
  history: NodeHistory;
  /** What the last attempt came to. */
  last: AppObserved | undefined;
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
  const slow = () => slowDelayMs(slowRetryMs, random.draw());
  let control: ReplicaControl<AppObserved> | undefined;
  const digests = new DigestWatch({
    host,
    clock,
    limitMs: hookTimeoutMs,
    delayMs: slow,
    changed: (id) => void control?.nudge(id, "force"),
  });

  const follow = (intent: AppIntentRow, inherited: unknown): Followed<App> => {
    const known = followed.get(intent.id);
    if (known) {
      known.generation = intent.generation;
      return known;
    }
    const before = appObserved.safeParse(inherited);
    const unit = new AppUnit({ appId: intent.id, nodeId, host, clock, hookTimeoutMs });
    const made: Followed<App> = {
      unit,
      desiredAtFirst: intent.desiredIntentId,
      generation: intent.generation,
      tried: false,
      history: before.success ? before.data.history : noHistory,
      last: undefined,
    };
    followed.set(intent.id, made);
    return made;
  };

  const observe = (
    { generation, history, unit }: Followed<App>,
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
    since: options.now(),
    history,
  });

  /** What an attempt came to; what it came to before stays so since then. */
  const settle = (
    app: Followed<App>,
    intent: AppIntentRow | undefined,
    initStatus: AppStatus,
    reason: AppReason | null,
  ): AppObserved => {
    const version = app.unit.package?.version ?? null;
    const met = { generation: app.generation, version, initStatus, reason };
    app.history = noteAttempt(app.history, met, options.now());
    const observed = observe(app, intent, initStatus, reason);
    const { last } = app;
    const stays = last?.initStatus === initStatus && last.reason?.code === reason?.code;
    app.last = stays ? { ...observed, since: last.since } : observed;
    return app.last;
  };

  const causeOf = (
    { unit, tried }: Followed<App>,
    intent: AppIntentRow | undefined,
    attempt: number,
  ): HookContext["cause"] => {
    if (!tried) return "start";
    if (attempt > 1) return "retry";
    if (intent?.desiredStatus !== "enabled") return "intent";
    const runs = unit.runs(intent);
    if (runs === "other-build") return "update";
    if (runs !== "other-inputs") return "intent";
    return unit.inputs?.licence === intent.licence ? "settings" : "licence";
  };

  /** From the start of its tear-down on the app is not to be used here, whatever comes of it. */
  const takeOutOfUse = (id: string) => {
    const before = local.get(id);
    if (before && isEnabled(before.initStatus)) {
      local.set(id, { ...before, initStatus: "initialized" });
    }
  };

  /** Looks, and runs no hook of the app; what this process runs is told as it is. */
  const look = async (
    { unit, last }: Followed<App>,
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

  const act = (
    app: Followed<App>,
    intent: AppIntentRow | undefined,
    request: Pick<BringUp, "cause" | "signal" | "reached"> & { readonly id: string },
  ): Promise<AttemptOutcome> => {
    const { cause, id, signal } = request;
    const leaving = () => takeOutOfUse(id);
    if (intent?.management === "observe" && intent.desiredStatus !== "uninstalled") {
      return look(app, intent, signal);
    }
    if (intent?.desiredStatus !== "enabled") return app.unit.tearDown(cause, { leaving });
    const manually = intent.desiredIntentId !== app.desiredAtFirst;
    return app.unit.bringUp({ ...request, intent, manually, leaving });
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

  return {
    kind: "app",
    local,
    retry,
    identity: (intent) => intent.intentId,
    begin: (given) => {
      control = given;
    },

    apply: async (intent, context) => {
      const { id, attempt } = context;
      digests.forget(id);
      const app = intent ? follow(intent, context.inherited) : followed.get(id);
      if (!app) return gone(runtime);
      const cause = causeOf(app, intent, attempt);
      const secrets = secretsOf(intent, app);
      app.tried = true;
      const outcome = await act(app, intent, {
        id,
        cause,
        signal: context.signal,
        reached: (status) => {
          const observed = observe(app, intent, status, null);
          local.set(id, observed);
          context.report(observed);
        },
      });
      const verdict = withoutSecrets(decideStatus(outcome), secrets);
      const { initStatus, reason } = verdict;
      const report = outcome.kind === "superseded" ? observe : settle;
      const observed = report(app, intent, initStatus, reason);
      if (intent) local.set(id, observed);
      else if (app.unit.tornDown) {
        followed.delete(id);
        local.delete(id);
      }
      const isBroken = initStatus === "compiler_error_disabled";
      if (intent && isBroken) digests.watch(intent, observed.packageDigest);
      const isSlow = outcome.kind === "observed" && verdict.retry === "slow";
      const done = intent ? satisfies(intent.desiredStatus, observed) : app.unit.tornDown;
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
      const secrets = secretsOf(undefined, app);
      const outcome = await app.unit.tearDown("shutdown");
      if (outcome.kind === "tear-down-failed") {
        const { reason } = withoutSecrets(decideStatus(outcome), secrets);
        logger.warn({ appId: id, nodeId, reason }, "app was not torn down at shutdown");
      }
      followed.delete(id);
      local.delete(id);
    },
  };
};

/** All settings and licences that an attempt may speak of: those wanted, and those it runs with. */
const secretsOf = <App>(
  intent: AppIntentRow | undefined,
  { unit }: Followed<App>,
): readonly AppSettings[] =>
  [intent, unit.inputs].flatMap((inputs) =>
    inputs ? [inputs.settings, { licenceSecret: inputs.licence }] : [],
  );

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
    since: 0,
    history: noHistory,
  },
  converged: true,
  retry: "never",
});
