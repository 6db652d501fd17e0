/**
 * One app on this node: the loaded package and how far its hooks have come. Called by one serial
 * loop; never throws.
 */
import type { AppHost, CheckAnswer, HookContext, Sighting } from "../hosts/app-host.ts";
import type { Clock } from "../ports/clock.ts";
import type { AttemptOutcome, HookFailure, StillRunning } from "./decide-status.ts";
import { type HookInputs, HookRunner } from "./hook-runner.ts";
import type { AppIntentRow } from "./intent.ts";
import { settingsHash } from "./settings.ts";

export interface UnitOptions<App> {
  readonly appId: string;
  readonly nodeId: string;
  readonly host: AppHost<App>;
  readonly clock: Clock;
  readonly hookTimeoutMs: number;
  /** A running app has ended by itself; nothing of it is left. */
  lost(why: unknown): void;
}

type Cause = HookContext["cause"];
type TearDown = Extract<AttemptOutcome, { kind: "torn-down" | "tear-down-failed" }>;
/** What ended an attempt before `enable` was reached. */
type Ended = Exclude<AttemptOutcome, { kind: "enabled" }>;

/** What an app was given. */
type Inputs = Pick<AppIntentRow, "settings" | "licence">;

/** A package whose `enable` was entered: it may be running, so only a tear-down ends it. */
interface Entered<App> {
  readonly app: App;
  readonly build: string;
  inputs: Inputs;
  enabled: boolean;
  /** Why it has ended, where it did so by itself. */
  gone?: { readonly why: unknown };
}

export interface BringUp {
  readonly intent: AppIntentRow;
  readonly manually: boolean;
  readonly cause: Cause;
  readonly signal: AbortSignal;
  /** Called after `construct` and after `initialize`. */
  reached(status: "constructed" | "initialized"): void;
  /** Called before the app goes out of use, if only for a while. */
  leaving(): void;
}

/** What has to be the same for a loaded package to be kept. */
const buildOf = ({ version, ref }: AppIntentRow): string => JSON.stringify([version, ref]);
/** What is said of an app that has ended by itself. */
export const lostMessage = (why: unknown): string =>
  why instanceof Error ? why.message || why.name : String(why);

const sameInputs = (a: Inputs, b: Inputs): boolean =>
  a.licence === b.licence && settingsHash(a.settings) === settingsHash(b.settings);

export class AppUnit<App> {
  readonly #options: UnitOptions<App>;
  readonly #hooks: HookRunner;
  #entered: Entered<App> | undefined;
  #package: { readonly version: string; readonly digest: string | null } | undefined;

  constructor(options: UnitOptions<App>) {
    this.#options = options;
    this.#hooks = new HookRunner(options);
  }

