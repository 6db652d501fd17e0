/** What this node has of each app, in memory: the answer to "enabled here?" at each request. */
import type { Logger } from "../ports/logger.ts";
import type { AppObserved } from "./observed.ts";

export interface LocalApps {
  get(id: string): AppObserved | undefined;
  /** Calls back after each change, `undefined` when the app is gone; the answer ends it. */
  onChange(listener: (id: string, observed: AppObserved | undefined) => void): () => void;
}

export class LocalAppTable implements LocalApps {
  readonly #logger: Logger;
  readonly #rows = new Map<string, AppObserved>();
  readonly #listeners = new Set<(id: string, observed: AppObserved | undefined) => void>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  get(id: string): AppObserved | undefined {
    return this.#rows.get(id);
  }

  set(id: string, observed: AppObserved): void {
    this.#rows.set(id, observed);
    this.#tell(id, observed);
  }

  delete(id: string): void {
    if (this.#rows.delete(id)) this.#tell(id, undefined);
  }

  onChange(listener: (id: string, observed: AppObserved | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A listener belongs to the embedding server: what it throws stays with it (I9). */
  #tell(id: string, observed: AppObserved | undefined): void {
    for (const listener of this.#listeners) {
      try {
        listener(id, observed);
      } catch (error) {
        this.#logger.error({ appId: id, error: String(error) }, "a listener of app changes threw");
      }
    }
  }
}
