/** The only place that turns an outcome into an exit code. */

export const exitCodes = Object.freeze({
  done: 0,
  failed: 1,
  usage: 2,
  notHealthy: 3,
  notAllowed: 4,
  notFound: 5,
  conflict: 6,
  unreachable: 7,
  timedOut: 8,
  declined: 9,
  interrupted: 130,
} as const);
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

const byCode: Readonly<Record<string, ExitCode>> = {
  USAGE: exitCodes.usage,
  VALIDATION: exitCodes.usage,
  OPTIONS_INVALID: exitCodes.usage,
  FORBIDDEN: exitCodes.notAllowed,
  READ_ONLY: exitCodes.notAllowed,
  IDEMPOTENCY_CONFLICT: exitCodes.conflict,
  IDEMPOTENCY_FULL: exitCodes.conflict,
  MAILBOX_FULL: exitCodes.conflict,
  DEFERRALS_FULL: exitCodes.conflict,
  NODE_ID_TAKEN: exitCodes.conflict,
  PORT_TAKEN: exitCodes.conflict,
  FENCED: exitCodes.conflict,
  UNREACHABLE: exitCodes.unreachable,
  NOT_MUSTER: exitCodes.unreachable,
  BACKEND_UNAVAILABLE: exitCodes.unreachable,
  TIMED_OUT: exitCodes.timedOut,
  TERMINAL: exitCodes.failed,
  SUPERSEDED: exitCodes.conflict,
  DECLINED: exitCodes.declined,
  INTERRUPTED: exitCodes.interrupted,
};

const byHttpStatus = (status: number): ExitCode => {
  switch (status) {
    case 400:
    case 422:
      return exitCodes.usage;
    case 401:
    case 403:
      return exitCodes.notAllowed;
    case 404:
      return exitCodes.notFound;
    case 409:
    case 413:
    case 429:
      return exitCodes.conflict;
    case 502:
    case 503:
      return exitCodes.unreachable;
    case 408:
    case 504:
      return exitCodes.timedOut;
    default:
      return exitCodes.failed;
  }
};

/** Exit code of an error: by its code where that says more than the status of the HTTP answer. */
export const exitCodeOf = (error: {
  readonly code: string;
  readonly httpStatus?: number | undefined;
}): ExitCode => {
  const known = Object.hasOwn(byCode, error.code) ? byCode[error.code] : undefined;
  if (known !== undefined) return known;
  return error.httpStatus === undefined ? exitCodes.failed : byHttpStatus(error.httpStatus);
};

/** Exit code of a verdict on the cluster's health. */
export const exitCodeOfVerdict = (verdict: string): ExitCode =>
  verdict === "healthy" ? exitCodes.done : exitCodes.notHealthy;
