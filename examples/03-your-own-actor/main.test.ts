/** The example runs to its end, in memory and on Redis, and prints what its README says. */
import { expect, test } from "bun:test";
import { startRedisServer } from "../../test/kit/redis-server.ts";

const run = async (env: Record<string, string | undefined>): Promise<readonly string[]> => {
  const child = Bun.spawn([process.execPath, `${import.meta.dir}/main.ts`], {
    env: { ...process.env, ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return stdout.trimEnd().split("\n");
};

const expected = (where: string): string[] => [
  `web-1 and web-2 are up, on ${where}`,
  "placed 2 × mug",
  "placing it again is refused: already-placed",
  "attempt 1 to charge rosa: the provider is busy",
  "attempt 2 to charge rosa 1800 cents: receipt r-1",
  "stock of mug: 10 before, 8 after",
  "placed 1 × cup; the same request once more answers ok: true",
  "paying it now is refused: not-placed",
  "orders, as web-2 lists them from memory:",
  "  paid: paid",
  "  forgotten: expired",
  "stopped",
];

const packs = /^(web-[12]) packs paid-\w+: 2 × mug$/;
const check = (lines: readonly string[], where: string): void => {
  expect(lines.filter((line) => !packs.test(line))).toEqual(expected(where));
  // The nodes pack at the same time, in any order.
  const packed = lines.map((line) => packs.exec(line)?.[1]).filter((node) => node !== undefined);
  expect(packed.toSorted()).toEqual(["web-1", "web-2"]);
};

test("in memory", async () => check(await run({ REDIS_URL: undefined }), "memory"), 30_000);

test("on Redis", async () => {
  const redis = await startRedisServer();
  try {
    check(await run({ REDIS_URL: redis.url }), "Redis");
  } finally {
    await redis.stop();
  }
}, 30_000);
