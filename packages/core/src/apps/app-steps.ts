/**
 * The steps of an app's life on this node, one by one: each is a hook of its host under a deadline,
 * and answers what came of it. Which step comes when is decided by `AppUnit`. Never throws.
 */
import type { AppHost, CheckAnswer, HookContext, Sighting } from "../hosts/app-host.ts";
import type { HookFailure } from "./decide-status.ts";
import { HookRunner, type HookRunnerOptions } from "./hook-runner.ts";
import type { AppIntentRow, AppPackage } from "./intent.ts";
import type { HookResult } from "./run-hook.ts";

export interface AppStepsOptions<App> extends HookRunnerOptions {
  readonly host: AppHost<App>;
}

/** What a hook is told of the intent it runs for. */
export type StepInputs = Pick<AppIntentRow, "settings" | "licence"> & {
  readonly cause: HookContext["cause"];
  readonly previousVersion?: string;
};

/** Hooks that get the loaded app and a context. */
type AppHook =
  | "construct"
  | "initialize"
  | "enable"
  | "disable"
  | "update"
  | "uninstall"
  | "settingsChanged";

export type Loading<App> =
  | { readonly kind: "loaded"; readonly app: App; readonly digest: string | null }
  /** The package is there, and is none. */
  | { readonly kind: "broken"; readonly failure: HookFailure; readonly digest: string | null }
  | { readonly kind: "failed"; readonly failure: HookFailure };

export class AppSteps<App> {
  readonly #options: AppStepsOptions<App>;
  readonly #hooks: HookRunner;

  constructor(options: AppStepsOptions<App>) {
    this.#options = options;
    this.#hooks = new HookRunner(options);
  }

  /** True while no hook goes on that was told to stop. */
  get quiet(): boolean {
    return this.#hooks.quiet;
  }
  /** The named hook, or any, while it goes on although it was told to stop. */
  stillRunning(hook?: "disable") {
    return this.#hooks.stillRunning(hook);
  }
  has(hook: keyof AppHost<App>): boolean {
    return this.#options.host[hook] !== undefined;
  }

  async load(wanted: AppPackage, signal: AbortSignal | undefined): Promise<Loading<App>> {
    const { appId, host } = this.#options;
    const result = await this.#hooks.run("load", signal, (own) =>
      host.load(this.#refOf(wanted), { signal: own }),
    );
    if (result.kind === "failed") return { kind: "failed", failure: result.cause };
    const answer = result.value;
    if (answer.kind === "missing") {
      const message = answer.error ?? `the package ${appId} ${wanted.version} is not on this node`;
      const failure = { kind: "failed", hook: "load", failure: "missing", message } as const;
      return { kind: "failed", failure };
    }
    const digest = answer.digest ?? null;
    if (answer.kind === "loaded") return { kind: "loaded", app: answer.app, digest };
    const message = answer.error;
    const failure = { kind: "failed", hook: "load", failure: "compile", message } as const;
    return { kind: "broken", failure, digest };
  }

  /** Calls a hook; one that the host has not is done at once. */
  call(
    hook: AppHook,
    app: App,
    inputs: StepInputs,
    { lost, signal }: { readonly signal?: AbortSignal; lost?(why: unknown): void } = {},
  ): Promise<HookResult<unknown>> {
    const { host } = this.#options;
    if (!host[hook]) return Promise.resolve({ kind: "returned", value: undefined });
    return this.#hooks.run<unknown>(hook, signal, (own) =>
      host[hook]?.(app, this.#hooks.context(inputs, own, lost)),
    );
  }

  /** Checks licence, then settings. */
  async check(app: App, inputs: StepInputs, signal: AbortSignal): Promise<HookFailure | undefined> {
    const { host } = this.#options;
    const checks = [
      ["checkLicence", "licence"],
      ["checkSettings", "settings"],
    ] as const;
    for (const [hook, failure] of checks) {
      if (!host[hook]) continue;
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

  /** Asks the host what is there, without running anything of the app. */
  async observe(wanted: AppPackage, signal: AbortSignal): Promise<Sighting | HookFailure> {
    const result = await this.#hooks.run("observe", signal, (own) =>
      this.#options.host.observe?.(this.#refOf(wanted), { signal: own }),
    );
    if (result.kind === "failed") return result.cause;
    return result.value ?? { status: "unknown" };
  }

  async unload(app: App): Promise<void> {
    const { host } = this.#options;
    if (host.unload) await this.#hooks.run("unload", undefined, () => host.unload?.(app));
  }

  /** Ends the app whatever it is doing; false where its host cannot. */
  async terminate(app: App): Promise<boolean> {
    const { host } = this.#options;
    if (!host.terminate) return false;
    const result = await this.#hooks.run("terminate", undefined, () => host.terminate?.(app));
    if (result.kind === "failed") return false;
    this.#hooks.forget();
    return true;
  }

  /** Drops an app that is not enabled: by force where a hook of it does not end. */
  async drop(app: App): Promise<void> {
    if (this.quiet || !(await this.terminate(app))) await this.unload(app);
  }

  #refOf({ ref, version }: AppPackage) {
    return { appId: this.#options.appId, version, ...(ref !== null && { ref }) };
  }
}
