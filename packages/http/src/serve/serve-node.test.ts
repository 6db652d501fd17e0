import { afterAll, beforeAll, expect, test } from "bun:test";
import { createServer } from "node:net";
import type { Muster } from "@muster/core";
import { createHttp } from "../create-http.ts";
import { startNode, threeCallers, tokenOf } from "../http-kit.test.ts";
import { serveNode } from "./node.ts";
import { codeOf, expectServed, sendRaw, statusOf } from "./serve-kit.test.ts";

let muster: Muster;
beforeAll(async () => {
  muster = await startNode();
});
afterAll(() => muster.stop());

test("serveNode serves on a free port until it is stopped", async () => {
  const served = await serveNode(createHttp(muster, { auth: threeCallers() }), { port: 0 });
  expect(served.url).toBe(`http://127.0.0.1:${served.port}`);
  await expectServed(served.url, "by-node");
  await Promise.all([served.stop(), served.stop()]);
  expect(fetch(`${served.url}/healthz`)).rejects.toThrow();
});

test("serveNode rejects when the port is taken", async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as { port: number };
  const app = createHttp(muster, { auth: "none" });
  await expect(serveNode(app, { port })).rejects.toMatchObject({ code: "EADDRINUSE" });
  other.close();
});

test("serveNode shows who calls: loopback needs no token with auth none, a foreign Host is refused", async () => {
  const served = await serveNode(createHttp(muster, { auth: "none" }), { port: 0 });
  expect((await fetch(`${served.url}/v1/status`)).status).toBe(200);
  const foreign = await sendRaw(
    served.port,
    "GET /v1/status HTTP/1.1\r\nHost: evil.example\r\n\r\n",
  );
  expect([statusOf(foreign), codeOf(foreign)]).toEqual([403, "NOT_LOOPBACK"]);
  await served.stop();
});

test("serveNode answers what is hardly a request", async () => {
  const served = await serveNode(createHttp(muster, { auth: "none" }), { port: 0 });
  for (const [head, status] of [
    ["GET /v1/status HTTP/1.1\r\nHost: a b\r\n\r\n", 400],
    ["GET /v1/status HTTP/1.1\r\nHost: localhost/evil\r\n\r\n", 400],
    ["GET //evil.example/x HTTP/1.1\r\nHost: localhost\r\n\r\n", 404],
    ["GET http://evil.example/v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n", 200],
    ["GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", 404],
    ["NONSENSE\r\n\r\n", 400],
  ] as const) {
    expect([head, statusOf(await sendRaw(served.port, head))]).toEqual([head, status]);
  }
  expect((await fetch(`${served.url}/healthz`)).status).toBe(200);
  await served.stop();
});

test("serveNode cuts a request that never ends when it is stopped", async () => {
  const served = await serveNode(createHttp(muster, { auth: threeCallers() }), { port: 0 });
  const head = `POST /v1/apps HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${tokenOf.admin}\r\n`;
  const open = sendRaw(
    served.port,
    `${head}Content-Type: application/json\r\nContent-Length: 10\r\n\r\n{`,
  );
  expect((await fetch(`${served.url}/healthz`)).status).toBe(200);
  const begun = performance.now();
  await served.stop();
  expect(performance.now() - begun).toBeLessThan(4_000);
  expect(await open).toBe("");
});
