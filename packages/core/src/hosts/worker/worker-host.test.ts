import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type HookContext, isAppFailure } from "../app-host.ts";
import { createWorkerHost, type WorkerApp, type WorkerHostOptions } from "./worker-host.ts";

let scratch = "";
let folders = 0;
const threads: WorkerApp[] = [];
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "muster-worker-"));
});
afterEach(async () => {
  await Promise.all(threads.splice(0).map(({ thread }) => thread.terminate("the test is over")));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const never = () => new AbortController().signal;
const context = (part: Partial<HookContext> = {}): HookContext => ({
  appId: "mailer",
  nodeId: "web-1",
  signal: never(),
  settings: {},
  licence: null,
  lost: () => {},
  cause: "start",
  ...part,
});

/** A host over one package with this entry. */
const host = async (
  source: string,
  { manifest = {}, ...options }: { manifest?: object } & Partial<WorkerHostOptions> = {},
) => {
  const dir = join(scratch, `apps-${folders++}`);
  await mkdir(join(dir, "mailer"), { recursive: true });
  const whole = { id: "mailer", name: "Mailer", version: "1.0.0", entry: "main.mjs", ...manifest };
  await writeFile(join(dir, "mailer/muster.app.json"), JSON.stringify(whole));
  await writeFile(join(dir, "mailer/main.mjs"), source);
  const made = createWorkerHost({ dir, ...options });
  const load = async (signal = never()) => {
    const answer = await made.load({ appId: "mailer", version: "1.0.0" }, { signal });
    if (answer.kind === "loaded") threads.push(answer.app);
    return answer;
  };
  const app = async (): Promise<WorkerApp> => {
    const answer = await load();
    if (answer.kind === "loaded") return answer.app;
    throw new Error(JSON.stringify(answer));
  };
  return { ...made, load, app };
};
const messageOf = (work: Promise<unknown> | unknown): Promise<string> =>
  Promise.resolve(work).then(
    () => "nothing was thrown",
    (error: Error) => error.message,
  );

describe("an app in a thread", () => {
  test("has its hooks called with the context, and keeps what construct made", async () => {
    const { app, ...made } = await host(`
      const seen = [];
      const note = (name) => ({ signal, ...context }) => { seen.push([name, signal.aborted, context]); };
      export const app = {
        construct: () => ({ made: () => "in the thread" }),
        initialize: note("initialize"),
        onEnable: ({ instance }) => { note("onEnable")({ signal: new AbortController().signal, made: instance.made() }); },
        onUpdate: note("onUpdate"),
        onUninstall: note("onUninstall"),
        onDisable: () => { throw new Error(JSON.stringify(seen)); },
      };`);
    const mailer = await app();
    const given = context({ settings: { a: 1 }, licence: "L-1" });
    await made.construct?.(mailer, given);
    await made.initialize?.(mailer, given);
    expect(await made.enable?.(mailer, given)).toBe(true);
    await made.update?.(mailer, context({ cause: "update" }));
    await made.uninstall?.(mailer, context({ cause: "intent" }));
    const seen = JSON.parse(await messageOf(made.disable?.(mailer, given)));
    const plain = { appId: "mailer", nodeId: "web-1", version: "1.0.0" };
    expect(seen).toMatchObject([
      ["initialize", false, { ...plain, settings: { a: 1 }, licence: "L-1", cause: "start" }],
      ["onEnable", false, { made: "in the thread" }],
      ["onUpdate", false, { ...plain, cause: "update" }],
      ["onUninstall", false, { ...plain, cause: "intent" }],
    ]);
  });

  test("shares no memory with the server, and two of them none with each other", async () => {
    const source = `
      globalThis.count = (globalThis.count ?? 0) + 1;
      export const app = { onDisable: () => { throw new Error(String(globalThis.count)); } };`;
    const { app, ...made } = await host(source);
    const [one, other] = [await app(), await app()];
    expect(await messageOf(made.disable?.(one, context()))).toBe("1");
    expect(await messageOf(made.disable?.(other, context()))).toBe("1");
    expect("count" in globalThis).toBe(false);
  });

  test("declines, takes or declines new settings, and may lack every hook", async () => {
    const declines = await host("export const app = { onEnable: () => false };");
    expect(await declines.enable?.(await declines.app(), context())).toBe(false);
    const bare = await host("export const app = {};");
    const app = await bare.app();
    await bare.construct?.(app, context());
    expect(await bare.enable?.(app, context())).toBe(true);
    expect(await bare.settingsChanged?.(app, context())).toBe(false);
    const takes = await host("export const app = { onSettingsChanged() {} };");
    expect(await takes.settingsChanged?.(await takes.app(), context())).toBe(true);
  });

  test("names the class of a failure across the thread", async () => {
    const { app, ...made } = await host(`
      const refuse = Object.assign(new Error("ended in May"), { name: "AppFailure", failure: "licence", reasonCode: "ended" });
      export const app = { onEnable() { throw refuse; } };`);
    const failure = await Promise.resolve(made.enable?.(await app(), context())).catch((e) => e);
    expect(isAppFailure(failure)).toBe(true);
    expect(failure).toMatchObject({ failure: "licence", reasonCode: "ended" });
    expect(failure.message).toBe("ended in May");
  });

  test("is checked by its manifest, in the server", async () => {
    const { app, ...made } = await host("export const app = {};", {
      manifest: { requiredSettings: ["smtpUrl"], requiresLicence: true },
      licence: (_, licence) =>
        licence === "L-1"
          ? { kind: "ok" }
          : { kind: "failed", reason: { code: "unknown_licence", message: "unknown" } },
    });
    const mailer = await app();
    expect(await made.checkSettings?.(mailer, context())).toMatchObject({ kind: "failed" });
    expect(await made.checkLicence?.(mailer, context({ licence: "L-1" }))).toEqual({ kind: "ok" });
  });

  test.each([
    ["does not compile", "export const app = {", "main.mjs: "],
    ["throws at import", "throw new Error('no config');", "no config"],
    ["exports no app", "export const other = 1;", "does not export `app`"],
    ["has an unknown hook", "export const app = { onEnabel() {} };", "onEnabel"],
    ["ends its thread at import", "process.exit(3);", "ended by itself (3)"],
  ])("that %s is broken", async (_, source, part) => {
    const { load } = await host(source);
    const answer = await load();
    expect(answer).toMatchObject({ kind: "broken", digest: expect.stringMatching(/^sha256:/) });
    expect(answer.kind === "broken" && answer.error).toContain(part);
  });
});

describe("cancellation", () => {
  test("aborts the signal in the thread", async () => {
    const { app, ...made } = await host(`
      export const app = {
        onEnable: ({ signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("heard: " + signal.reason.message)))),
      };`);
    const stop = new AbortController();
    const enabled = messageOf(made.enable?.(await app(), context({ signal: stop.signal })));
    stop.abort(new Error("a newer intent"));
    expect(await enabled).toBe("heard: a newer intent");
  });

  test("before the call reaches the hook as well", async () => {
    const { app, ...made } = await host(`
      const heard = (signal) => new Promise((resolve) => signal.aborted ? resolve() : signal.addEventListener("abort", resolve));
      export const app = { onEnable: async ({ signal }) => { await heard(signal); return false; } };`);
    const signal = AbortSignal.abort(new Error("at once"));
    expect(await made.enable?.(await app(), context({ signal }))).toBe(false);
  });
});

describe("a thread that does not listen", () => {
  test("is ended while it spins, and its calls reject", async () => {
    const { app, ...made } = await host(
      "export const app = { onEnable() { for (;;); }, onDisable() {} };",
    );
    const mailer = await app();
    const enabled = messageOf(made.enable?.(mailer, context()));
    await made.terminate?.(mailer);
    expect(await enabled).toContain("the app's thread was ended: it did not do as it was told");
    expect(await messageOf(made.disable?.(mailer, context()))).toContain("was ended");
    await made.terminate?.(mailer);
    await made.unload?.(mailer);
  });

  test("is ended while it spins at import", async () => {
    const spins = join(scratch, "spins");
    const source = `
      import { writeFileSync } from "node:fs";
      writeFileSync(${JSON.stringify(spins)}, "");
      for (;;);
      export const app = {};`;
    const { load } = await host(source);
    const stop = new AbortController();
    const loading = load(stop.signal).catch((error: Error) => error.message);
    while (!existsSync(spins)) await Bun.sleep(5);
    stop.abort(new Error("too slow"));
    expect(await loading).toBe("too slow");
  });
});

describe("a thread that ends by itself", () => {
  const lostBy = async (source: string, options: Partial<WorkerHostOptions> = {}) => {
    const { app, ...made } = await host(source, options);
    const mailer = await app();
    const lost = new Promise<string>((resolve) => {
      void made.enable?.(mailer, context({ lost: (why) => resolve((why as Error).message) }));
    });
    return { why: await lost, ...made, mailer };
  };

  test.each([
    ["exits", "setTimeout(() => process.exit(7), 20)", "ended by itself (7)"],
    ["throws outside any hook", "setTimeout(() => { throw new Error('boom'); }, 20)", "boom"],
    [
      "rejects unheard",
      "setTimeout(() => Promise.reject(new Error('nobody heard')), 20)",
      "nobody heard",
    ],
  ])("because it %s is told, and later calls reject", async (_, code, part) => {
    const { why, disable, mailer } = await lostBy(
      `export const app = { onEnable() { ${code}; } };`,
    );
    expect(why).toContain(part);
    const { hooks, thread } = mailer;
    const again = { ...mailer, thread, hooks: new Set([...hooks, "onDisable" as const]) };
    expect(await messageOf(disable?.(again, context()))).toContain(part);
  });

  test("when it was asked to is not told", async () => {
    const { app, ...made } = await host("export const app = {};");
    const mailer = await app();
    const told: unknown[] = [];
    await made.enable?.(mailer, context({ lost: (why) => told.push(why) }));
    await made.unload?.(mailer);
    expect(told).toEqual([]);
  });
});

test("the status says that memory limits do not hold here", () => {
  expect(createWorkerHost({ dir: scratch, maxMemoryMb: 64 }).runtime).toBe(
    "worker threads, without memory limits",
  );
});
