/** One running node program, as the test holds it: its pipe, its signals and the tail of its log. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type {
  AppChanged,
  AppRow,
  AppSummary,
  ClusterStatus,
  DataLoss,
  Listing,
  NodeView,
  ShardView,
} from "@muster/core";
import { programCommand, type Runtime, testRuntime } from "./built-program.ts";
import { guardChild } from "./guard.ts";
import type {
  LoadPlan,
  ProgramCommand,
  ProgramConfig,
  ProgramError,
  ProgramLine,
} from "./program-protocol.ts";
import { stretch } from "./stretch.ts";

/** What a node's promise rejected with, on this side of the pipe. */
export class NodeError extends Error {
  override readonly name = "NodeError";
  readonly code: string;
  readonly outcome: string | undefined;
  readonly retryable: boolean | undefined;
  constructor({ code, message, outcome, retryable }: ProgramError) {
    super(`${code}: ${message}`);
    this.code = code;
    this.outcome = outcome;
    this.retryable = retryable;
  }
}

export type Outcomes = Extract<ProgramLine, { readonly event: "outcomes" }>;

export interface NodeProcess {
  readonly id: string;
  readonly pid: number;
  /** Base URL of the node's HTTP API. */
  readonly url: string;
  /** Resolves when `start` has resolved inside; rejects when it was refused or the process ended. */
  readonly ready: Promise<void>;
  readonly exited: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  readonly running: boolean;
  /** Sends one command; rejects with a {@link NodeError}, also when no answer comes in time. */
  do(command: ProgramCommand, timeoutMs?: number): Promise<unknown>;
  /** Asks a ledger. */
  ask(id: string, command: string, input?: unknown, options?: object): Promise<unknown>;
  tell(id: string, command: string, input?: unknown): Promise<unknown>;
  status(): Promise<ClusterStatus>;
  nodes(): Promise<Listing<NodeView>>;
  shards(): Promise<Listing<ShardView>>;
  losses(): Promise<Listing<DataLoss>>;
  app(id: string): Promise<AppSummary>;
  apps(): Promise<Listing<AppSummary>>;
  rows(id: string): Promise<Listing<AppRow>>;
  /** A change of an app through this node, for the reason "a test". */
  change(verb: string, id: string, change: object): Promise<AppChanged>;
  startLoad(plan: LoadPlan): Promise<void>;
  stopLoad(): Promise<number>;
  signal(name: NodeJS.Signals): void;
  /** Last lines of what the process logged. */
  logTail(lines?: number): string;
  /** Promises rejected unheard and exceptions uncaught inside. */
  readonly unhandled: readonly string[];
}

const keptLines = 400;

/** Runs the node program; `onOutcomes` hears of the outcomes of its load, `env` is added to its environment. */
export const startNodeProcess = (
  config: ProgramConfig,
  onOutcomes: (outcomes: Outcomes) => void = () => {},
  runtime: Runtime = testRuntime(),
  env: Readonly<Record<string, string>> = {},
): NodeProcess => {
  const [command = "", ...args] = programCommand(
    new URL("./node-program.ts", import.meta.url),
    runtime,
  );
  const child: ChildProcess = spawn(command, [...args, JSON.stringify(config)], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, MUSTER_TEST_NODE: config.nodeId, ...env },
  });
  guardChild(child);

  const log: string[] = [];
  const unhandled: string[] = [];
  const keep = (line: string): void => {
    log.push(line);
    if (log.length > keptLines) log.shift();
  };
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let count = 0;
  let httpPort = 0;
  let running = true;
  let isReady = (): void => {};
  let isRefused = (_: Error): void => {};
  const ready = new Promise<void>((resolve, reject) => {
    isReady = resolve;
    isRefused = reject;
  });
  ready.catch(() => {});

  const hear = (line: ProgramLine): void => {
    if ("event" in line) {
      if (line.event === "ready") {
        httpPort = line.httpPort;
        isReady();
      } else if (line.event === "startFailed") {
        httpPort = line.httpPort;
        isRefused(new NodeError(line.error));
      } else if (line.event === "unhandled") unhandled.push(line.text);
      else onOutcomes(line);
      return;
    }
    const asked = waiting.get(line.n);
    waiting.delete(line.n);
    if ("error" in line) asked?.reject(new NodeError(line.error));
    else asked?.resolve(line.answer);
  };
  const lines = (stream: NodeJS.ReadableStream | null, take: (line: string) => void): void => {
    if (stream !== null) createInterface({ input: stream }).on("line", take);
  };
  lines(child.stdout, (line) => {
    if (!line.startsWith("{")) return keep(line);
    hear(JSON.parse(line) as ProgramLine);
  });
  lines(child.stderr, keep);
  child.stdin?.on("error", () => {});

  const exited = new Promise<{ readonly code: number | null; readonly signal: string | null }>(
    (resolve) => {
      child.once("error", (error) => keep(String(error)));
      child.once("close", (code, signal) => {
        running = false;
        const gone = new NodeError({
          code: "PROCESS_GONE",
          message: `${config.nodeId} ended (${code ?? signal})`,
        });
        isRefused(gone);
        for (const { reject } of waiting.values()) reject(gone);
        waiting.clear();
        resolve({ code, signal });
      });
    },
  );

  const send = (order: ProgramCommand, timeoutMs = 20_000): Promise<unknown> => {
    if (!running)
      return Promise.reject(
        new NodeError({ code: "PROCESS_GONE", message: `${config.nodeId} has ended` }),
      );
    const n = ++count;
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => {
        waiting.delete(n);
        reject(
          new NodeError({
            code: "NO_ANSWER",
            message: `${config.nodeId} left "${order.do}" open for ${timeoutMs} ms`,
          }),
        );
      }, stretch(timeoutMs));
      const settle =
        <T>(settled: (value: T) => void) =>
        (value: T) => {
          clearTimeout(limit);
          settled(value);
        };
      waiting.set(n, { resolve: settle(resolve), reject: settle(reject) });
      child.stdin?.write(`${JSON.stringify({ n, ...order })}\n`);
    });
  };

  return {
    id: config.nodeId,
    pid: child.pid ?? 0,
    get url() {
      return `http://127.0.0.1:${httpPort}`;
    },
    ready,
    exited,
    get running() {
      return running;
    },
    do: send,
    ask: (id, name, input = {}, options) =>
      send({ do: "ask", id, command: name, input, ...(options && { options }) }),
    tell: (id, name, input = {}) => send({ do: "tell", id, command: name, input }),
    status: () => send({ do: "status" }) as Promise<ClusterStatus>,
    nodes: () => send({ do: "nodes" }) as Promise<Listing<NodeView>>,
    shards: () => send({ do: "shards" }) as Promise<Listing<ShardView>>,
    losses: () => send({ do: "losses" }) as Promise<Listing<DataLoss>>,
    app: (id) => send({ do: "app", id }) as Promise<AppSummary>,
    change: (verb, id, change) =>
      send({
        do: "change",
        verb,
        id,
        change: { reason: "a test", ...change },
      }) as Promise<AppChanged>,
    apps: () => send({ do: "apps" }) as Promise<Listing<AppSummary>>,
    rows: (id) => send({ do: "rows", id }) as Promise<Listing<AppRow>>,
    startLoad: async (plan) => {
      await send({ do: "startLoad", plan });
    },
    stopLoad: async () => Number(await send({ do: "stopLoad" }, 30_000)),
    signal: (name) => {
      child.kill(name);
    },
    logTail: (most = 25) => log.slice(-most).join("\n"),
    unhandled,
  };
};
