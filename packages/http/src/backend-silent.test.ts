import { afterAll, beforeAll, expect, test } from "bun:test";
import { makeCuttable } from "./cut-kit.test.ts";
import { apiOf, seedNode, until } from "./http-kit.test.ts";
import { bodyOf, expectProblem, isChange, nameOf, pathOf } from "./problem-kit.test.ts";
import type { Route } from "./route.ts";
import { routes } from "./routes/index.ts";

const { muster, network } = makeCuttable({ isSilent: true });
const { call } = apiOf(muster);

beforeAll(async () => {
  await muster.start();
  await seedNode(muster);
});
afterAll(() => muster.stop());

/** What the store holds in the end, read through the node once it is well again. */
const settled = async (): Promise<unknown> => {
  await until(
    "the node is well",
    () => muster.status().stale,
    (stale) => !stale,
    10_000,
  );
  const apps = muster.apps.list().items.map(({ id, intentId }) => [id, intentId]);
  return [apps, muster.nodes.list().items.map(({ cordoned }) => cordoned)];
};

/** They change no intent, and ask nodes only where some app is not as it should be: none is here. */
const asksNobody = (route: Route): boolean => route.path.endsWith("/reconcile");

test.each(
  routes
    .filter((route) => isChange(route) && !asksNobody(route))
    .map((route) => [nameOf(route), route] as const),
)(
  "%s ends soon when the backend falls silent under it, and does not guess",
  async (_, route) => {
    const before = await settled();
    network.cut();
    const begun = performance.now();
    const answer = await call(route.method.toUpperCase(), pathOf(route), {
      as: "admin",
      ...(route.body && { body: bodyOf(route) }),
    });
    const tookMs = performance.now() - begun;
    network.heal();
    expectProblem(answer, "BACKEND_UNAVAILABLE", 503);
    expect(tookMs).toBeLessThan(2_000);
    const after = await settled();
    if (answer.json.outcome === "not-applied") expect(after).toEqual(before);
    else expect(answer.json.outcome).toBe("unknown");
  },
  20_000,
);
