/**
 * One server process with Muster in it, run by the real-process tests. Takes its configuration as
 * JSON in its first argument, commands on standard input and answers on standard output, one JSON
 * object a line; logs go to standard error. Ends when its standard input does.
 */
import { appendFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import {
  type AppHost,
  createModuleHost,
  createMuster,
  createWorkerHost,
  isMusterError,
  type Muster,
} from "@muster/core";
import { type Clock, systemClock } from "@muster/core/ports";
import { redisBackend } from "@muster/redis-adapter";
import { createLedger, ledger } from "./ledger.ts";
import { type RunningLoad, startLoad } from "./program-load.ts";
import type {
  ProgramCommand,
  ProgramConfig,
  ProgramError,
  ProgramLine,
} from "./program-protocol.ts";

const config = JSON.parse(process.argv[2] ?? "{}") as ProgramConfig;
const say = (line: ProgramLine): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`);
};
const log = (level: string) => (fields: object, message: string) =>
  void process.stderr.write(
    `${new Date().toISOString()} ${level} ${message} ${JSON.stringify(
      fields,
      (_, value: unknown) =>
        value instanceof Error
          ? `${value.name}: ${value.message}`
          : typeof value === "bigint"
            ? String(value)
            : value,
    )}\n`,
  );
const describe = (error: unknown): ProgramError =>
  isMusterError(error)
    ? {
        code: error.code,
        message: error.message,
        retryable: error.retryable,
        ...(error.outcome !== undefined && { outcome: error.outcome }),
      }
    : {
        code: "NOT_A_MUSTER_ERROR",
        message: error instanceof Error ? String(error.stack) : String(error),
      };

process.on("unhandledRejection", (error) =>
  say({ event: "unhandled", text: describe(error).message }),
);
process.on("uncaughtException", (error) => say({ event: "unhandled", text: String(error.stack) }));

const block = (ms: number): void => {
  const until = performance.now() + ms;
  while (performance.now() < until);
};
const witness = async (record: object): Promise<void> => {
  const response = await fetch(config.witnessUrl ?? "http://127.0.0.1:1", {
    method: "POST",
    body: JSON.stringify({ ...record, node: config.nodeId }),
  });
  if (!response.ok) throw new Error(`the witness answered ${response.status}`);
};
const Ledger = createLedger({
  witness,
  spin: block,
  crash: () => {
    if (!config.isMended) process.kill(process.pid, "SIGKILL");
  },
});

let wallOffsetMs = config.wallOffsetMs ?? 0;
const clock: Clock = { ...systemClock, wall: () => systemClock.wall() + wallOffsetMs };

const server = () => {
  const { redisCluster, sentinels, redisPort } = config;
  if (redisCluster) return { cluster: redisCluster };
  return sentinels
    ? { sentinels: sentinels.addresses, name: sentinels.name }
    : { url: `redis://127.0.0.1:${redisPort}` };
};

/** The host of apps of a folder; its purges are noted beside what the hooks of the apps note. */
const createAppHost = (id: string, dir: string): AppHost => {
  const host =
    config.appsHost === "worker"
      ? createWorkerHost({ dir, maxMemoryMb: 64 })
      : createModuleHost({ dir });
  return {
    ...(host as AppHost),
    purge: ({ appId: app, version }, { idempotencyKey: cause }) => {
      const call = { app, node: id, hook: "purge", cause, version, settings: {} };
      appendFileSync(join(dir, ".hooks.jsonl"), `${JSON.stringify(call)}\n`);
    },
  };
};

const createNode = (id: string): Muster =>
  createMuster({
    cluster: config.cluster,
    node: { id, ...(config.weight !== undefined && { weight: config.weight }) },
    backend: redisBackend({
      ...server(),
      ...(config.durability && { durability: config.durability }),
    }),
    actors: [Ledger],
    settings: config.settings,
    ...(config.reconciler && {
      reconciler: config.reconciler,
      // What a sink was told: of which alert, and under which key.
      alertSinks: [
        ({ type, alert }, { idempotencyKey }) =>
          witness({ key: `${type} ${alert.id}`, fence: idempotencyKey, attempt: 1 }),
      ],
    }),
    clock,
    logger: { debug: () => {}, info: log("info"), warn: log("warn"), error: log("error") },
    ...(config.appsDir !== undefined && {
      apps: {
        host: createAppHost(id, config.appsDir),
        ...(config.hookTimeoutMs !== undefined && { hookTimeoutMs: config.hookTimeoutMs }),
        ...(config.slowRetryMs !== undefined && { slowRetryMs: config.slowRetryMs }),
      },
    }),
  });
const muster = createNode(config.nodeId);
const companions = (config.companions ?? []).map(createNode);
const admin = muster.as({ name: "tester", role: "admin" });
let load: RunningLoad | undefined;

