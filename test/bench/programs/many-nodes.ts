/** Several Muster nodes in one process, each with an app host whose hooks do nothing. */
import {
  type ClusterSettings,
  createHost,
  createMuster,
  isMusterError,
  type Muster,
} from "@muster/core";
import { createHttp, serveBun, serveNode } from "@muster/http";
import { redisBackend } from "@muster/redis-adapter";
import { publishFloor } from "./publish-floor.ts";
import { programConfig, runConcurrently, serveVerbs } from "./serve-verbs.ts";

const config = programConfig<{
  readonly redisPort: number;
  readonly cluster: string;
  readonly nodeIds: readonly string[];
  readonly settings?: Partial<ClusterSettings>;
}>();
const now = (): number => performance.timeOrigin + performance.now();
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const createNode = (nodeId: string): Muster =>
  createMuster({
    cluster: config.cluster,
    node: { id: nodeId },
    backend: redisBackend({ url: `redis://127.0.0.1:${config.redisPort}` }),
    ...(config.settings !== undefined && { settings: config.settings }),
    apps: {
      host: createHost({
        load: async () => ({ kind: "loaded", app: {} }),
        enable: () => {},
        disable: () => {},
      }),
    },
  });
const nodes = config.nodeIds.map(createNode);
const [first] = nodes;
if (first === undefined) throw new Error("A process without a node measures nothing.");
const admin = first.as({ name: "bench", role: "admin" });

/** Tries again where the machine was too busy for the node to be heard. */
const install = async (n: number): Promise<void> => {
  for (;;) {
    try {
      await admin.apps.install({
        id: `app-${n}`,
        version: "1.0.0",
        reason: "bench",
        idempotencyKey: `install-${n}`,
      });
      return;
    } catch (error) {
      if (!isMusterError(error) || !error.retryable) throw error;
      await pause(50);
    }
  }
};

/** When each node of this process had an app as it is awaited, on the machine's clock. */
interface Awaited {
  readonly id: string;
  readonly enabled: boolean;
  readonly at: number[];
  readonly done: () => void;
}
let awaited: Awaited | undefined;
let applied: Promise<readonly number[]> = Promise.resolve([]);
for (const muster of nodes) {
  muster.apps.onLocalChange(({ appId, enabled }) => {
    if (awaited?.id !== appId || awaited.enabled !== enabled) return;
    if (awaited.at.push(now()) === nodes.length) awaited.done();
  });
}

serveVerbs({
  ...publishFloor(config.redisPort),
  start: async () => {
    await Promise.all(nodes.map((node) => node.start({ timeoutMs: 20_000 })));
  },
  /** Starts the only node: milliseconds until it is started, and until it knows so many apps. */
  startTimed: async ({ apps }: { readonly apps: number }) => {
    const from = performance.now();
    let intentMs = 0;
    const known = (async () => {
      while (first.status().apps.total < apps) await pause(2);
      intentMs = performance.now() - from;
    })();
    await first.start({ timeoutMs: 20_000 });
    const startMs = performance.now() - from;
    await known;
    while (first.status().apps.converged < apps) await pause(20);
    return { startMs, intentMs, convergedMs: performance.now() - from };
  },
  stop: async () => {
    await Promise.all(nodes.map((node) => node.stop()));
  },
  install: ({ count }: { readonly count: number }) => runConcurrently(count, 50, install),
  /** Waits until all live nodes of the cluster, so many, agree on so many apps. */
  converged: async ({ count, live }: { readonly count: number; readonly live: number }) => {
    for (;;) {
      const { apps, nodes: counts } = first.status();
      if (counts.up === live && apps.converged >= count) return;
      await pause(50);
    }
  },
  /** Notes when each node of this process has the app so; `whenApplied` answers the instants. */
  awaitApp: ({ id, enabled }: { readonly id: string; readonly enabled: boolean }) => {
    const at: number[] = [];
    applied = new Promise((resolve) => {
      awaited = { id, enabled, at, done: () => resolve(at) };
    });
  },
  whenApplied: () => applied,
  /** Changes the intent; when it was asked for and when it was answered. */
  change: async ({ id, enabled }: { readonly id: string; readonly enabled: boolean }) => {
    const from = now();
    await admin.apps[enabled ? "enable" : "disable"](id, { reason: "bench" });
    return { from, to: now() };
  },
  serve: async () => {
    const app = createHttp(first, { auth: "none" });
    const served =
      "Bun" in globalThis ? serveBun(app, { port: 0 }) : await serveNode(app, { port: 0 });
    return served.port;
  },
});
