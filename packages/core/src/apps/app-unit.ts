/**
 * One app on this node: the loaded package, how far its hooks have come, and which of them are still
 * running although they were told to stop. Called by one serial loop; never throws.
 */
import type { AppHost, CheckAnswer, HookContext } from "../hosts/app-host.ts";
import type { Clock } from "../ports/clock.ts";
import type { AttemptOutcome, HookFailure, HookName, StillRunning } from "./decide-status.ts";
import type { AppIntentRow } from "./intent.ts";
import { type HookResult, runHook } from "./run-hook.ts";
import { type AppSettings, settingsHash } from "./settings.ts";

export interface UnitOptions<App> {
  readonly appId: string;
  readonly nodeId: string;
  readonly host: AppHost<App>;
  readonly clock: Clock;
  readonly hookTimeoutMs: number;
}

type Cause = HookContext["cause"];
type TearDown = Extract<AttemptOutcome, { kind: "torn-down" | "tear-down-failed" }>;
/** What ended an attempt before `enable` was reached. */
type Ended = Exclude<AttemptOutcome, { kind: "enabled" }>;

/** A package whose `enable` was entered: it may be running, so only a tear-down ends it. */
interface Entered<App> {
  readonly app: App;
  readonly use: string;
  readonly settings: AppSettings;
  enabled: boolean;
}

export interface BringUp {
  readonly intent: AppIntentRow;
  readonly manually: boolean;
  readonly cause: Cause;
  readonly signal: AbortSignal;
  /** Called after `construct` and after `initialize`. */
  reached(status: "constructed" | "initialized"): void;
}

/** What has to be the same for a running app to be left as it is. */
const useOf = ({ version, ref, settings }: AppIntentRow): string =>
  JSON.stringify([version, ref, settingsHash(settings)]);

export class AppUnit<App> {
  readonly #options: UnitOptions<App>;
  /** Hooks that overran, with the monotonic instant they were told to stop. */
  readonly #overruns = new Map<HookName, { readonly since: number; count: number }>();
  #entered: Entered<App> | undefined;
  #package: { readonly version: string; readonly digest: string | null } | undefined;

  constructor(options: UnitOptions<App>) {
    this.#options = options;
  }

  /** The package last loaded or found broken. */
  get package(): { readonly version: string; readonly digest: string | null } | undefined {
    return this.#package;
  }
  /** What the app was enabled with; `undefined` while it was not. */
  get settings(): AppSettings | undefined {
    return this.#entered?.settings;
  }
  /** True when nothing of the app can be running. */
  get tornDown(): boolean {
    return this.#entered === undefined && this.#overruns.size === 0;
  }
  /** Tells whether the app runs here, and with what: as the intent says or otherwise. */
  runs(intent: AppIntentRow): "as-wanted" | "otherwise" | "not" {
    if (!this.#entered?.enabled) return "not";
    return this.#entered.use === useOf(intent) ? "as-wanted" : "otherwise";
  }

  /** Enables the app as the intent says; what runs already as it says is left alone. */
  async bringUp(request: BringUp): Promise<AttemptOutcome> {
    const { intent, signal, manually } = request;
    if (this.runs(intent) === "as-wanted") return { kind: "enabled", manually };
    const before = this.#entered;
    if (before) {
      const down = await this.tearDown(request.cause);
      // An app that never got enabled is not held back by a tear-down it cannot do: it is entered
      // again, or gives way to the package the intent names.
      if (down.kind === "tear-down-failed" && before.enabled) return down;
      if (before.use !== useOf(intent)) this.#entered = undefined;
    }
    if (signal.aborted) return { kind: "superseded", reached: "unknown" };
    const ready = this.#entered ?? (await this.#prepare(request));
    if ("kind" in ready) return this.#orSuperseded(ready, signal, "unknown");

    const refusal = await this.#check(ready.app, request);
    if (refusal) return this.#giveUp(ready, this.#orSuperseded(refusal, signal, "initialized"));

    this.#entered = ready;
    const result = await this.#hook("enable", signal, (own) =>
      this.#options.host.enable(ready.app, this.#context(request.cause, ready.settings, own)),
    );
    if (result.kind === "failed") return this.#orSuperseded(result.cause, signal, "initialized");
    if (result.value === false) {
      this.#entered = undefined;
      return this.#giveUp(ready, { kind: "refused" });
    }
    ready.enabled = true;
    return { kind: "enabled", manually };
  }

