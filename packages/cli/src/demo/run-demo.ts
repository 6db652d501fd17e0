/** The demo from its start to its end: Redis, nodes, sample apps; then the scenario, or the user. */
import type { Cli } from "../cli.ts";
import { interrupted, usageError } from "../cli-error.ts";
import { exitCodes } from "../exit-codes.ts";
import { aborted, pause } from "../pause.ts";
import { printReadyLine, type ReadyNode } from "../ready-line.ts";
import { refuseWatch } from "../run-change.ts";
import { play, type StepResult } from "./play.ts";
import { type Addresses, addressesText, nextText, stepText, summaryText } from "./print.ts";
import { findRedisBinary } from "./redis-binary.ts";
import { isRepository, samples, samplesFolder } from "./samples.ts";
import { createScenario } from "./scenario.ts";
import { createWorld, type World } from "./world.ts";

export interface DemoOptions {
  readonly nodes: number;
  readonly port: number;
  readonly once: boolean;
}

const returnMs = 15_000;
const scenarioNodes = 3;

const addressesOf = (world: World): Addresses => ({
  nodes: world.ids.map((id): ReadyNode => {
    const { url, pid } = world.node(id);
    return { id, url, pid };
  }),
  redis: { url: world.redis.url, pid: world.redis.pid },
  folder: world.folder,
  samples,
  command: isRepository() ? "npx muster" : "npx @muster/cli",
  returnMs,
});

const installSamples = async (world: World): Promise<void> => {
  const [first = ""] = world.ids;
  for (const { id, version, shows } of samples) {
    await world.client(first).post("/v1/apps", { id, version, reason: `sample: ${shows}` });
  }
};

const playOnce = async (cli: Cli, world: World, end: AbortSignal): Promise<boolean> => {
  const { io, paint, asJson } = cli;
  const startedAt = performance.now();
  const live = io.outIsTerminal && !asJson;
  const results = await play(createScenario(), world, {
    interrupt: end,
    onStart: ({ title }) => {
      if (live) io.out(paint.dim(`· ${title}`));
    },
    onEnd: (result: StepResult) => {
      const { title, seen, tookMs, missing = null } = result;
      if (asJson) io.out(`${JSON.stringify({ step: title, seen, tookMs, missing })}\n`);
      else io.out(`${live ? "\r\u001b[K" : ""}${stepText(result, paint)}`);
    },
  });
  const tookMs = Math.round(performance.now() - startedAt);
  const failed = results.filter(({ seen }) => !seen).length;
  if (asJson) io.out(`${JSON.stringify({ done: true, steps: results.length, failed, tookMs })}\n`);
  else io.out(summaryText(results, tookMs, paint));
  return failed === 0;
};

interface Part {
  readonly name: string;
  /** The process now running; read again after each start. */
  now(): { readonly pid: number; readonly exited: Promise<unknown> };
  start(): Promise<void>;
}

/** Starts again what the user has killed, until the demo ends. */
const keepRunning = async (cli: Cli, world: World, end: AbortSignal): Promise<void> => {
  const parts: readonly Part[] = [
    { name: "redis", now: () => world.redis, start: () => world.redis.start() },
    ...world.ids.map((id) => ({
      name: id,
      now: () => world.node(id),
      start: () => world.start(id),
    })),
  ];
  const ended = aborted(end);
  const keep = async ({ name, now, start }: Part): Promise<void> => {
    for (;;) {
      await Promise.race([now().exited, ended]);
      if (end.aborted) return;
      cli.say(`${name} has ended; it is started again in ${returnMs / 1_000} s`);
      await pause(returnMs, end).catch(() => {});
      if (end.aborted) return;
      await start();
      cli.say(`${name} is back, process ${now().pid}`);
    }
  };
  await Promise.all(parts.map(keep));
};

/** Runs until interrupted, or through the scenario. @throws CliError */
export const runDemo = async (cli: Cli, { nodes, port, once }: DemoOptions): Promise<void> => {
  const { io, paint, asJson } = cli;
  refuseWatch(cli);
  if (cli.flags.dryRun) throw usageError("--dry-run is for commands that change something");
  if (once && nodes < scenarioNodes) {
    throw usageError(`--once needs at least ${scenarioNodes} nodes`);
  }
  io.host();
  const end = AbortSignal.any([io.interrupt, io.terminate]);
  const redisBinary = await findRedisBinary(io.env);
  const appsDir = samplesFolder();
  const world = await createWorld({
    nodes,
    port,
    redisBinary,
    appsDir,
    env: io.env,
    interrupt: end,
  });
  let keepLogs = false;
  try {
    cli.say(`starting ${nodes} nodes on ${world.redis.url}; logs in ${world.folder}`);
    await Promise.race([world.start(...world.ids), aborted(end)]);
    if (!end.aborted) await installSamples(world);
    if (!end.aborted) {
      const addresses = addressesOf(world);
      io.out(
        asJson
          ? printReadyLine({
              ready: true,
              nodes: addresses.nodes,
              redis: addresses.redis,
              token: null,
            })
          : `${addressesText(addresses, paint)}\n${once ? "" : nextText(addresses, paint)}`,
      );
      if (once) {
        const seen = await playOnce(cli, world, end);
        if (!seen) {
          keepLogs = true;
          cli.say(`the logs are kept in ${world.folder}`);
          cli.exitWith(exitCodes.failed);
        }
      } else {
        await keepRunning(cli, world, end);
      }
    }
  } catch (error) {
    keepLogs = !end.aborted;
    if (!end.aborted) {
      cli.say(`the logs are kept in ${world.folder}`);
      throw error;
    }
  } finally {
    await world.close({ keepLogs });
  }
  // A scenario that was ended has not been seen.
  if (io.interrupt.aborted || (once && end.aborted)) throw interrupted();
};
