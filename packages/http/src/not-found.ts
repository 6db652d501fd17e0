/** Ends every mount: what no route answers is a problem that says what would be answered. */
import { problemResponse } from "./problem.ts";
import type { Route } from "./route.ts";

const maxShown = 200;

/** The methods of each path, HEAD beside GET. */
export const methodsOf = (routes: readonly Route[]): ReadonlyMap<string, readonly string[]> => {
  const methods = new Map<string, readonly string[]>();
  for (const { method, path } of routes) {
    const more = method === "get" ? ["GET", "HEAD"] : [method.toUpperCase()];
    methods.set(path, [...(methods.get(path) ?? []), ...more]);
  }
  return methods;
};

export const methodNotAllowed = (
  path: string,
  methods: readonly string[],
  requestId: string,
): Response => {
  const allow = methods.join(", ");
  const detail = `${path.slice(0, maxShown)} answers ${allow} only.`;
  return problemResponse("METHOD_NOT_ALLOWED", detail, requestId, { headers: { allow } });
};

export const routeNotFound = (method: string, path: string, requestId: string): Response => {
  const detail = `${method} ${path.slice(0, maxShown)} is no route.`;
  return problemResponse("ROUTE_NOT_FOUND", detail, requestId, {
    hint: "openapi.json lists the routes there are.",
  });
};
