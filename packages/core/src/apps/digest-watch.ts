/**
 * Looks now and then whether a package that did not compile lies there with other bytes: only then
 * would loading it again help. Costs nothing for packages that work, or for hosts without digests.
 */
import type { AppHost } from "../hosts/app-host.ts";
import type { Cancel, Clock } from "../ports/clock.ts";
import type { AppIntentRow } from "./intent.ts";

export interface DigestWatchOptions {
  readonly host: Pick<AppHost, "digest">;
  readonly clock: Clock;
  /** Limit of one look in milliseconds. */
  readonly limitMs: number;
  /** Delay of the next look in milliseconds. */
  delayMs(): number;
  /** The package of this app is another one now. */
  changed(appId: string): void;
}

export class DigestWatch {
  readonly #options: DigestWatchOptions;
  readonly #looks = new Map<string, { cancel: Cancel }>();

  constructor(options: DigestWatchOptions) {
    this.#options = options;
  }

  /** Begins to watch the package of a broken app; `digest` is the one that was found broken. */
  watch(intent: AppIntentRow, digest: string | null): void {
    this.forget(intent.id);
    if (!this.#options.host.digest || digest === null) return;
    this.#plan(intent, digest, { cancel: () => {} });
  }

  forget(appId: string): void {
    this.#looks.get(appId)?.cancel();
    this.#looks.delete(appId);
  }

  #plan(intent: AppIntentRow, digest: string, look: { cancel: Cancel }): void {
    const { clock, delayMs } = this.#options;
    look.cancel = clock.after(delayMs(), () => void this.#look(intent, digest, look));
    this.#looks.set(intent.id, look);
  }

  async #look(intent: AppIntentRow, digest: string, look: { cancel: Cancel }): Promise<void> {
    const { clock, host, limitMs } = this.#options;
    const { id, ref, version } = intent;
    const controller = new AbortController();
    const cancel = clock.after(limitMs, () => controller.abort());
    let found: string | undefined;
    try {
      found = await host.digest?.(
        { appId: id, version, ...(ref !== null && { ref }) },
        { signal: controller.signal },
      );
    } catch {
      // A package that cannot be read now is looked at again.
    } finally {
      cancel();
    }
    if (this.#looks.get(id) !== look) return;
    if (found === undefined || found === digest) this.#plan(intent, digest, look);
    else this.#options.changed(id);
  }
}
