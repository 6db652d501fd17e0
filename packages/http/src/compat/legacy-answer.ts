/** Answers of the legacy API: a JSON object with `success`, and for failures `error` in words. */
import { problemOf } from "../problem.ts";

const answer = (
  status: number,
  body: Readonly<Record<string, unknown>>,
  requestId: string,
  retryAfter?: string | null,
): Response =>
  new Response(JSON.stringify(body), {
    status,
    headers: {
      "content-type": "application/json; charset=utf-8",
      "cache-control": "no-store",
      "x-request-id": requestId,
      "x-content-type-options": "nosniff",
      ...(retryAfter && { "retry-after": retryAfter }),
    },
  });

export const succeed = (body: Readonly<Record<string, unknown>>, requestId: string): Response =>
  answer(200, { ...body, success: true }, requestId);

export const fail = (
  error: string,
  requestId: string,
  { status = 400, errorType }: { readonly status?: number; readonly errorType?: string } = {},
): Response =>
  answer(status, { success: false, error, ...(errorType && { errorType }) }, requestId);

export const noApp = (id: string, requestId: string): Response =>
  fail(`No App found by the id of: ${id.slice(0, 200)}`, requestId, { status: 404 });

/** Statuses that clients of the legacy API know; what else is refused is 400. */
const known: ReadonlySet<number> = new Set([401, 403, 404, 405, 413, 429, 500, 503, 504]);

/** What went wrong, in the words of the main API, under its code. */
export const failedWith = async (error: unknown, requestId: string): Promise<Response> => {
  const problem = problemOf(error, requestId);
  const { code, detail } = (await problem.json()) as { code: string; detail: string };
  const { headers, status } = problem;
  const body = { success: false, error: detail, errorType: code };
  // Clients tell the end of a session by these two.
  const session = status === 401 ? { status: "error", message: detail } : {};
  return answer(
    known.has(status) ? status : 400,
    { ...body, ...session },
    requestId,
    headers.get("retry-after"),
  );
};
