/**
 * `bun run bench`: measures Muster against what a user would pick instead, on one private Redis, and
 * prints the table. Everything measured runs in processes of its own.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Runtime } from "../kit/built-program.ts";
import { startRedisServer } from "../kit/redis-server.ts";
import { type BenchOptions, parseOptions } from "./options.ts";
import { summariseProfiles } from "./profile.ts";
import { endLeftovers } from "./program.ts";
import { judge, type Row, type RowResult } from "./row.ts";
import { rows } from "./rows/all.ts";
import { table } from "./table.ts";

let names = 0;
const runRow = async (
  row: Row,
  runtime: Runtime,
  options: BenchOptions,
  redisPort: number,
): Promise<RowResult> => {
  const profileDir =
    options.profile === undefined ? undefined : join(options.profile, `${row.id}-${runtime}`);
  if (profileDir !== undefined) mkdirSync(profileDir, { recursive: true });
  const measured = await row.run({
    runtime,
    smoke: options.smoke,
    rounds: options.rounds,
    samples: options.samples,
    redisPort,
    profileDir,
    size: (full, least = 1) => (options.smoke ? Math.max(least, Math.round(full / 100)) : full),
    fresh: (label) => `${label}-${++names}`,
    progress: (line) => process.stderr.write(`    ${line}\n`),
  });
  if (profileDir !== undefined) console.log(summariseProfiles(profileDir));
  return judge(row, runtime, measured);
};

const leastLimitMs = 300_000;
const sampleLimitMs = 8_000;
const withLimit = <T>(row: Promise<T>, samples: number): Promise<T> => {
  const rowLimitMs = Math.max(leastLimitMs, samples * sampleLimitMs);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${rowLimitMs} ms`)), rowLimitMs);
  });
  return Promise.race([row, limit]).finally(() => clearTimeout(timer));
};

const main = async (): Promise<number> => {
  const options = parseOptions(
    process.argv.slice(2),
    rows.map(({ id }) => id),
  );
  if (options.list) {
    console.log(rows.map(({ id }) => id).join("\n"));
    return 0;
  }
  const redis = await startRedisServer();
  const results: RowResult[] = [];
  let failed = 0;
  for (const runtime of options.runtimes) {
    for (const row of rows.filter(({ id }) => options.only.includes(id))) {
      const startedAt = performance.now();
      process.stderr.write(`${row.id} (${runtime})\n`);
      try {
        results.push(await withLimit(runRow(row, runtime, options, redis.port), options.samples));
      } catch (error) {
        failed += 1;
        console.error(`${row.id} (${runtime}) failed:`, error);
      }
      await endLeftovers();
      await redis.command("FLUSHALL");
      process.stderr.write(`    ${((performance.now() - startedAt) / 1_000).toFixed(1)} s\n`);
    }
  }
  await redis.stop();
  console.log(table(results));
  if (options.smoke)
    console.log("\nA smoke: it shows that every row runs, its figures mean nothing.");
  if (options.json !== undefined)
    writeFileSync(options.json, `${JSON.stringify(results, null, 2)}\n`);
  return failed === 0 ? 0 : 1;
};

try {
  process.exit(await main());
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(2);
}
