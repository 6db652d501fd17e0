/** Two real servers on one Redis: what is changed through one is seen on the other. */
import { afterAll, expect, test } from "bun:test";
import { type RedisServer, startRedisServer } from "../../test/kit/redis-server.ts";
import { waitUntil } from "../../test/kit/wait-until.ts";

const token = "an-ops-token-for-the-test";
const running: { kill(): void; readonly exited: Promise<number> }[] = [];
let redis: RedisServer | undefined;

const serve = async (nodeId: string, env: Record<string, string>) => {
  const child = Bun.spawn([process.execPath, `${import.meta.dir}/main.ts`], {
    env: { ...process.env, NODE_ID: nodeId, PORT: "0", OPS_TOKEN: token, ...env },
    stdout: "pipe",
    stderr: "inherit",
  });
  running.push(child);
  let printed = "";
  const reading = (async () => {
    for await (const part of child.stdout) printed += new TextDecoder().decode(part);
  })();
  await waitUntil(`${nodeId} serves`, () => /serves \S+\n/.test(printed));
  const url = /serves (\S+)\n/.exec(printed)?.[1] ?? "";
  return {
    page: async () => (await fetch(url)).text(),
    ops: (path: string, init: RequestInit = {}) =>
      fetch(`${url}/ops/v1${path}`, {
        ...init,
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      }),
    end: async () => {
      child.kill("SIGTERM");
      const code = await child.exited;
      await reading;
      return { code, printed };
    },
  };
};

afterAll(async () => {
  for (const child of running) child.kill();
  await Promise.all(running.map(({ exited }) => exited));
  await redis?.stop();
});

test("what is changed through one server is seen on the other", async () => {
  redis = await startRedisServer();
  const env = { REDIS_URL: redis.url };
  const [web1, web2] = await Promise.all([serve("web-1", env), serve("web-2", env)]);
  expect(await web1.page()).toBe("Visit 1, served by web-1.\n");
  expect(await web2.page()).toBe("Visit 2, served by web-2.\n");

  const body = JSON.stringify({ id: "greeter", version: "1.0.0", reason: "try it" });
  const installed = await web1.ops("/apps", { method: "POST", body });
  expect(installed.ok).toBe(true);
  const isGreeted = async () => (await web2.page()).startsWith("Welcome! Visit");
  await waitUntil("web-2 greets", isGreeted);

  const { nodes } = (await (await web2.ops("/status")).json()) as { nodes: { up: number } };
  expect(nodes.up).toBe(2);
  for (const server of [web1, web2]) {
    const { code, printed } = await server.end();
    expect([code, printed.endsWith("stopped\n")]).toEqual([0, true]);
  }
}, 30_000);
