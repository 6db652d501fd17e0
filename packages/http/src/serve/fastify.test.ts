import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Muster } from "@muster/core";
import fastify from "fastify";
import { createHttp } from "../create-http.ts";
import { startNode, threeCallers } from "../http-kit.test.ts";
import { toFastify } from "./fastify.ts";
import { ask, expectServed } from "./serve-kit.test.ts";

let muster: Muster;
beforeAll(async () => {
  muster = await startNode();
});
afterAll(() => muster.stop());

test.each([
  ["/ops", "/ops"],
  ["/internal/ops", "/internal/ops"],
  ["/:tenant/ops", "/blue/ops"],
])("Fastify below %s", async (prefix, base) => {
  const server = fastify({ bodyLimit: 100 });
  server.get("/else", () => "not ours");
  server.post("/echo", (request) => request.body);
  await server.register(toFastify(createHttp(muster, { auth: threeCallers() })), { prefix });
  const url = await server.listen({ port: 0, host: "127.0.0.1" });
  await expectServed(`${url}${base}`, `by-fastify${base.replaceAll("/", "-")}`);
  expect((await ask(`${url}/else`)).text).toBe("not ours");
  const echo = { method: "POST", headers: { "content-type": "application/json" }, body: '{"a":1}' };
  expect((await ask(`${url}/echo`, echo)).json).toEqual({ a: 1 });
  await server.close();
});

test("Fastify at the root", async () => {
  const server = fastify();
  await server.register(toFastify(createHttp(muster, { auth: threeCallers() })));
  const url = await server.listen({ port: 0, host: "127.0.0.1" });
  await expectServed(url, "by-fastify-root");
  await server.close();
});
