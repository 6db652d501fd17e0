/**
 * Runs one node with its HTTP API in this process until it is told to end. The API answers before
 * the node has joined, so that a probe can tell "starting" from "gone".
 */
import type { Muster, MusterOptions } from "@muster/core";
import type { Served } from "@muster/http";
import type { Cli } from "../cli.ts";
import { hasCode, interrupted } from "../cli-error.ts";
import { formatDuration } from "../duration.ts";
import { aborted } from "../pause.ts";
import { poll } from "../poll.ts";
import { freePort, portTaken } from "../port.ts";
import { printReadyLine } from "../ready-line.ts";
import type { ServeAuth } from "./node-settings.ts";
import { withoutPassword } from "./redis-address.ts";
import { stdinEnd } from "./stdin-end.ts";
import { createStreamLogger } from "./stream-logger.ts";

export interface RunNodeOptions {
  /** The node; its logger and its address are given to it. */
  readonly muster: MusterOptions;
  readonly host: string;
  readonly port: number;
  readonly auth: ServeAuth;
  /** As shown in the ready line; `null` for a node in memory. */
  readonly redisUrl: string | null;
  /** Started by another `muster`: ends when standard input does and tells of itself in JSON. */
  readonly supervised: boolean;
}

const stopMs = 8_000;
const startMs = 10_000;
const attempts = 5;

const isPortTaken = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "EADDRINUSE";

const addressOf = (host: string, port: number): string =>
  `http://${host.includes(":") ? `[${host}]` : host}:${port}`;

interface Listening {
  readonly muster: Muster;
  readonly served: Served;
}

/** The port is chosen before the node is made, since the node tells the cluster its address. */
const listen = async (cli: Cli, options: RunNodeOptions): Promise<Listening> => {
  const [{ createMuster }, http] = await Promise.all([
    import("@muster/core"),
    import("@muster/http"),
  ]);
  const logger = createStreamLogger(cli);
  const { host, auth } = options;
  const serve = "Bun" in globalThis ? http.serveBun : http.serveNode;
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port === 0 ? await freePort(host) : options.port;
    const muster = createMuster({
      ...options.muster,
      logger,
      node: { url: addressOf(host, port), ...options.muster.node },
    });
    const app = http.createHttp(muster, {
      auth: auth.kind === "none" ? "none" : http.tokens(auth.entries),
      onError: (error, requestId) => logger.error({ error, requestId }, "request failed"),
    });
    try {
      return { muster, served: await serve(app, { port, hostname: host }) };
    } catch (cause) {
      if (!isPortTaken(cause)) throw cause;
      if (options.port === 0 && attempt < attempts) continue;
      throw portTaken(host, port, cause);
    }
  }
};

/** Joins; a backend that is away is waited for, since the node goes on trying by itself. */
const join = async (cli: Cli, muster: Muster, end: AbortSignal): Promise<void> => {
  try {
    await muster.start({ timeoutMs: startMs });
  } catch (error) {
    if (end.aborted) return;
    if (!hasCode(error) || error.code !== "BACKEND_UNAVAILABLE") throw error;
    cli.say(`${error.message} The node goes on trying.`);
    await poll(() => (muster.ready ? true : undefined), {
      deadlineMs: Number.POSITIVE_INFINITY,
      signal: end,
    }).catch(() => {});
  }
};

/** What a ready line may tell of an address: never a password. */
const announce = (
  cli: Cli,
  { muster, served }: Listening,
  { redisUrl, supervised }: RunNodeOptions,
): void => {
  const node = { id: muster.nodeId, url: served.url, pid: process.pid };
  cli.io.out(
    cli.asJson || supervised
      ? printReadyLine({
          ready: true,
          nodes: [node],
          redis: redisUrl === null ? null : { url: withoutPassword(redisUrl), pid: null },
          token: null,
        })
      : `node ${node.id} of cluster ${muster.cluster} is up at ${node.url} (process ${node.pid})\n`,
  );
};

/** Runs the node. Resolves when it has stopped in order. @throws CliError */
export const runNode = async (cli: Cli, options: RunNodeOptions): Promise<void> => {
  const { io } = cli;
  io.host();
  const end = AbortSignal.any([
    io.interrupt,
    io.terminate,
    ...(options.supervised ? [stdinEnd()] : []),
  ]);
  const listening = await listen(cli, options);
  const { muster, served } = listening;
  try {
    await Promise.race([join(cli, muster, end), aborted(end)]);
    if (!end.aborted) {
      announce(cli, listening, options);
      await aborted(end);
    }
    const startedAt = performance.now();
    cli.say(`node ${muster.nodeId} is stopping`);
    await muster.stop({ timeoutMs: stopMs });
    cli.say(
      `node ${muster.nodeId} has stopped after ${formatDuration(performance.now() - startedAt)}`,
    );
  } finally {
    // The API answers until the node has left, so that callers learn what happens.
    await muster.stop({ timeoutMs: stopMs });
    await served.stop();
  }
  if (io.interrupt.aborted) throw interrupted();
};
