/**
 * Runs the hooks of one app on this node and remembers which of them are still running although they
 * were told to stop. Never throws.
 */
import type { HookContext } from "../hosts/app-host.ts";
import type { Clock } from "../ports/clock.ts";
import type { HookName, StillRunning } from "./decide-status.ts";
import { type HookResult, runHook } from "./run-hook.ts";

/** What a hook is told of the intent it runs for. */
export type HookInputs = Pick<HookContext, "settings" | "licence" | "cause"> & {
  readonly previousVersion?: string;
};

export interface HookRunnerOptions {
  readonly appId: string;
  readonly nodeId: string;
  readonly clock: Clock;
  /** Limit of one hook in milliseconds. */
  readonly hookTimeoutMs: number;
}

export class HookRunner {
  readonly #options: HookRunnerOptions;
  /** Hooks that overran, with the monotonic instant they were told to stop. */
  readonly #overruns = new Map<HookName, { readonly since: number; count: number }>();

  constructor(options: HookRunnerOptions) {
    this.#options = options;
  }

  /** True while no hook goes on that was told to stop. */
  get quiet(): boolean {
    return this.#overruns.size === 0;
  }

  /** Runs a hook under its deadline; `signal` tells it to stop earlier. */
  async run<T>(
    hook: HookName,
    signal: AbortSignal | undefined,
    run: (signal: AbortSignal) => Promise<T> | T,
  ): Promise<HookResult<T>> {
    const { clock, hookTimeoutMs } = this.#options;
    const limits = { hook, limitMs: hookTimeoutMs, clock, run };
    const result = await runHook({ ...limits, ...(signal && { signal }) });
    if (result.kind === "failed" && result.overrun) this.#watch(hook, result.overrun);
    return result;
  }

  context(
    { cause, licence, previousVersion, settings }: HookInputs,
    signal: AbortSignal,
    lost: HookContext["lost"] = () => {},
  ): HookContext {
    const { appId, nodeId } = this.#options;
    const given = { appId, nodeId, settings, licence, cause, signal, lost };
    return previousVersion === undefined ? given : { ...given, previousVersion };
  }

  /** Whatever was running was ended by force. */
  forget(): void {
    this.#overruns.clear();
  }

  /** The named hook, or any, while it goes on although it was told to stop. */
  stillRunning(hook: HookName | undefined = this.#overruns.keys().next().value) {
    const overrun = hook && this.#overruns.get(hook);
    if (!overrun) return undefined;
    const forMs = this.#options.clock.monotonic() - overrun.since;
    return { kind: "still-running", hook, forMs } satisfies StillRunning;
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
}