  /** The package last loaded or found broken. */
  get package(): { readonly version: string; readonly digest: string | null } | undefined {
    return this.#package;
  }
  /** What the app was enabled with; `undefined` while it was not. */
  get inputs(): Inputs | undefined {
    return this.#entered?.inputs;
  }
  /** True when nothing of the app can be running. */
  get tornDown(): boolean {
    return this.#entered === undefined && this.#hooks.quiet;
  }
  /** Tells whether the app runs here: as the intent says, given other inputs, or another package. */
  runs(intent: AppIntentRow): "as-wanted" | "other-inputs" | "other-build" | "not" {
    if (!this.#entered?.enabled) return "not";
    if (this.#entered.build !== buildOf(intent)) return "other-build";
    return sameInputs(this.#entered.inputs, intent) ? "as-wanted" : "other-inputs";
  }

  /** Enables the app as the intent says; what runs already as it says is left alone. */
  async bringUp(request: BringUp): Promise<AttemptOutcome> {
    const { cause, intent, manually, signal } = request;
    const runs = this.runs(intent);
    if (runs === "as-wanted") return { kind: "enabled", manually };
    if (runs === "other-inputs") {
      const taken = await this.#takeInputs(request);
      if (taken) return taken;
    }
    const before = this.#entered;
    if (before) {
      const down = await this.tearDown(cause, request);
      // An app that never got enabled is not held back by a tear-down it cannot do: it is entered
      // again, or gives way to the package the intent names.
      if (down.kind === "tear-down-failed" && before.enabled) return down;
      if (before.build !== buildOf(intent) || !sameInputs(before.inputs, intent)) {
        this.#entered = undefined;
      }
    }
    if (signal.aborted) return { kind: "superseded", reached: "unknown" };
    const ready = this.#entered ?? (await this.#prepare(request));
    if ("kind" in ready) return this.#orSuperseded(ready, signal, "unknown");

    const refusal = await this.#check(ready.app, request);
    if (refusal) return this.#giveUp(ready, this.#orSuperseded(refusal, signal, "initialized"));

    this.#entered = ready;
    const result = await this.#hooks.run("enable", signal, (own) =>
      this.#options.host.enable?.(
        ready.app,
        this.#hooks.context({ ...intent, cause }, own, (why) => this.#lost(ready, why)),
      ),
    );
    if (result.kind === "failed") {
      const failure = await this.#endStuck(ready.app, result.cause);
      return this.#orSuperseded(failure, signal, "initialized");
    }
    if (ready.gone) {
      await this.#giveUp(ready, undefined);
      return { kind: "lost", message: lostMessage(ready.gone.why) };
    }
    if (result.value === false) {
      this.#entered = undefined;
      return this.#giveUp(ready, { kind: "refused" });
    }
    ready.enabled = true;
    return { kind: "enabled", manually };
  }

  /** Ends what may be running. It is ended only when `disable` returned and no hook goes on. */
  async tearDown(cause: Cause, { leaving }: Partial<BringUp> = {}): Promise<TearDown> {
    const { host } = this.#options;
    const entered = this.#entered;
    leaving?.();
    const stuck = this.#hooks.stillRunning("disable");
    if (stuck) return this.#endByForce(stuck);
    if (entered && host.disable) {
      const result = await this.#hooks.run("disable", undefined, (own) =>
        host.disable?.(entered.app, this.#hooks.context({ ...entered.inputs, cause }, own)),
      );
      if (result.kind === "failed") return this.#endByForce(result.cause);
      entered.enabled = false;
    }
    const still = this.#hooks.stillRunning();
    if (still) return this.#endByForce(still);
    if (entered) await this.#unload(entered.app);
    return this.#left();
  }

  /** Asks the host what is there, without running anything of the app. */
  async observe(intent: AppIntentRow, signal: AbortSignal): Promise<Sighting | HookFailure> {
    const { host } = this.#options;
    const result = await this.#hooks.run("observe", signal, (own) =>
      host.observe?.(this.#refOf(intent), { signal: own }),
    );
    if (result.kind === "failed") return result.cause;
    return result.value ?? { status: "unknown" };
  }

  /**
   * Gives a running app other settings or another licence. `undefined` when it has to be brought up
   * anew with them.
   */
  async #takeInputs(request: BringUp): Promise<AttemptOutcome | undefined> {
    const { cause, intent, manually, signal } = request;
    const entered = this.#entered;
    if (!entered) return undefined;
    const ended =
      (await this.#check(entered.app, request)) ?? (await this.#tellInputs(entered, request));
    if (ended === "declined") return undefined;
    if (ended !== "taken") {
      if (signal.aborted) return { kind: "superseded", reached: "initialized" };
      const down = await this.tearDown(cause, request);
      return down.kind === "torn-down" ? ended : down;
    }
    entered.inputs = intent;
    return { kind: "enabled", manually };
  }

  /** Hands a running app what it is given now. */
  async #tellInputs(
    entered: Entered<App>,
    { cause, intent, signal }: BringUp,
  ): Promise<"taken" | "declined" | HookFailure> {
    const { host } = this.#options;
    if (!host.settingsChanged) {
      // A licence that only its host looks at has just been checked.
      const onlyLicence = settingsHash(entered.inputs.settings) === settingsHash(intent.settings);
      return onlyLicence && host.checkLicence ? "taken" : "declined";
    }
    const result = await this.#hooks.run("settingsChanged", signal, (own) =>
      host.settingsChanged?.(entered.app, this.#hooks.context({ ...intent, cause }, own)),
    );
    if (result.kind === "failed") return result.cause;
    return result.value === false ? "declined" : "taken";
  }

