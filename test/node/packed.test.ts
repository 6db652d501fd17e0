import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { compile, compilers } from "../kit/compilers.ts";
import { type RedisServer, startRedisServer } from "../kit/redis-server.ts";
import { findingsInSource } from "../kit/type-check.ts";
import { linesOf, markedLines, unmarked } from "../types/marked-lines.ts";

const root = join(import.meta.dir, "../..");
const packages = ["core", "redis-adapter", "http", "cli"];
let folder = "";
let redis: RedisServer | undefined;

const run = async (command: readonly string[], cwd: string, env: Record<string, string> = {}) => {
  const child = Bun.spawn([...command], {
    cwd,
    env: { ...process.env, ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { out, err, code };
};

/** The packages as npm would publish them, installed by npm into a project of its own. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "muster-packed-"));
  for (const name of packages) {
    const packed = await run(
      [process.execPath, "pm", "pack", "--destination", folder, "--quiet"],
      join(root, "packages", name),
    );
    if (packed.code !== 0) throw new Error(packed.err);
  }
  const tarballs = readdirSync(folder).filter((file) => file.endsWith(".tgz"));
  const dependencies = Object.fromEntries(
    packages.map((name) => [
      `@muster/${name}`,
      `file:./${tarballs.find((file) => file.includes(`muster-${name}-`))}`,
    ]),
  );
  const overrides = Object.fromEntries(Object.keys(dependencies).map((name) => [name, `$${name}`]));
  const manifest = { name: "consumer", private: true, type: "module", dependencies, overrides };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ ...manifest }));
  const installed = await run(["npm", "install", "--no-audit", "--no-fund"], folder);
  if (installed.code !== 0) throw new Error(installed.err);
  redis = await startRedisServer();
}, 180_000);

afterAll(async () => {
  await redis?.stop();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

const program = `
import { createMuster, createHost, defineActor, memoryBackend } from "@muster/core";
import { redisBackend } from "@muster/redis-adapter";
import { createHttp, serveNode } from "@muster/http";
import { createRequire } from "node:module";
const { z } = createRequire(createRequire(import.meta.url).resolve("@muster/core"))("zod");

const counter = defineActor({
  kind: "counter",
  state: z.strictObject({ value: z.number().int() }),
  commands: { add: { input: z.strictObject({ by: z.number().int() }), output: z.number().int() } },
});
const Counter = counter.implement({
  initial: () => ({ value: 0 }),
  on: {
    add: (turn, state, { by }) => turn.next({ value: state.value + by }).reply(state.value + by),
  },
});
const host = createHost({ load: async () => ({ kind: "loaded", app: {} }), enable: () => {} });
const backend = process.env.REDIS_URL
  ? redisBackend({ url: process.env.REDIS_URL })
  : memoryBackend();
const muster = createMuster({ cluster: "packed-" + (process.versions.bun ? "bun" : "node"), node: { id: "n1" }, backend, actors: [Counter], apps: { host } });
await muster.start();
const { ask } = muster.actor(counter, "c-1");
await ask.add({ by: 2 });
const value = await ask.add({ by: 3 });
const served = await serveNode(createHttp(muster, { auth: "none" }), { port: 0 });
const installed = await fetch(served.url + "/v1/apps", {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ id: "crm-sync", version: "1.0.0", reason: "first use" }),
});
const page = await (await fetch(served.url + "/")).text();
const { redis } = await (await fetch(served.url + "/v1/status")).json();
console.log(JSON.stringify({ node: process.versions.node, bun: process.versions.bun ?? null, value, installed: installed.status, page: page.includes("<title>"), mode: redis.mode }));
await served.stop();
await muster.stop();
`;

test.each([
  ["node", "memory"],
  ["node", "redis"],
  ["bun", "redis"],
] as const)(
  "the packed packages run under %s on %s",
  async (runtime, mode) => {
    writeFileSync(join(folder, "main.mjs"), program);
    const env: Record<string, string> =
      mode === "redis" && redis ? { REDIS_URL: redis.url } : { REDIS_URL: "" };
    const binary = runtime === "node" ? "node" : process.execPath;
    const { out, err, code } = await run([binary, "main.mjs"], folder, env);
    expect({ err, code }).toEqual({ err: "", code: 0 });
    const told = JSON.parse(out);
    expect(told).toMatchObject({ value: 5, installed: 201, page: true });
    expect(told.mode).toBe(mode === "redis" ? "redis" : "memory");
    expect(told.bun === null).toBe(runtime === "node");
  },
  60_000,
);

test("the packed command runs under Node", async () => {
  const { out, code } = await run(["node", "node_modules/.bin/muster", "version"], folder);
  expect(code).toBe(0);
  expect(out).toContain("0.1.0");
}, 60_000);

/** A project inside the consumer's folder, as strict as `strict` alone makes it. */
const typeProject = (name: string, files: Readonly<Record<string, string>>): string => {
  const project = join(folder, name);
  mkdirSync(project, { recursive: true });
  for (const [file, source] of Object.entries(files)) writeFileSync(join(project, file), source);
  const compilerOptions = {
    strict: true,
    noEmit: true,
    target: "es2023",
    lib: ["es2023"],
    module: "nodenext",
    skipLibCheck: false,
    types: ["node"],
  };
  const config = { compilerOptions, files: Object.keys(files) };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify(config));
  return project;
};

/** Lets the consumer find the types of Node that this repository has. */
const linkNodeTypes = (): void => {
  const link = join(folder, "node_modules/@types/node");
  if (existsSync(link)) return;
  const bunTypes = dirname(Bun.resolveSync("bun-types/package.json", root));
  const nodeTypes = dirname(Bun.resolveSync("@types/node/package.json", realpathSync(bunTypes)));
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(nodeTypes, link);
};

const everyEntry = `
import * as core from "@muster/core";
import * as ports from "@muster/core/ports";
import * as testing from "@muster/core/testing";
import * as http from "@muster/http";
import * as redis from "@muster/redis-adapter";
export const entries = [core, ports, testing, http, redis];
`;

test.each(compilers.map((compiler) => [compiler.version, compiler] as const))(
  "the packed types hold under TypeScript %s, and refuse each wrong use of an actor",
  (version, compiler) => {
    linkNodeTypes();
    const project = typeProject(`types-${version}`, {
      "entries.ts": everyEntry,
      "source.ts": unmarked,
    });
    expect(linesOf(findingsInSource(compile(project, compiler)))).toEqual(markedLines);
  },
  120_000,
);
