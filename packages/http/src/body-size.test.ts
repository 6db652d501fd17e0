import { describe, expect, test } from "bun:test";
import { answerOf, apiOf, tokenOf } from "./http-kit.test.ts";
import { bodyOf, expectProblem, nameOf, pathOf } from "./problem-kit.test.ts";
import type { Route } from "./route.ts";
import { useTable, withBody } from "./table-kit.test.ts";

const { send, expectRefused, muster } = useTable();
const usual = 262_144;
const padded = (route: Route, bytes: number): string => {
  const body = JSON.stringify(bodyOf(route));
  return body + " ".repeat(bytes - body.length);
};

describe.each(withBody.map((route) => [nameOf(route), route] as const))("%s", (_, route) => {
  const limit = route.maxBodyBytes ?? usual;

  test("takes a body at the limit and refuses one byte more", async () => {
    expect((await send(route, { body: padded(route, limit) })).status).toBeLessThan(300);
    await expectRefused(
      () => send(route, { body: padded(route, limit + 1) }),
      "BODY_TOO_LARGE",
      413,
    );
  });

  test("refuses by the announced length before it reads", async () => {
    const request = () => send(route, { headers: { "content-length": String(limit + 1) } });
    await expectRefused(request, "BODY_TOO_LARGE", 413);
  });

  test("stops reading a stream without a length once it is over the limit", async () => {
    const { app } = apiOf(muster());
    let pulled = 0;
    let isCancelled = false;
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        pulled += 1;
        controller.enqueue(new Uint8Array(16_384).fill(0x20));
      },
      cancel: () => {
        isCancelled = true;
      },
    });
    const response = await app.request(pathOf(route), {
      method: route.method.toUpperCase(),
      headers: { authorization: `Bearer ${tokenOf.admin}`, "content-type": "application/json" },
      body: endless,
      duplex: "half",
    } as RequestInit);
    expectProblem(await answerOf(response), "BODY_TOO_LARGE", 413);
    expect(isCancelled).toBe(true);
    expect(pulled).toBeLessThan(limit / 16_384 + 9);
  });
});

test("the limit is an option", async () => {
  const { call } = apiOf(muster(), { maxBodyBytes: 100 });
  const body = { id: "small", version: "1.0.0", reason: "x".repeat(100) };
  expectProblem(await call("POST", "/v1/apps", { as: "admin", body }), "BODY_TOO_LARGE", 413);
});
