/** Looks at the servers now and then, since what the preflight found may have been mended, or undone. */
import type { BackendFinding, Clock, Logger } from "@muster/core/ports";

export interface FindingsWatchContext {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly everyMs: number;
  /** What is found now; `denied` where it may not be read. */
  look(): Promise<readonly BackendFinding[] | "denied">;
}

const nameOf = ({ code, message }: BackendFinding): string => `${code} ${message}`;

export class FindingsWatch {
  readonly #context: FindingsWatchContext;
  #findings: readonly BackendFinding[] = [];
  #cancel: (() => void) | undefined;
  #stopped = false;

  constructor(context: FindingsWatchContext) {
    this.#context = context;
  }

  get findings(): readonly BackendFinding[] {
    return this.#findings;
  }

  /** Begins with what was found at the start. */
  start(findings: readonly BackendFinding[]): void {
    this.#findings = findings;
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#cancel = this.#context.clock.after(this.#context.everyMs, () => void this.#look());
  }

  /** A server that does not answer now keeps its findings. */
  async #look(): Promise<void> {
    const { logger, look } = this.#context;
    try {
      const found = await look();
      if (found !== "denied" && !this.#stopped) this.#take(found);
    } catch (error) {
      logger.debug({ error: String(error) }, "the servers were not looked at");
    }
    this.#schedule();
  }

  #take(found: readonly BackendFinding[]): void {
    const { logger } = this.#context;
    const before = new Set(this.#findings.map(nameOf));
    const now = new Set(found.map(nameOf));
    for (const finding of found) {
      if (!before.has(nameOf(finding))) logger.warn(finding, finding.message);
    }
    for (const finding of this.#findings) {
      if (!now.has(nameOf(finding))) logger.info({ code: finding.code }, "mended at the server");
    }
    this.#findings = found;
  }
}
