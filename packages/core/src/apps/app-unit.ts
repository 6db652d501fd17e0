/**
 * One app on this node: the loaded package and how far its hooks have come. Called by one serial
 * loop; never throws.
 */
import type { AppHost, HookContext, Sighting } from "../hosts/app-host.ts";
import type { Clock } from "../ports/clock.ts";
import { AppSteps } from "./app-steps.ts";
import type { AttemptOutcome, HookFailure, StillRunning } from "./decide-status.ts";
import type { AppIntentRow } from "./intent.ts";
import type { AppTraces } from "./observed.ts";
import { settingsHash } from "./settings.ts";

export interface UnitOptions<App> {
  readonly appId: string;
  readonly nodeId: string;
  readonly host: AppHost<App>;
  readonly clock: Clock;
  readonly hookTimeoutMs: number;
  /** What this node has had of the app so far. */
  readonly traces: AppTraces | null;
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
  /** Its `disable` has returned. */
  down: boolean;
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
const buildOf = ({ installId, ref, version }: AppIntentRow): string =>
  JSON.stringify([version, ref, installId]);
/** What is said of an app that has ended by itself. */
export const lostMessage = (why: unknown): string =>
  why instanceof Error ? why.message || why.name : String(why);

const sameInputs = (a: Inputs, b: Inputs): boolean =>
  a.licence === b.licence && settingsHash(a.settings) === settingsHash(b.settings);
const noInputs: Inputs = Object.freeze({ settings: {}, licence: null });

export class AppUnit<App> {
  readonly #options: UnitOptions<App>;
  readonly #steps: AppSteps<App>;
  #entered: Entered<App> | undefined;
  #package: { readonly version: string; readonly digest: string | null } | undefined;
  #traces: AppTraces | null;

  constructor(options: UnitOptions<App>) {
    this.#options = options;
    this.#steps = new AppSteps(options);
    this.#traces = options.traces;
  }

  /** The package last loaded or found broken. */
  get package(): { readonly version: string; readonly digest: string | null } | undefined {
    return this.#package;
  }
  /** What the app was enabled with; `undefined` while it was not. */
  get inputs(): Inputs | undefined {
    return this.#entered?.inputs;
  }
  /** The installation that has run hooks here and was not uninstalled here. */
  get traces(): AppTraces | null {
    return this.#traces;
  }
  /** True when nothing of the app can be running. */
  get tornDown(): boolean {
    return this.#entered === undefined && this.#steps.quiet;
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
    const cleared = await this.#clearTheWay(request);
    if (cleared) return cleared;
    if (signal.aborted) return { kind: "superseded", reached: "unknown" };
    const ready = this.#entered ?? (await this.#prepare(request));
    if ("kind" in ready) return this.#orSuperseded(ready, signal, "unknown");

    const inputs = { ...intent, cause };
    const refusal =
      (await this.#steps.check(ready.app, inputs, signal)) ?? (await this.#update(ready, request));
    if (refusal) return this.#giveUp(ready, this.#orSuperseded(refusal, signal, "initialized"));

    this.#entered = ready;
    ready.down = false;
    const result = await this.#steps.call("enable", ready.app, inputs, {
      signal,
      lost: (why) => this.#lost(ready, why),
    });
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
    const entered = this.#entered;
    leaving?.();
    const ended = await this.#disable(cause);
    if (ended) return ended;
    if (entered) await this.#steps.unload(entered.app);
    return this.#left();
  }

  /**
   * Tears the app down and has it clear away what it left on this node; loads it for that where it
   * is not loaded. A package that is there no more has nothing to be asked.
   */
  async uninstall(cause: Cause, { leaving }: Partial<BringUp> = {}): Promise<TearDown> {
    leaving?.();
    const ended = await this.#disable(cause);
    if (ended?.kind === "tear-down-failed") return ended;
    const traces = this.#traces;
    if (traces && this.#steps.has("uninstall")) {
      const failed = await this.#clearAway(traces, cause);
      if (failed) return { kind: "tear-down-failed", cause: failed };
    }
    if (this.#entered) await this.#steps.unload(this.#entered.app);
    this.#traces = null;
    return this.#left(ended?.forced);
  }

  /** Asks the host what is there, without running anything of the app. */
  observe(intent: AppIntentRow, signal: AbortSignal): Promise<Sighting | HookFailure> {
    return this.#steps.observe(intent, signal);
  }

  /** Ends what is in the way of the package that is wanted; answers what keeps it from coming. */
  async #clearTheWay(request: BringUp): Promise<TearDown | undefined> {
    const { cause, intent } = request;
    if (this.#traces && this.#traces.installId !== intent.installId) {
      // Another installation was here, and this node did not see it go.
      const gone = await this.uninstall(cause, request);
      return gone.kind === "tear-down-failed" ? gone : undefined;
    }
    const before = this.#entered;
    if (!before) return undefined;
    const down = await this.tearDown(cause, request);
    // An app that never got enabled is not held back by a tear-down it cannot do: it is entered
    // again, or gives way to the package the intent names.
    if (down.kind === "tear-down-failed" && before.enabled) return down;
    if (before.build !== buildOf(intent) || !sameInputs(before.inputs, intent)) {
      this.#entered = undefined;
    }
    return undefined;
  }

