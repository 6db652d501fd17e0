/**
 * What a command has of the process it runs in. Tests give their own, so that commands are run
 * without starting a process.
 */
import type { Environment } from "./environment.ts";

export interface Io {
  readonly env: Environment;
  readonly cwd: string;
  /** Data. */
  out(text: string): void;
  /** Messages. */
  err(text: string): void;
  readonly outIsTerminal: boolean;
  /** Somebody is there to answer a question. */
  readonly canAsk: boolean;
  /** Asks for one line; `undefined` at the end of input. */
  ask(question: string): Promise<string | undefined>;
  readAll(): Promise<string>;
  /** Aborted by Ctrl-C, with an error of the code `INTERRUPTED` as its reason. */
  readonly interrupt: AbortSignal;
  /** Aborted by SIGTERM or SIGHUP, once {@link Io.host} was called. */
  readonly terminate: AbortSignal;
  /**
   * Says that this command runs on until it is told to end: from now on a reader of stdout that
   * goes away ends nothing, and SIGTERM asks instead of killing.
   */
  host(): void;
}
