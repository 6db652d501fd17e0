/** What every failing command ends with: a code, a sentence, and what to do about it. */

export interface CliErrorDetails {
  /** What to do about it, in one sentence. */
  readonly hint?: string;
  /** Names the request in the node's log. */
  readonly requestId?: string;
  /** Status of the HTTP answer it came from. */
  readonly httpStatus?: number;
  readonly cause?: unknown;
}

/** A failure whose message is all the reader needs: no stack is printed for it. */
export class CliError extends Error {
  override readonly name = "CliError";
  /** Upper case; a code of the HTTP API, or one of this program's own. */
  readonly code: string;
  readonly hint: string | undefined;
  readonly requestId: string | undefined;
  readonly httpStatus: number | undefined;

  constructor(code: string, message: string, details: CliErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint;
    this.requestId = details.requestId;
    this.httpStatus = details.httpStatus;
  }
}

/** The command line, a flag's value or a settings file is wrong. */
export const usageError = (message: string, hint?: string): CliError =>
  new CliError("USAGE", message, hint === undefined ? {} : { hint });

/** Ended by Ctrl-C. */
export const interrupted = (): CliError => new CliError("INTERRUPTED", "interrupted");

/** Tells whether a thrown value carries a code of Muster: this program's, or the library's own. */
export const hasCode = (
  error: unknown,
): error is Error & { readonly code: string; readonly hint?: string } =>
  error instanceof Error &&
  (error.name === "CliError" || error.name === "MusterError") &&
  "code" in error &&
  typeof error.code === "string";
