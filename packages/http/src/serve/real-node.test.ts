/** The same requests against servers in a process of Node. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tokenOf } from "../http-kit.test.ts";
import { codeOf, expectServed, sendJson, sendRaw, statusOf } from "./serve-kit.test.ts";

const packageFile = join(import.meta.dir, "../../package.json");

/** Starts one server of each kind over one node, tells their addresses, and stops when told to. */
const program = `
  import { createServer } from "node:http";
  import { createRequire } from "node:module";
  import { createHost, createMuster } from "@muster/core";
  import { createHttp, serveBun, serveNode, toFastify, toNodeHandler, tokens } from "@muster/http";
  const require = createRequire(${JSON.stringify(packageFile)});
  const express = require("express");
  const fastify = require("fastify");
  process.on("unhandledRejection", (error) => { console.error("unhandled", error); process.exit(3); });
  const host = createHost({ load: async () => ({ kind: "loaded", app: {} }), enable: () => {} });
  const muster = createMuster({ cluster: "shop", node: { id: "web-1" }, settings: { shardCount: 4 }, apps: { host } });
  await muster.start();
  const ops = createHttp(muster, { auth: tokens([{ name: "anna", role: "admin", tokens: [process.env.TOKEN] }]) });
  const open = createHttp(muster, { auth: "none" });
  const listen = (listener) => new Promise((resolve) => {
    const server = createServer(listener);
    server.listen(0, "127.0.0.1", () => resolve(server));
  });
  const urlOf = (server) => "http://127.0.0.1:" + server.address().port;
  const served = [await serveNode(ops, { port: 0 }), await serveNode(open, { port: 0 })];
  const plain = [
    await listen(toNodeHandler(ops)),
    await listen(express().use(express.json()).use("/ops", toNodeHandler(ops))),
    await listen(express().use("/ops", toNodeHandler(ops))),
  ];
  const fast = fastify();
  await fast.register(toFastify(ops), { prefix: "/ops" });
  const fastUrl = await fast.listen({ port: 0, host: "127.0.0.1" });
  let outsideBun = "served";
  try { serveBun(ops, { port: 0 }); } catch (error) { outsideBun = error.message; }
  console.log(JSON.stringify({
    node: process.version, bun: "Bun" in globalThis, outsideBun,
    serveNode: served[0].url, open: served[1].port, http: urlOf(plain[0]),
    parsed: urlOf(plain[1]) + "/ops", express: urlOf(plain[2]) + "/ops", fastify: fastUrl + "/ops",
  }));
  process.stdin.once("data", async () => {
    await Promise.all([...served.map((one) => one.stop()), fast.close()]);
    for (const server of plain) { server.closeAllConnections(); server.close(); }
    await muster.stop();
    process.stdin.destroy();
  });
`;

let dir = "";
let child: Bun.Subprocess<"pipe", "pipe", "pipe">;
let told: Record<string, string>;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "muster-http-"));
  const source = join(import.meta.dir, "../index.ts");
  const core = Bun.resolveSync("@muster/core", import.meta.dir);
  const entry = join(dir, "entry.ts");
  await writeFile(
    entry,
    program
      .replace('"@muster/core"', JSON.stringify(core))
      .replace('"@muster/http"', JSON.stringify(source)),
  );
  const built = await Bun.build({
    entrypoints: [entry],
    target: "node",
    conditions: ["bun"],
    outdir: dir,
    naming: "program.mjs",
  });
  expect(built.success).toBe(true);
  child = Bun.spawn(["node", join(dir, "program.mjs")], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
    env: { ...process.env, TOKEN: tokenOf.admin },
  });
  const { value } = await child.stdout.getReader().read();
  told = JSON.parse(new TextDecoder().decode(value));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

test("the program runs under Node, where serveBun says what to use instead", () => {
  expect([told["bun"], told["outsideBun"]]).toEqual([
    false as never,
    "serveBun runs under Bun only; use serveNode.",
  ]);
  expect(told["node"]).toMatch(/^v\d+/);
});

test.each([["serveNode"], ["http"], ["express"], ["fastify"]])("%s under Node", async (kind) => {
  await expectServed(told[kind] ?? "", `node-${kind.toLowerCase()}`);
});

test("Express behind a body parser under Node", async () => {
  const body = { id: "node-parsed", version: "1.0.0", reason: "ünï" };
  const made = await sendJson(`${told["parsed"]}/v1/apps`, body);
  expect([made.status, made.json.reason]).toEqual([201, "ünï"]);
});

describe("auth none under Node", () => {
  test.each([
    ["GET /v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n", 200, undefined],
    ["GET /v1/status HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403, "NOT_LOOPBACK"],
    [
      "GET /v1/status HTTP/1.1\r\nHost: localhost\r\nForwarded: for=1.2.3.4\r\n\r\n",
      403,
      "NOT_LOOPBACK",
    ],
    ["GET /v1/status HTTP/1.1\r\nHost: localhost:99999\r\n\r\n", 400, "MALFORMED_REQUEST"],
    ["GET /v1/status HTTP/1.1\r\nHost: a b\r\n\r\n", 400, "MALFORMED_REQUEST"],
    ["GET /v1/status HTTP/1.0\r\n\r\n", 400, "MALFORMED_REQUEST"],
    ["GET nonsense HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, undefined],
    ["GET /\\..\\x HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "MALFORMED_REQUEST"],
    ["NONSENSE\r\n\r\n", 400, undefined],
  ])("answers %p with %p", async (head, status, code) => {
    const raw = await sendRaw(Number(told["open"]), head);
    expect([statusOf(raw), codeOf(raw)]).toEqual([status, code]);
    expect(raw).not.toMatch(/\bat .+:\d+:\d+/);
  });
});

test("a client that goes away while it sends leaves the server well", async () => {
  const { port } = new URL(told["serveNode"] ?? "");
  for (let i = 0; i < 20; i += 1) {
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), "127.0.0.1", () => {
        socket.write(
          `POST /v1/apps HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${tokenOf.admin}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"id"`,
          () => socket.destroy(),
        );
      });
      socket.on("close", () => resolve());
    });
  }
  expect((await fetch(`${told["serveNode"]}/healthz`)).status).toBe(200);
});

test("the process ends by itself once all is stopped, and has said nothing on its way", async () => {
  child.stdin.write("stop\n");
  await child.stdin.end();
  expect(await child.exited).toBe(0);
  expect(await new Response(child.stderr).text()).toBe("");
});
