import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Muster } from "@muster/core";
import { type Answer, apiOf, startNode } from "./http-kit.test.ts";
import { bodyOf, expectProblem, isChange, nameOf, pathOf } from "./problem-kit.test.ts";
import { routes } from "./routes/index.ts";
import { useTable } from "./table-kit.test.ts";

/** Callers known by a cookie, which a browser sends along from any site. */
const auth = () => ({ name: "vera", role: "admin" }) as const;
const { send, expectRefused } = useTable({ auth });

describe.each(routes.filter(isChange).map((route) => [nameOf(route), route] as const))(
  "%s",
  (_, route) => {
    test("is refused from another site", async () => {
      for (const headers of [
        { "sec-fetch-site": "cross-site" },
        { "sec-fetch-site": "same-site" },
        { "sec-fetch-site": "none" },
        { origin: "https://evil.example" },
        { origin: "null" },
        { origin: "https://evil.example", "sec-fetch-site": "cross-site" },
      ]) {
        const request = () => send(route, { headers: { authorization: "", ...headers } });
        await expectRefused(request, "CROSS_SITE", 403);
      }
    });

    test("is taken from its own page, from programs, and with a bearer token", async () => {
      for (const headers of [
        { authorization: "", "sec-fetch-site": "same-origin", origin: "https://ops.example" },
        { authorization: "" },
        { authorization: "Bearer 0123456789abcdef", "sec-fetch-site": "cross-site" },
      ]) {
        expect((await send(route, { headers })).status).toBeLessThan(300);
      }
    });
  },
);

describe("what other sites get to see", () => {
  let muster: Muster;
  beforeAll(async () => {
    muster = await startNode();
  });
  afterAll(() => muster.stop());

  test("no answer is open to other origins", async () => {
    const { call } = apiOf(muster, { auth });
    const answers: Answer[] = [];
    const headers = {
      origin: "https://evil.example",
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization",
    };
    for (const route of routes) {
      answers.push(
        await call(route.method.toUpperCase(), pathOf(route), {
          headers,
          body: isChange(route) ? bodyOf(route) : undefined,
        }),
      );
      answers.push(await call("OPTIONS", pathOf(route), { headers }));
    }
    for (const { headers: told } of answers) {
      expect([...told.keys()].filter((name) => name.startsWith("access-control-"))).toEqual([]);
    }
    const preflight = answers.at(-1);
    if (preflight) expectProblem(preflight, "METHOD_NOT_ALLOWED", 405);
  });
});