  /** Loads, constructs and initializes the package. */
  async #prepare({ intent, cause, signal, reached }: BringUp): Promise<Entered<App> | Ended> {
    const { host, appId } = this.#options;
    const { version } = intent;
    this.#package = undefined;
    const loading = await this.#hooks.run("load", signal, (own) =>
      host.load(this.#refOf(intent), { signal: own }),
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
    const ready = { app: answer.app, build: buildOf(intent), inputs: intent, enabled: false };
    const steps = [
      ["construct", "constructed"],
      ["initialize", "initialized"],
    ] as const;
    for (const [hook, status] of steps) {
      if (signal.aborted) return this.#giveUp(ready, { kind: "superseded", reached: "unknown" });
      const result = await this.#hooks.run(hook, signal, (own) =>
        host[hook]?.(ready.app, this.#hooks.context({ ...intent, cause }, own)),
      );
      if (result.kind === "failed") return this.#giveUp(ready, result.cause);
      reached(status);
    }
    return ready;
  }

  async #check(app: App, { cause, signal, intent }: BringUp): Promise<HookFailure | undefined> {
    const { host } = this.#options;
    const inputs: HookInputs = { ...intent, cause };
    const checks = [
      ["checkLicence", "licence"],
      ["checkSettings", "settings"],
    ] as const;
    for (const [hook, failure] of checks) {
      const result = await this.#hooks.run(hook, signal, (own) =>
        host[hook]?.(app, this.#hooks.context(inputs, own)),
      );
      if (result.kind === "failed") return result.cause;
      const answer = result.value as CheckAnswer | undefined;
      if (answer?.kind === "failed") {
        const { code, message } = answer.reason;
        return { kind: "failed", hook, failure, message, code };
      }
    }
    return undefined;
  }

  /** Drops a package that is not running; one that may be stays for its tear-down. */
  async #giveUp<O>(ready: Entered<App>, outcome: O): Promise<O> {
    if (this.#entered === ready) return outcome;
    if (this.#hooks.quiet || !(await this.#terminate(ready.app))) await this.#unload(ready.app);
    return outcome;
  }

  async #unload(app: App): Promise<void> {
    const { host } = this.#options;
    if (host.unload) await this.#hooks.run("unload", undefined, () => host.unload?.(app));
  }

  /** Nothing of the app is left here. */
  #left(forced?: HookFailure | StillRunning): TearDown {
    this.#entered = undefined;
    this.#package = undefined;
    return { kind: "torn-down", ...(forced && { forced }) };
  }

  /** Ends what a tear-down could not, where the host can. */
  async #endByForce(cause: HookFailure | StillRunning): Promise<TearDown> {
    const ended = this.#entered && (await this.#terminate(this.#entered.app));
    return ended ? this.#left(cause) : { kind: "tear-down-failed", cause };
  }

  /** A hook of an entered app that does not listen is ended with the app, where the host can. */
  async #endStuck(app: App, cause: HookFailure): Promise<HookFailure> {
    if (cause.kind !== "timed-out" || !cause.ignoredSignal) return cause;
    if (!(await this.#terminate(app))) return cause;
    this.#entered = undefined;
    return { ...cause, ended: true };
  }

  async #terminate(app: App): Promise<boolean> {
    const { host } = this.#options;
    if (!host.terminate) return false;
    const result = await this.#hooks.run("terminate", undefined, () => host.terminate?.(app));
    if (result.kind === "failed") return false;
    this.#hooks.forget();
    return true;
  }

  #lost(ready: Entered<App>, why: unknown): void {
    if (ready.gone) return;
    ready.gone = { why };
    if (this.#entered !== ready) return;
    this.#entered = undefined;
    if (!ready.enabled) return;
    void this.#unload(ready.app);
    this.#options.lost(why);
  }

  #refOf({ version, ref }: AppIntentRow) {
    return { appId: this.#options.appId, version, ...(ref !== null && { ref }) };
  }

  #orSuperseded(ended: Ended, signal: AbortSignal, reached: "unknown" | "initialized"): Ended {
    return signal.aborted ? { kind: "superseded", reached } : ended;
  }
}
