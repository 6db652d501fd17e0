/** Who may call what. A route that is not listed here fails, so none comes without a decision. */
import { describe, expect, test } from "bun:test";
import { apiOf, type Role } from "./http-kit.test.ts";
import { bodyOf, expectProblem, nameOf, pathOf } from "./problem-kit.test.ts";
import { routes } from "./routes/index.ts";
import { useTable } from "./table-kit.test.ts";

const { send, expectRefused, muster } = useTable();

const decided: Readonly<Record<string, Role | "public">> = {
  "GET /healthz": "public",
  "GET /readyz": "public",
  "GET /openapi.json": "public",
  "GET /metrics": "viewer",
  "GET /v1/status": "viewer",
  "GET /v1/status/apps": "viewer",
  "GET /v1/nodes": "viewer",
  "GET /v1/nodes/{id}": "viewer",
  "POST /v1/nodes/{id}/drain": "admin",
  "POST /v1/nodes/{id}/undrain": "admin",
  "GET /v1/audit": "viewer",
  "GET /v1/events": "viewer",
  "GET /v1/losses": "viewer",
  "POST /v1/losses/{id}/ack": "operator",
  "GET /v1/dead-letters": "operator",
  "GET /v1/dead-letters/count": "viewer",
  "POST /v1/dead-letters/replay": "operator",
  "GET /v1/dead-letters/{id}": "operator",
  "POST /v1/dead-letters/{id}/replay": "operator",
  "POST /v1/dead-letters/{id}/resolve": "operator",
  "GET /v1/shards": "viewer",
  "GET /v1/verify": "operator",
  "GET /v1/doctor": "viewer",
  "GET /v1/explain/shard/{shard}": "viewer",
  "GET /v1/explain/actor/{kind}/{id}": "viewer",
  "GET /v1/actors/{kind}/{id}": "viewer",
  "GET /v1/alerts": "viewer",
  "POST /v1/alerts/{id}/ack": "operator",
  "GET /v1/reconciler": "viewer",
  "POST /v1/reconciler/run": "operator",
  "POST /v1/reconciler/pause": "operator",
  "POST /v1/reconciler/resume": "operator",
  "POST /v1/reconciler/mode": "operator",
  "GET /v1/wait": "viewer",
  "GET /v1/explain/app/{id}": "viewer",
  "GET /v1/apps/{id}/history": "viewer",
  "GET /v1/apps/compare": "viewer",
  "GET /v1/apps/diff": "viewer",
  "GET /v1/apps/{id}/wait": "viewer",
  "POST /v1/apps/reconcile": "operator",
  "POST /v1/apps/{id}/reconcile": "operator",
  "GET /v1/apps": "viewer",
  "POST /v1/apps": "operator",
  "GET /v1/apps/{id}": "viewer",
  "GET /v1/apps/{id}/status": "viewer",
  "POST /v1/apps/{id}/enable": "operator",
  "POST /v1/apps/{id}/disable": "operator",
  "POST /v1/apps/{id}/update": "operator",
  "POST /v1/apps/{id}/rollback": "operator",
  "DELETE /v1/apps/{id}": "operator",
  "POST /v1/apps/{id}/settings": "operator",
  "POST /v1/apps/{id}/licence": "operator",
  "POST /v1/apps/{id}/manage": "operator",
  "POST /v1/apps/{id}/pause": "operator",
  "POST /v1/apps/{id}/resume": "operator",
  "POST /v1/apps/{id}/ack-drift": "operator",
  "POST /v1/migrate/apps": "admin",
  "GET /v1/migrate/apps": "admin",
};
const ranks = ["viewer", "operator", "admin"] as const;

test("every route has a role that was decided on", () => {
  expect(Object.fromEntries(routes.map((route) => [nameOf(route), route.role]))).toEqual(decided);
});

test("no change is open to viewers or to everybody", () => {
  for (const { method, role } of routes) {
    if (method !== "get") expect(["operator", "admin"]).toContain(role);
  }
});

describe.each(Object.entries(decided))("%s", (name, least) => {
  const route = routes.find((candidate) => nameOf(candidate) === name);
  if (!route) throw new Error(`${name} is no route`);

  test(
    least === "public" ? "answers without a token" : "answers nobody without a token",
    async () => {
      // Of its own, lest so many attempts without a token shut it.
      const { call: request } = apiOf(muster());
      const body = route.body && { body: bodyOf(route) };
      const call = () => request(route.method.toUpperCase(), pathOf(route), { ...body });
      if (least === "public") {
        expect((await call()).status).toBe(200);
        return;
      }
      const answer = await expectRefused(call, "UNAUTHENTICATED", 401);
      expect(answer.headers.get("www-authenticate")).toBe('Bearer realm="muster"');
    },
  );

  test.each(ranks.map((role) => [role] as const))(
    `gives the %s what ${least} may have`,
    async (role) => {
      const isAllowed = least === "public" || ranks.indexOf(role) >= ranks.indexOf(least);
      if (isAllowed) {
        expect((await send(route, { as: role })).status).toBeLessThan(300);
        return;
      }
      const answer = await expectRefused(() => send(route, { as: role }), "FORBIDDEN", 403);
      expect(answer.json.detail).toContain(least);
    },
  );

  test("says nothing of the body to a caller that may not send one", async () => {
    if (!route.body || least === "public") return;
    expectProblem(await send(route, { as: "viewer", body: "{" }), "FORBIDDEN", 403);
  });
});