  /** Ends what may be running. It is ended only when `disable` returned and no hook goes on. */
  async tearDown(cause: Cause): Promise<TearDown> {
    const failed = (why: HookFailure | StillRunning): TearDown => ({
      kind: "tear-down-failed",
      cause: why,
    });
    const { host } = this.#options;
    const entered = this.#entered;
    const stuck = this.#stillRunning("disable");
    if (stuck) return failed(stuck);
    if (entered && host.disable) {
      const result = await this.#hook("disable", undefined, (own) =>
        host.disable?.(entered.app, this.#context(cause, entered.settings, own)),
      );
      if (result.kind === "failed") return failed(result.cause);
      entered.enabled = false;
    }
    const [first] = this.#overruns.keys();
    const still = first && this.#stillRunning(first);
    if (still) return failed(still);
    if (entered) await this.#unload(entered.app);
    this.#entered = undefined;
    this.#package = undefined;
    return { kind: "torn-down" };
  }

  /** Loads, constructs and initializes the package. */
  async #prepare({ intent, cause, signal, reached }: BringUp): Promise<Entered<App> | Ended> {
    const { host, appId } = this.#options;
    const { version, ref, settings } = intent;
    this.#package = undefined;
    const loading = await this.#hook("load", signal, (own) =>
      host.load({ appId, version, ...(ref !== null && { ref }) }, { signal: own }),
    );
    if (loading.kind === "failed") return loading.cause;
    const answer = loading.value;
    if (answer.kind === "missing") {
      const message = answer.error ?? `the package ${appId} ${version} is not on this node`;
      return { kind: "failed", hook: "load", failure: "missing", message };
    }
    this.#package = { version, digest: answer.digest ?? null };
    if (answer.kind === "broken") {
      return { kind: "failed", hook: "load", failure: "compile", message: answer.error };
    }
    const ready = { app: answer.app, use: useOf(intent), settings, enabled: false };
    const steps = [
      ["construct", "constructed"],
      ["initialize", "initialized"],
    ] as const;
    for (const [hook, status] of steps) {
      if (signal.aborted) return this.#giveUp(ready, { kind: "superseded", reached: "unknown" });
      const result = await this.#hook(hook, signal, (own) =>
        host[hook]?.(ready.app, this.#context(cause, settings, own)),
      );
      if (result.kind === "failed") return this.#giveUp(ready, result.cause);
      reached(status);
    }
    return ready;
  }

  async #check(app: App, { cause, signal, intent }: BringUp): Promise<HookFailure | undefined> {
    const { host } = this.#options;
    const checks = [
      ["checkLicence", "licence"],
      ["checkSettings", "settings"],
    ] as const;
    for (const [hook, failure] of checks) {
      const result = await this.#hook<CheckAnswer | undefined>(hook, signal, (own) =>
        host[hook]?.(app, this.#context(cause, intent.settings, own)),
      );
      if (result.kind === "failed") return result.cause;
      if (result.value?.kind === "failed") {
        const { code, message } = result.value.reason;
        return { kind: "failed", hook, failure, message, code };
      }
    }
    return undefined;
  }

  /** Drops a package that is not running; one that may be stays for its tear-down. */
  async #giveUp<O>(ready: Entered<App>, outcome: O): Promise<O> {
    if (this.#entered !== ready) await this.#unload(ready.app);
    return outcome;
  }

  async #unload(app: App): Promise<void> {
    const { host } = this.#options;
    if (host.unload) await this.#hook("unload", undefined, () => host.unload?.(app));
  }

  #orSuperseded(ended: Ended, signal: AbortSignal, reached: "unknown" | "initialized"): Ended {
    return signal.aborted ? { kind: "superseded", reached } : ended;
  }

  async #hook<T>(
    hook: HookName,
    signal: AbortSignal | undefined,
    run: (signal: AbortSignal) => Promise<T> | T,
  ): Promise<HookResult<T>> {
    const { clock, hookTimeoutMs } = this.#options;
    const result = await runHook({
      hook,
      limitMs: hookTimeoutMs,
      clock,
      run,
      ...(signal && { signal }),
    });
    if (result.kind === "failed" && result.overrun) this.#watch(hook, result.overrun);
    return result;
  }

  #watch(hook: HookName, overrun: Promise<void>): void {
    const known = this.#overruns.get(hook);
    if (known) known.count += 1;
    else this.#overruns.set(hook, { since: this.#options.clock.monotonic(), count: 1 });
    void overrun.then(() => {
      const left = this.#overruns.get(hook);
      if (left && --left.count === 0) this.#overruns.delete(hook);
    });
  }

  #stillRunning(hook: HookName): StillRunning | undefined {
    const overrun = this.#overruns.get(hook);
    if (!overrun) return undefined;
    const forMs = this.#options.clock.monotonic() - overrun.since;
    return { kind: "still-running", hook, forMs };
  }

  #context(cause: Cause, settings: AppSettings, signal: AbortSignal): HookContext {
    const { appId, nodeId } = this.#options;
    return { appId, nodeId, settings, cause, signal };
  }
}
