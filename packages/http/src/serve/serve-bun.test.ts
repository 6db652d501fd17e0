import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Muster } from "@muster/core";
import { createHttp } from "../create-http.ts";
import { startNode, threeCallers } from "../http-kit.test.ts";
import { serveBun } from "./bun.ts";
import { codeOf, expectServed, sendRaw, statusOf } from "./serve-kit.test.ts";

let muster: Muster;
beforeAll(async () => {
  muster = await startNode();
});
afterAll(() => muster.stop());

test("serveBun serves on a free port until it is stopped", async () => {
  const served = serveBun(createHttp(muster, { auth: threeCallers() }), { port: 0 });
  expect(served.url).toBe(`http://127.0.0.1:${served.port}`);
  await expectServed(served.url, "by-bun");
  await Promise.all([served.stop(), served.stop()]);
  expect(fetch(`${served.url}/healthz`)).rejects.toThrow();
});

test("serveBun throws when the port is taken", async () => {
  const app = createHttp(muster, { auth: "none" });
  const served = serveBun(app, { port: 0 });
  expect(() => serveBun(app, { port: served.port })).toThrow();
  await served.stop();
});

test("serveBun shows who calls: loopback needs no token with auth none, a foreign Host is refused", async () => {
  const served = serveBun(createHttp(muster, { auth: "none" }), { port: 0 });
  expect((await fetch(`${served.url}/v1/status`)).status).toBe(200);
  for (const [head, status, code] of [
    ["GET /v1/status HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403, "NOT_LOOPBACK"],
    [
      "GET /v1/status HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
      403,
      "NOT_LOOPBACK",
    ],
    ["GET /v1/status HTTP/1.0\r\n\r\n", 400, "MALFORMED_REQUEST"],
    ["GET /v1/status HTTP/1.1\r\nHost:\r\n\r\n", 400, "MALFORMED_REQUEST"],
  ] as const) {
    const raw = await sendRaw(served.port, head);
    expect([head, statusOf(raw), codeOf(raw)]).toEqual([head, status, code]);
  }
  await served.stop();
});

test("a request that Bun.serve hands over without its server is not taken for one of this process", async () => {
  const app = createHttp(muster, { auth: "none" });
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request) => app.fetch(request),
  });
  for (const head of [
    "GET /v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "GET /v1/status HTTP/1.0\r\n\r\n",
  ]) {
    expect(statusOf(await sendRaw(server.port ?? 0, head))).not.toBe(200);
  }
  await server.stop(true);
});

test("serveBun lets a request that is being answered end before it stops", async () => {
  const gate = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const app = createHttp(muster, {
    auth: async () => {
      begun.resolve();
      await gate.promise;
      return { name: "vera", role: "viewer" };
    },
  });
  const served = serveBun(app, { port: 0 });
  const answer = fetch(`${served.url}/v1/status`);
  await begun.promise;
  const stopped = served.stop();
  gate.resolve();
  expect((await answer).status).toBe(200);
  await stopped;
});

test("serveBun does not wait for ever", async () => {
  const begun = Promise.withResolvers<void>();
  const app = createHttp(muster, {
    auth: () => {
      begun.resolve();
      return new Promise(() => {});
    },
  });
  const served = serveBun(app, { port: 0 });
  const answer = fetch(`${served.url}/v1/status`).catch(() => "cut");
  await begun.promise;
  const at = performance.now();
  await served.stop();
  expect(performance.now() - at).toBeLessThan(4_000);
  expect(await answer).toBe("cut");
});
