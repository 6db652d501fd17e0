/** TLS as the options give it, against a server with a certificate made for this test. */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { BackendUnavailable } from "@muster/core/ports";
import { makeCertificate } from "../../../test/kit/certificate.ts";
import { freePort, type RedisServer, startRedisServer } from "../../../test/kit/redis-server.ts";
import { joinNode, makeBackend } from "../test-kit/backend.ts";
import type { RedisBackendOptions } from "./options.ts";
import type { RedisBackend } from "./redis-backend.ts";

const { certFile, keyFile, ca, remove } = makeCertificate();
let server: RedisServer;
let port = 0;
const open: RedisBackend[] = [];

beforeAll(async () => {
  port = await freePort();
  const files = [
    "--tls-cert-file",
    certFile,
    "--tls-key-file",
    keyFile,
    "--tls-ca-cert-file",
    certFile,
  ];
  server = await startRedisServer({
    args: ["--tls-port", String(port), "--tls-auth-clients", "no", ...files],
  });
});
afterEach(async () => {
  for (const backend of open.splice(0)) await backend.close();
});
afterAll(async () => {
  await server.stop();
  remove();
});

const connect = async (options: RedisBackendOptions) => {
  const backend = makeBackend(options);
  open.push(backend);
  await backend.open();
  return (await joinNode(backend)).kind;
};

test("a server whose certificate is trusted is spoken to, by host and by address", async () => {
  const tls = { ca };
  expect(await connect({ host: "localhost", port, tls })).toBe("joined");
  expect(await connect({ url: `rediss://127.0.0.1:${port}`, tls })).toBe("joined");
});

test("a server whose certificate is not trusted is refused", async () => {
  const error = await connect({ host: "localhost", port, tls: true }).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(BackendUnavailable);
  expect(String(error.cause)).toMatch(/self.signed/i);
});
