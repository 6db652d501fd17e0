import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Muster } from "@muster/core";
import { createHttp, type HttpOptions } from "./create-http.ts";
import { answerOf, startNode } from "./http-kit.test.ts";
import { expectProblem } from "./problem-kit.test.ts";

let muster: Muster;
beforeAll(async () => {
  muster = await startNode();
});
afterAll(() => muster.stop());

const nodeEnv = (remoteAddress: string | undefined) => ({
  incoming: { socket: { remoteAddress } },
});
const bunEnv = (address: string | null) => ({
  requestIP: () => (address === null ? null : { address }),
});
interface From {
  readonly env?: unknown;
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly options?: Partial<HttpOptions>;
}
const ask = async ({ env, host, headers, options }: From) => {
  const app = createHttp(muster, { auth: "none", ...options });
  const init = { headers: { ...(host !== undefined && { host }), ...headers } };
  return answerOf(await app.request("/v1/status", init, env as never));
};
const local = { env: nodeEnv("127.0.0.1"), host: "localhost:8080" };

test.each<[string, From]>([
  ["code of this process", {}],
  ["127.0.0.1 under Node", local],
  ["another loopback address", { ...local, env: nodeEnv("127.8.9.10") }],
  ["::1", { ...local, env: nodeEnv("::1"), host: "[::1]:8080" }],
  ["an IPv4 address in IPv6", { ...local, env: nodeEnv("::ffff:127.0.0.1"), host: "127.0.0.1" }],
  ["loopback under Bun", { ...local, env: bunEnv("127.0.0.1") }],
])("without tokens %s may call", async (_, from) => {
  expect((await ask(from)).status).toBe(200);
});

test.each<[string, From]>([
  ["a peer of another machine", { ...local, env: nodeEnv("10.0.0.5") }],
  ["a peer of another machine under Bun", { ...local, env: bunEnv("10.0.0.5") }],
  ["a peer that is gone already", { ...local, env: nodeEnv(undefined) }],
  ["a peer that Bun does not know", { ...local, env: bunEnv(null) }],
  ["an address that only begins like loopback", { ...local, env: nodeEnv("::ffff:10.0.0.127") }],
  ["a served request whose peer nobody told", { host: "localhost" }],
  ["a server of another kind", { env: { remoteAddr: { hostname: "10.0.0.5" } } }],
  ["a Host of a site that resolves to loopback", { ...local, host: "evil.example" }],
  ["a Host that only begins like localhost", { ...local, host: "localhost.evil.example" }],
  ["a Host that only ends like localhost", { ...local, host: "evil-localhost" }],
  ["a Host with a user", { ...local, host: "localhost@evil.example" }],
  ["a Host that is 0.0.0.0", { ...local, host: "0.0.0.0:8080" }],
  ["an empty Host", { ...local, host: "" }],
  ["Forwarded", { ...local, headers: { forwarded: "for=10.0.0.5" } }],
  ["X-Forwarded-For", { ...local, headers: { "x-forwarded-for": "127.0.0.1" } }],
  ["X-Forwarded-Host", { ...local, headers: { "X-Forwarded-Host": "localhost" } }],
  ["X-Real-IP", { ...local, headers: { "x-real-ip": "127.0.0.1" } }],
  ["Via", { ...local, headers: { via: "1.1 proxy" } }],
])("without tokens %s is refused", async (_, from) => {
  expectProblem(await ask(from), "NOT_LOOPBACK", 403);
});

test("whoever is let in is an administrator called anonymous", async () => {
  const app = createHttp(muster, { auth: "none" });
  const body = JSON.stringify({ id: "crm-sync", version: "1.0.0", reason: "x" });
  const headers = { "content-type": "application/json" };
  const answer = await answerOf(await app.request("/v1/apps", { method: "POST", body, headers }));
  expect([answer.status, answer.json.changedBy]).toEqual([201, "anonymous"]);
});

test("allowPublic lets in everybody, said outright", async () => {
  const options = { allowPublic: true };
  const headers = { "x-forwarded-for": "10.0.0.5" };
  expect(
    (await ask({ env: nodeEnv("10.0.0.5"), host: "ops.example", headers, options })).status,
  ).toBe(200);
});

test("probes need no loopback", async () => {
  const app = createHttp(muster, { auth: "none" });
  for (const path of ["/healthz", "/readyz"]) {
    const init = { headers: { host: "10.0.0.5:8080" } };
    expect((await app.request(path, init, nodeEnv("10.0.0.77"))).status).toBe(200);
  }
});
