import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "muster-worker-node-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** Loads apps that work, spin, hoard and crash, and prints what came of each. */
const program = (host: string, apps: string): string => `
  import { createWorkerHost } from ${JSON.stringify(host)};
  const host = createWorkerHost({ dir: ${JSON.stringify(apps)}, maxMemoryMb: 32 });
  const never = new AbortController().signal;
  const context = { signal: never, settings: {}, licence: null, lost() {}, cause: "start", appId: "x", nodeId: "n1" };
  const load = async (appId) => {
    const answer = await host.load({ appId, version: "1.0.0" }, { signal: never });
    if (answer.kind !== "loaded") throw new Error(JSON.stringify(answer));
    return answer.app;
  };
  const told = (work) => work.then((value) => value, (error) => error.message);

  const works = await load("works");
  const enabled = await host.enable(works, context);
  const stop = new AbortController();
  const waits = told(host.settingsChanged(works, { ...context, signal: stop.signal }));
  stop.abort(new Error("newer"));
  const cancelled = await waits;
  await host.unload(works);

  const spins = await load("spins");
  const spun = told(host.enable(spins, context));
  await host.terminate(spins);

  const hoards = await load("hoards");
  const lost = await new Promise((resolve) => void host.enable(hoards, { ...context, lost: (why) => resolve(why.message) }));

  const crashes = await load("crashes");
  const crashed = await new Promise((resolve) => void host.enable(crashes, { ...context, lost: (why) => resolve(why.message) }));
  console.log(JSON.stringify({ bun: "Bun" in globalThis, runtime: host.runtime, enabled, cancelled, spun: await spun, lost, crashed }));
`;

const sources = {
  works: `export const app = {
    onEnable() {},
    onSettingsChanged: ({ signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("heard " + signal.reason.message)))),
  };`,
  spins: "export const app = { onEnable() { for (;;); } };",
  hoards: `export const app = { onEnable() {
    const all = [];
    setInterval(() => all.push(Array.from({ length: 100_000 }, (_, n) => ({ n }))), 1);
  } };`,
  crashes: `export const app = { onEnable() { setTimeout(() => { throw new Error("boom"); }, 10); } };`,
};

test("apps run in threads under Node, which ends those that spin, hoard or crash", async () => {
  const apps = join(dir, "apps, 100% #odd?");
  for (const [id, source] of Object.entries(sources)) {
    await mkdir(join(apps, id), { recursive: true });
    const manifest = { id, name: id, version: "1.0.0", entry: "main.mjs" };
    await writeFile(join(apps, id, "muster.app.json"), JSON.stringify(manifest));
    await writeFile(join(apps, id, "main.mjs"), source);
  }
  const built = await Bun.build({
    entrypoints: ["worker-host.ts", "thread-main.ts"].map((name) => join(import.meta.dir, name)),
    target: "node",
    outdir: dir,
    naming: "[name].mjs",
  });
  expect(built.success).toBe(true);
  await writeFile(join(dir, "program.mjs"), program(join(dir, "worker-host.mjs"), apps));
  const child = Bun.spawn(["node", "program.mjs"], { cwd: dir, stdout: "pipe", stderr: "pipe" });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  expect({ code: await child.exited, err }).toMatchObject({ code: 0 });
  expect(JSON.parse(out)).toEqual({
    bun: false,
    runtime: "worker threads of 32 MB",
    enabled: true,
    cancelled: "heard newer",
    spun: "the app's thread was ended: it did not do as it was told",
    lost: expect.stringContaining("memory"),
    crashed: "the app's thread failed: boom",
  });
}, 60_000);