  /** Disables what may be running; `undefined` when it is off and only has to be unloaded. */
  async #disable(cause: Cause): Promise<TearDown | undefined> {
    const entered = this.#entered;
    const stuck = this.#steps.stillRunning("disable");
    if (stuck) return this.#endByForce(stuck);
    if (entered && !entered.down) {
      const inputs = { ...entered.inputs, cause };
      const result = await this.#steps.call("disable", entered.app, inputs);
      if (result.kind === "failed") return this.#endByForce(result.cause);
      entered.enabled = false;
    }
    const still = this.#steps.stillRunning();
    if (still) return this.#endByForce(still);
    if (entered) entered.down = true;
    return undefined;
  }

  /** Runs the hook `uninstall`, on an app that is loaded for it where none is. */
  async #clearAway(traces: AppTraces, cause: Cause): Promise<HookFailure | undefined> {
    const inputs = { ...(this.#entered?.inputs ?? noInputs), cause };
    let app = this.#entered?.app;
    if (!this.#entered) {
      const loading = await this.#steps.load(traces, undefined);
      if (loading.kind === "broken") return undefined;
      if (loading.kind === "failed") {
        const { failure } = loading;
        const isGone = failure.kind === "failed" && failure.failure === "missing";
        return isGone ? undefined : failure;
      }
      app = loading.app;
      const made = await this.#steps.call("construct", app, inputs);
      if (made.kind === "failed") {
        await this.#steps.drop(app);
        return made.cause;
      }
    }
    const result = await this.#steps.call("uninstall", app as App, inputs);
    if (!this.#entered) await this.#steps.drop(app as App);
    return result.kind === "failed" ? result.cause : undefined;
  }

  /**
   * Gives a running app other settings or another licence. `undefined` when it has to be brought up
   * anew with them.
   */
  async #takeInputs(request: BringUp): Promise<AttemptOutcome | undefined> {
    const { cause, intent, manually, signal } = request;
    const entered = this.#entered;
    if (!entered) return undefined;
    const inputs = { ...intent, cause };
    const ended =
      (await this.#steps.check(entered.app, inputs, signal)) ??
      (await this.#tellInputs(entered, request));
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
    if (!this.#steps.has("settingsChanged")) {
      // A licence that only its host looks at has just been checked.
      const onlyLicence = settingsHash(entered.inputs.settings) === settingsHash(intent.settings);
      return onlyLicence && this.#steps.has("checkLicence") ? "taken" : "declined";
    }
    const inputs = { ...intent, cause };
    const result = await this.#steps.call("settingsChanged", entered.app, inputs, { signal });
    if (result.kind === "failed") return result.cause;
    return result.value === false ? "declined" : "taken";
  }

  /** Loads, constructs and initializes the package. */
  async #prepare({ intent, cause, signal, reached }: BringUp): Promise<Entered<App> | Ended> {
    const { version, ref, installId } = intent;
    this.#package = undefined;
    const loading = await this.#steps.load(intent, signal);
    if (loading.kind !== "failed") this.#package = { version, digest: loading.digest };
    if (loading.kind !== "loaded") return loading.failure;
    const { app } = loading;
    const build = buildOf(intent);
    const ready = { app, build, inputs: intent, enabled: false, down: false };
    this.#traces ??= { installId, version, ref };
    const steps = [
      ["construct", "constructed"],
      ["initialize", "initialized"],
    ] as const;
    for (const [hook, status] of steps) {
      if (signal.aborted) return this.#giveUp(ready, { kind: "superseded", reached: "unknown" });
      const result = await this.#steps.call(hook, app, { ...intent, cause }, { signal });
      if (result.kind === "failed") return this.#giveUp(ready, result.cause);
      reached(status);
    }
    return ready;
  }

  /** Tells a new version, once on this node, which one was here before. */
  async #update(
    { app }: Entered<App>,
    { cause, intent, signal }: BringUp,
  ): Promise<HookFailure | undefined> {
    const { installId, ref, version } = intent;
    const previousVersion = this.#traces?.version;
    if (previousVersion !== undefined && previousVersion !== version) {
      const inputs = { ...intent, cause, previousVersion };
      const result = await this.#steps.call("update", app, inputs, { signal });
      if (result.kind === "failed") return result.cause;
    }
    this.#traces = { installId, version, ref };
    return undefined;
  }

  /** Drops a package that is not running; one that may be stays for its tear-down. */
  async #giveUp<O>(ready: Entered<App>, outcome: O): Promise<O> {
    if (this.#entered !== ready) await this.#steps.drop(ready.app);
    return outcome;
  }

  /** Nothing of the app is left here. */
  #left(forced?: HookFailure | StillRunning): TearDown {
    this.#entered = undefined;
    this.#package = undefined;
    return { kind: "torn-down", ...(forced && { forced }) };
  }

  /** Ends what a tear-down could not, where the host can. */
  async #endByForce(cause: HookFailure | StillRunning): Promise<TearDown> {
    const ended = this.#entered && (await this.#steps.terminate(this.#entered.app));
    return ended ? this.#left(cause) : { kind: "tear-down-failed", cause };
  }

  /** A hook of an entered app that does not listen is ended with the app, where the host can. */
  async #endStuck(app: App, cause: HookFailure): Promise<HookFailure> {
    if (cause.kind !== "timed-out" || !cause.ignoredSignal) return cause;
    if (!(await this.#steps.terminate(app))) return cause;
    this.#entered = undefined;
    return { ...cause, ended: true };
  }

  #lost(ready: Entered<App>, why: unknown): void {
    if (ready.gone) return;
    ready.gone = { why };
    if (this.#entered !== ready) return;
    this.#entered = undefined;
    if (!ready.enabled) return;
    void this.#steps.unload(ready.app);
    this.#options.lost(why);
  }

  #orSuperseded(ended: Ended, signal: AbortSignal, reached: "unknown" | "initialized"): Ended {
    return signal.aborted ? { kind: "superseded", reached } : ended;
  }
}
