/** Questions about the status of a large cluster, over HTTP: from memory, without a word to Redis. */
import { monitorCommands } from "../monitor-commands.ts";
import { startProgram } from "../program.ts";
import { median, sideOf } from "../rounds.ts";
import type { Row } from "../row.ts";

const nodeCount = 5;
const most = { pageMs: 5, unchangedMs: 1 };
interface Reading {
  readonly p50: number;
  readonly p99: number;
  readonly bytes: number;
}

export const statusRead: Row = {
  id: "status-read",
  measure: `p99 of GET /v1/apps, 100 of them a page, on one of ${nodeCount} nodes with 100,000 rows (apps × nodes), over loopback`,
  unit: "ms",
  target: { kind: "at-most", value: most.pageMs, unit: "ms" },
  targetText: `p99 ≤ ${most.pageMs} ms, 304 ≤ ${most.unchangedMs} ms, 0 Redis commands`,
  run: async (context) => {
    const { runtime, redisPort, profileDir } = context;
    const apps = context.size(100_000 / nodeCount);
    const count = context.size(1_000, 20);
    const cluster = context.fresh("status");
    const nodes = await Promise.all(
      Array.from({ length: nodeCount }, (_, i) =>
        startProgram("many-nodes", {
          runtime,
          profileDir: i === 0 ? profileDir : undefined,
          // Filling in so many rows at once may keep nodes from being heard on a busy machine.
          config: {
            redisPort,
            cluster,
            nodeIds: [`node-${i}`],
            settings: { leaseMs: 10_000 },
          },
        }),
      ),
    );
    const [first] = nodes;
    if (first === undefined) throw new Error("A cluster needs a node to ask.");
    await first.call("start");
    await first.call("install", { count: apps });
    await Promise.all(nodes.slice(1).map((node) => node.call("start")));
    await first.call("converged", { count: apps, live: nodeCount });
    const port = await first.call<number>("serve");
    const reader = await startProgram("reader", { runtime, config: { port } });
    const page = "/v1/apps?limit=100";
    const cursors = await reader.call<string[]>("cursors", { path: page, every: 10 });
    const last = cursors.at(-1);
    const read = (path: string, cached = false, times = count) =>
      reader.call<Reading>("read", { path, count: times, cached });
    const paths = {
      page,
      "last page": last === undefined ? page : `${page}&cursor=${last}`,
      status: "/v1/status",
      "page with rows": `${page}&include=nodes`,
      app: "/v1/apps/app-7",
    };
    for (const path of Object.values(paths)) await read(path);

    const idleMs = context.smoke ? 1_000 : 5_000;
    const idle = (await monitorCommands(redisPort, idleMs)) / idleMs;
    const took: Record<keyof typeof paths, number[]> = {
      page: [],
      "last page": [],
      status: [],
      "page with rows": [],
      app: [],
    };
    const unchanged: number[] = [];
    const usual = { page: [] as number[], unchanged: [] as number[] };
    let requests = 0;
    let commands = 0;
    for (let round = 0; round < context.rounds; round++) {
      const counting = monitorCommands(redisPort, idleMs);
      const from = performance.now();
      for (const [name, path] of Object.entries(paths)) {
        const reading = await read(path);
        took[name as keyof typeof paths].push(reading.p99);
        if (path === page) usual.page.push(reading.p50);
        requests += count;
      }
      for (const path of [page, paths.status]) {
        const reading = await read(path, true);
        unchanged.push(reading.p99);
        usual.unchanged.push(reading.p50);
      }
      requests += 2 * count;
      commands += (await counting) - idle * idleMs;
      if (performance.now() - from < idleMs / 10) context.progress("the reads were very short");
    }
    await reader.end();
    for (const node of nodes) await node.end();
    const perRequest = Math.max(0, commands) / requests;
    return {
      ours: sideOf(took.page),
      alsoMet: median(unchanged) <= most.unchangedMs && perRequest < 0.01,
      notes: [
        `p50: page ${median(usual.page).toFixed(2)} ms, 304 ${median(usual.unchanged).toFixed(2)} ms`,
        `304: p99 ${median(unchanged).toFixed(2)} ms; ${Object.entries(took)
          .slice(1)
          .map(([name, values]) => `${name}: p99 ${median(values).toFixed(2)} ms`)
          .join("; ")}`,
        `${apps * nodeCount} rows; ${perRequest.toFixed(4)} Redis commands per request beyond the ${(idle * 1_000).toFixed(0)}/s of the idle cluster`,
      ],
    };
  },
};
