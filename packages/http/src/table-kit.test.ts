/** Requests to every route of the table over one seeded node, and the proof that nothing changed. */
import { afterAll, beforeAll, expect } from "bun:test";
import type { Muster } from "@muster/core";
import type { HttpOptions } from "./create-http.ts";
import { type Answer, apiOf, type Call, seeded, seedNode, startNode } from "./http-kit.test.ts";
import type { ProblemCode } from "./problem.ts";
import {
  barePathOf,
  bodyOf,
  expectProblem,
  requiredBodyOf,
  withRequired,
} from "./problem-kit.test.ts";
import type { Route } from "./route.ts";
import { routes } from "./routes/index.ts";

export const seededApp = seeded.app;
export const withParams = routes.filter(({ params }) => params);
export const withBody = routes.filter(({ body }) => body);
export const withReason = withBody.filter((route) =>
  Object.hasOwn(requiredBodyOf(route), "reason"),
);

export interface RouteCall extends Call {
  readonly path?: string;
  readonly query?: string;
}

/** Registers a node for the whole file; call it once, at the top. */
export const useTable = (options: Partial<HttpOptions> = {}) => {
  let muster: Muster;
  let api: ReturnType<typeof apiOf>;

  beforeAll(async () => {
    muster = await startNode();
    api = apiOf(muster, options);
    await seedNode(muster);
  });
  afterAll(() => muster.stop());

  const call: typeof api.call = (method, path, more) => api.call(method, path, more);
  /** A valid request to the route, but for what `more` replaces. */
  const send = (route: Route, { path, query = "", ...more }: RouteCall = {}): Promise<Answer> =>
    api.call(
      route.method.toUpperCase(),
      path === undefined ? `${barePathOf(route)}${withRequired(route, query)}` : `${path}${query}`,
      {
        as: "admin",
        ...(route.body && { body: bodyOf(route) }),
        ...more,
      },
    );
  /** All that a change could have changed, from the library itself. */
  const state = () => ({
    // One that is being uninstalled goes by itself.
    apps: muster.apps
      .list()
      .items.filter(({ desiredStatus }) => desiredStatus !== "uninstalled")
      .map(({ id, intentId }) => [id, intentId]),
    nodes: muster.nodes.list().items.map(({ id, cordoned }) => [id, cordoned]),
    deadLetters: muster.status().deadLetters,
  });
  /** Checks that the request is refused with that problem and leaves everything as it was. */
  const expectRefused = async (
    request: () => Promise<Answer>,
    code?: ProblemCode,
    status?: number,
  ): Promise<Answer> => {
    const before = state();
    const answer = await request();
    expectProblem(answer, code, status);
    expect(state()).toEqual(before);
    return answer;
  };
  return { call, send, state, expectRefused, muster: () => muster };
};
