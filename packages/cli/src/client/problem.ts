/** Turns an answer that is no success into an error: problem+json, or something that is not Muster. */
import { CliError } from "../cli-error.ts";
import type { Target } from "../config/target.ts";
import { isRecord, numberAt, recordAt, textAt } from "../json.ts";

export interface Refusal {
  readonly response: Response;
  /** The body, parsed; `undefined` when it is not JSON. */
  readonly value: unknown;
  readonly target: Target;
  readonly requestId: string | undefined;
}

const remedies: Readonly<Record<number, string>> = {
  401: "Give a token by --token-file, MUSTER_TOKEN_FILE or MUSTER_TOKEN.",
  403: "Use a token whose role reaches as far.",
};

/** Answers for a proxy or another server in front of, or in place of, a node. */
const foreignAnswer = ({ response, target, requestId }: Refusal): CliError => {
  const { status } = response;
  const location = response.headers.get("location");
  const details = { httpStatus: status, ...(requestId !== undefined && { requestId }) };
  if (status >= 300 && status < 400) {
    return new CliError("NOT_MUSTER", `${target.url} answers with a redirect (${status})`, {
      ...details,
      hint:
        location === null ? "Name the node itself." : `Name the address it points to: ${location}`,
    });
  }
  if (status === 502 || status === 503 || status === 504) {
    return new CliError(
      status === 504 ? "TIMED_OUT" : "UNREACHABLE",
      `${target.url} answers ${status}`,
      {
        ...details,
        hint: "A proxy in front of the nodes cannot reach them.",
      },
    );
  }
  if (status === 401 || status === 403) {
    return new CliError("NOT_ALLOWED", `${target.url} answers ${status}`, {
      ...details,
      ...(remedies[status] !== undefined && { hint: remedies[status] }),
    });
  }
  return new CliError(
    "NOT_MUSTER",
    `${target.url} does not answer as a node of Muster does (${status})`,
    {
      ...details,
      hint: `The address comes from ${target.from}. Does it lack the path under which the API is mounted?`,
    },
  );
};

/** Makes the error of an answer. */
export const problemError = (refusal: Refusal): CliError => {
  const { response, value } = refusal;
  const code = isRecord(value) ? textAt(value, "code") : undefined;
  if (!isRecord(value) || code === undefined || response.ok) return foreignAnswer(refusal);
  const detail = textAt(value, "detail") ?? textAt(value, "title") ?? code;
  const fields = Object.entries(recordAt(value, "fieldErrors"))
    .map(([field, why]) => [field, Array.isArray(why) ? why.join(", ") : String(why)] as const)
    .filter(([field, why]) => !detail.includes(`${field} ${why}`))
    .map(([field, why]) => `${field}: ${why}`)
    .filter((told) => !detail.includes(told));
  const current = textAt(value, "current");
  const retryAfterMs = numberAt(value, "retryAfterMs");
  const said = textAt(value, "hint") ?? remedies[response.status];
  const unknown =
    textAt(value, "outcome") === "unknown"
      ? "Whether the change was made is not known: look, then repeat it."
      : undefined;
  const wait = retryAfterMs === undefined ? undefined : `Try again in ${retryAfterMs} ms.`;
  const hint = [said, unknown, wait].filter((part) => part !== undefined).join(" ");
  const message = [
    detail,
    ...(fields.length > 0 ? [`(${fields.join("; ")})`] : []),
    ...(current === undefined ? [] : [`(now: ${current})`]),
  ].join(" ");
  const requestId = textAt(value, "requestId") ?? refusal.requestId;
  return new CliError(code, message, {
    httpStatus: response.status,
    ...(hint !== "" && { hint }),
    ...(requestId !== undefined && { requestId }),
  });
};
