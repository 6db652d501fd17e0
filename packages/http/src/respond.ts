/** Turns a handler's answer into a response, or into 304 where the caller has it already. */
import { contentTag } from "./content-tag.ts";
import type { RouteAnswer } from "./route.ts";

/** Weak comparison, as If-None-Match asks for; the header may list several tags. */
const has = (ifNoneMatch: string | null, tag: string): boolean =>
  ifNoneMatch !== null &&
  (ifNoneMatch.trim() === "*" ||
    ifNoneMatch.split(",").some((one) => one.trim().replace(/^W\//, "") === tag.slice(2)));

export const respond = (request: Request, answer: RouteAnswer, requestId: string): Response => {
  const text = answer.type === undefined ? JSON.stringify(answer.body) : String(answer.body);
  const headers: Record<string, string> = {
    "content-type": answer.type ?? "application/json; charset=utf-8",
    "cache-control": answer.cacheable ? "private, no-cache" : "no-store",
    "x-request-id": requestId,
    "x-content-type-options": "nosniff",
    ...answer.headers,
  };
  if (answer.status === 503) headers["retry-after"] = "1";
  if (answer.stale !== undefined) headers["x-muster-stale"] = String(answer.stale);
  if (answer.cacheable) {
    const tag = contentTag(answer.stale ? `stale ${text}` : text);
    headers["etag"] = tag;
    if (has(request.headers.get("if-none-match"), tag)) {
      return new Response(null, { status: 304, headers });
    }
  }
  return new Response(text, { status: answer.status ?? 200, headers });
};
