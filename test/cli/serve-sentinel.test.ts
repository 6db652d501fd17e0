/** `muster serve` on a primary that Sentinels replace, as processes of both runtimes. */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { type SentinelSet, startSentinelSet } from "../kit/sentinel-set.ts";
import { waitUntil } from "../kit/wait-until.ts";
import { type RunningMuster, runMuster, runtimes, startMuster } from "./program.ts";

let set: SentinelSet;
const running: RunningMuster[] = [];
beforeAll(async () => {
  set = await startSentinelSet();
}, 30_000);
afterEach(async () => {
  for (const one of running.splice(0)) {
    one.signal("SIGKILL");
    await one.ended;
  }
});
afterAll(() => set.stop());

const flags = (address: string, ...more: readonly string[]) => [
  ...["serve", "--cluster", "serve", "--redis", address, "--port", "0", "--auth", "none"],
  ...["--json", ...more],
];

test.each([...runtimes])(
  "a node under %s follows the primary from one server to the next",
  async (runtime) => {
    const address = `redis+sentinel://${set.addresses.join(",")}/${set.name}`;
    const node = startMuster(flags(address, "--node-id", runtime), { runtime });
    running.push(node);
    const ready = await node.ready;
    expect(ready.redis).toEqual({ url: address, pid: null });
    const ask = (...args: string[]) =>
      runMuster(args, { runtime: "bun", env: { MUSTER_URL: ready.nodes[0]?.url ?? "" } });
    const status = async () => JSON.parse((await ask("status", "--json")).out).redis as object;
    expect(await status()).toMatchObject({ mode: "sentinel", role: "primary", state: "connected" });
    const install = ["apps", "install", `of-${runtime}`, "--version", "1.0.0", "--reason", "try"];
    expect((await ask(...install)).code).toBe(0);

    await set.failOver();
    const primary = await set.primary();
    await waitUntil("the node is at the new primary", async () =>
      (await primary.command("CLIENT", "LIST")).includes(`name=muster:serve:${runtime}:alive`),
    );
    await waitUntil("it takes changes again, and knows what was before", async () => {
      const changed = await ask("apps", "disable", `of-${runtime}`, "--reason", "try");
      return changed.code === 0 || changed.err.includes("disabled");
    });
    expect(await status()).toMatchObject({ mode: "sentinel", state: "connected" });
  },
  30_000,
);

test("a name that the Sentinels do not know ends it with the remedy", async () => {
  const address = `redis+sentinel://${set.addresses.join(",")}/other`;
  const { code, err } = await runMuster(flags(address));
  expect(code).toBe(1);
  expect(JSON.parse(err)).toMatchObject({
    error: { code: "PREFLIGHT_FAILED", message: expect.stringContaining("SENTINEL_NAME_UNKNOWN") },
  });
}, 30_000);
