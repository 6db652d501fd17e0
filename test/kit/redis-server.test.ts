import { afterAll, beforeAll, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type RedisServer, startRedisServer } from "./redis-server.ts";
import { waitUntil } from "./wait-until.ts";

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedisServer({ aof: true });
});
afterAll(() => redis.stop());

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

test("the server answering on the port is the child that was started", async () => {
  expect(await redis.command("INFO", "server")).toContain(`process_id:${redis.pid}`);
  expect(await redis.command("PING")).toBe("PONG");
});

test("two servers have ports of their own, and a stopped one is gone", async () => {
  const other = await startRedisServer();
  const { pid } = other;
  expect(other.port).not.toBe(redis.port);
  await other.stop();
  expect(isAlive(pid)).toBe(false);
});

test("with AOF the data is there after a kill and a restart, under a new history id", async () => {
  await redis.command("SET", "k", "two words");
  const history = /master_replid:(\w+)/.exec(await redis.command("INFO", "replication"))?.[1];
  await redis.restart("kill");
  expect(await redis.command("GET", "k")).toBe("two words");
  expect(await redis.command("INFO", "replication")).not.toContain(String(history));
});

test("a refused command rejects with Redis's own words", async () => {
  await redis.command("SET", "text", "x");
  await expect(redis.command("INCR", "text")).rejects.toThrow(/not an integer/);
});

test("a server dies with the process that started it, also under kill -9 and while stopped", async () => {
  const module = fileURLToPath(new URL("./redis-server.ts", import.meta.url));
  const program = `const { startRedisServer } = await import(${JSON.stringify(module)});
    const server = await startRedisServer(); await server.freeze();
    console.log(server.pid); setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  let printed = "";
  parent.stdout.on("data", (chunk: Buffer) => {
    printed += chunk.toString();
  });
  const pid = Number(await waitUntil("the pid is printed", () => printed.trim()));
  expect(isAlive(pid)).toBe(true);
  parent.kill("SIGKILL");
  await waitUntil("the server is gone", () => !isAlive(pid));
});