type Verbs = Readonly<Record<string, (input: unknown, options?: object) => Promise<unknown>>>;
const run = async (command: ProgramCommand): Promise<unknown> => {
  switch (command.do) {
    case "ask":
    case "tell": {
      const verbs = muster.actor(ledger, command.id)[command.do] as unknown as Verbs;
      return await verbs[command.command]?.(command.input, command.options);
    }
    case "status":
      return muster.status();
    case "state":
      return { state: muster.state, ready: muster.ready };
    case "nodes":
      return muster.nodes.list();
    case "shards":
      return await muster.shards.list();
    case "losses":
      return muster.losses.list();
    case "acknowledgeLosses":
      return await admin.losses.ack("all", { reason: "seen" });
    case "report":
      return muster.apps.report();
    case "apps":
      return muster.apps.list({ withNodes: true });
    case "app":
      return muster.apps.get(command.id);
    case "rows":
      return muster.apps.rows(command.id);
    case "explain":
      return muster.apps.explain(command.id);
    case "alerts":
      return muster.alerts.list();
    case "reconciler":
      return muster.reconciler.status();
    case "pass":
      return await admin.reconciler.run({ reason: "asked" });
    case "mode":
      return await admin.reconciler.mode(
        command.options as Parameters<typeof admin.reconciler.mode>[0],
      );
    case "reconcileAll":
      return await admin.apps.reconcileAll({ reason: command.reason });
    case "deadLetters":
      return await admin.deadLetters.list({ limit: 500 });
    case "replayLetter":
      return await admin.deadLetters.replay(command.id, { reason: command.reason });
    case "diff":
      return muster.apps.diff();
    case "compare":
      return muster.apps.compare(command.a, command.b);
    case "wait":
      return await muster.wait(command.for, { timeoutMs: command.timeoutMs });
    case "reconcile":
      return await admin.apps.reconcile(command.id, { reason: command.reason });
    case "install":
      return await admin.apps.install(command.request as Parameters<typeof admin.apps.install>[0]);
    case "enable":
    case "disable":
      return await admin.apps[command.do](command.id, { reason: command.reason });
    case "change": {
      const apps = admin.apps as unknown as Readonly<
        Record<string, (id: string, change: object) => Promise<unknown>>
      >;
      return await apps[command.verb]?.(command.id, command.change);
    }
    case "drain":
    case "undrain":
      return await admin.nodes[command.do](command.id, { reason: command.reason });
    case "startLoad":
      load = startLoad(muster, config.nodeId, command.plan, say);
      return "started";
    case "stopLoad":
      return await load?.stop();
    case "memory":
      return process.memoryUsage.rss();
    case "wall":
      return Date.now();
    case "blockLoop":
      block(command.ms);
      return "done";
    case "jumpWall":
      wallOffsetMs += command.ms;
      return "done";
    case "stop":
      return await muster.stop(
        command.timeoutMs === undefined ? {} : { timeoutMs: command.timeoutMs },
      );
  }
};

const serveHttp = async (): Promise<number> => {
  if (!config.http) return 0;
  const { createHttp, createRocketChatCompat, toNodeHandler } = await import("@muster/http");
  const api = toNodeHandler(createHttp(muster, { auth: "none" }));
  const legacyApi = toNodeHandler(createRocketChatCompat(muster, { auth: "none" }));
  const legacyPath = "/api/apps";
  const server = createServer((incoming, outgoing) => {
    const { url = "/" } = incoming;
    if (!url.startsWith(legacyPath)) return api(incoming, outgoing);
    // As a mount does: what handles it sees the address below its own path.
    const below = url.slice(legacyPath.length);
    incoming.url = below.startsWith("/") ? below : `/${below}`;
    return legacyApi(incoming, outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return address !== null && typeof address === "object" ? address.port : 0;
};

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const { n, ...command } = JSON.parse(line) as ProgramCommand & { readonly n: number };
  run(command as ProgramCommand).then(
    (answer) => say({ n, answer: answer ?? null }),
    (error: unknown) => say({ n, error: describe(error) }),
  );
});
lines.on("close", () => process.exit(0));
process.on("SIGTERM", () => {
  Promise.all([muster, ...companions].map((node) => node.stop())).then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`stop failed: ${describe(error).message}\n`);
      process.exit(1);
    },
  );
});

const httpPort = await serveHttp();
const startedAt = performance.now();
try {
  const timeoutMs = config.startTimeoutMs ?? 30_000;
  await Promise.all([muster, ...companions].map((node) => node.start({ timeoutMs })));
  say({ event: "ready", httpPort, startedMs: Math.round(performance.now() - startedAt) });
} catch (error) {
  say({ event: "startFailed", error: describe(error), httpPort });
}
