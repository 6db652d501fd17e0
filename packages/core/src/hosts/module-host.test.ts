import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { HookContext, LoadAnswer } from "./app-host.ts";
import { createModuleHost, type ModuleApp, type ModuleHostOptions } from "./module-host.ts";

let scratch = "";
let folders = 0;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "muster-apps-"));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const manifest = (part: object = {}) => ({
  id: "mailer",
  name: "Mailer",
  version: "1.0.0",
  entry: "main.mjs",
  ...part,
});

const write = async (file: string, content: string | object): Promise<void> => {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, typeof content === "string" ? content : JSON.stringify(content));
};

/** A folder of apps of its own, with these files. */
const apps = async (
  files: Readonly<Record<string, string | object>>,
  options: Omit<ModuleHostOptions, "dir"> = {},
) => {
  const dir = join(scratch, `apps-${folders++}`);
  await mkdir(dir);
  const put = (name: string, content: string | object) => write(join(dir, name), content);
  for (const [name, content] of Object.entries(files)) await put(name, content);
  const host = createModuleHost({ dir, ...options });
  const load = (version = "1.0.0", ref?: string, appId = "mailer") =>
    host.load(
      { appId, version, ...(ref !== undefined && { ref }) },
      { signal: new AbortController().signal },
    );
  return { dir, host, load, put };
};

const loaded = (answer: LoadAnswer<ModuleApp>) => {
  if (answer.kind !== "loaded") throw new Error(JSON.stringify(answer));
  return answer;
};
const context = (part: Partial<HookContext> = {}): HookContext => ({
  appId: "mailer",
  nodeId: "web-1",
  signal: new AbortController().signal,
  settings: {},
  licence: null,
  lost: () => {},
  cause: "start",
  ...part,
});

describe("load", () => {
  test("takes a package from <app>/<version> or from <app>", async () => {
    for (const folder of ["mailer/1.0.0", "mailer"]) {
      const { load } = await apps({
        [`${folder}/muster.app.json`]: manifest(),
        [`${folder}/main.mjs`]: "export const app = {};",
      });
      const { app, digest } = loaded(await load());
      expect(app.manifest.name).toBe("Mailer");
      expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    }
  });

  test("takes the folder that the ref names", async () => {
    const { load } = await apps({
      "builds/42/muster.app.json": manifest(),
      "builds/42/main.mjs": "export const app = {};",
    });
    expect((await load("1.0.0", "builds/42")).kind).toBe("loaded");
    expect((await load("1.0.0", "builds/43")).kind).toBe("missing");
  });

  test.each([
    ["an empty folder", {}, "no muster.app.json for mailer 1.0.0"],
    [
      "another version",
      { "mailer/muster.app.json": manifest({ version: "0.9.0" }), "mailer/main.mjs": "" },
      "version 1.0.0 of mailer is not on this node, which has 0.9.0",
    ],
    [
      "a package without its entry",
      { "mailer/muster.app.json": manifest() },
      "the entry main.mjs of mailer is not there",
    ],
  ])("finds %s missing", async (_, files, error) => {
    const { load } = await apps(files as unknown as Record<string, string | object>);
    expect(await load()).toEqual({ kind: "missing", error: expect.stringContaining(error) });
  });

  test("finds everything missing while the folder is not there", async () => {
    const host = createModuleHost({ dir: join(scratch, "nowhere") });
    const answer = await host.load(
      { appId: "mailer", version: "1.0.0" },
      { signal: new AbortController().signal },
    );
    expect(answer).toMatchObject({ kind: "missing", error: expect.stringContaining("nowhere") });
  });

  test.each([
    ["a broken manifest", { "mailer/muster.app.json": "{" }, "not JSON"],
    [
      "a manifest of another app",
      { "mailer/muster.app.json": manifest({ id: "other" }) },
      'id is "other", not "mailer"',
    ],
    [
      "a syntax error",
      { "mailer/muster.app.json": manifest(), "mailer/main.mjs": "export const app = {" },
      "main.mjs: ",
    ],
    [
      "an import of nothing",
      { "mailer/muster.app.json": manifest(), "mailer/main.mjs": 'import "no-such-package";' },
      "no-such-package",
    ],
    [
      "a throw while loading",
      { "mailer/muster.app.json": manifest(), "mailer/main.mjs": 'throw new Error("not today");' },
      "Error: not today",
    ],
    [
      "no export",
      { "mailer/muster.app.json": manifest(), "mailer/main.mjs": "export const other = 1;" },
      "does not export `app`",
    ],
    [
      "a hook that does not exist",
      {
        "mailer/muster.app.json": manifest(),
        "mailer/main.mjs": "export const app = { onEnabled() {} };",
      },
      "`app.onEnabled` is no hook",
    ],
    [
      "a hook that is no function",
      {
        "mailer/muster.app.json": manifest(),
        "mailer/main.mjs": "export const app = { onEnable: 1 };",
      },
      "`app.onEnable` is not a function",
    ],
    [
      "a handler that is no function",
      {
        "mailer/muster.app.json": manifest(),
        "mailer/main.mjs": 'export const app = { handlers: { "POST /x": 1 } };',
      },
      'the handler "POST /x" is not a function',
    ],
  ])("finds %s broken", async (_, files, error) => {
    const { load } = await apps(files as Record<string, string | object>);
    const answer = await load();
    expect(answer).toMatchObject({ kind: "broken", error: expect.stringContaining(error) });
  });

  test("a file mended in place is a fresh module", async () => {
    const { load, put } = await apps({
      "mailer/muster.app.json": manifest(),
      "mailer/main.mjs": "export const app = {",
    });
    const broken = await load();
    await put("mailer/main.mjs", "export const app = { onEnable: () => false };");
    const mended = loaded(await load());
    if (broken.kind !== "broken") throw new Error("was not broken");
    expect(broken.digest).toMatch(/^sha256:/);
    expect(mended.digest).not.toBe(broken.digest);
    expect(mended.app.definition.onEnable).toBeFunction();
    await put("mailer/main.mjs", "export const app = { onDisable: () => {} };");
    expect(loaded(await load()).app.definition.onEnable).toBeUndefined();
  });

  test("keeps to its bounds", async () => {
    const files = {
      "mailer/muster.app.json": manifest(),
      "mailer/main.mjs": "export const app = {};",
      "mailer/data.txt": "x".repeat(10_000),
    };
    const bytes = await apps(files, { maxBytes: 5_000 });
    expect(await bytes.load()).toMatchObject({
      kind: "broken",
      error: expect.stringContaining("5000 bytes"),
    });
    const count = await apps(files, { maxFiles: 2 });
    expect(await count.load()).toMatchObject({
      kind: "broken",
      error: expect.stringContaining("2 files"),
    });
  });

  test("ends when it is told to", async () => {
    const { host } = await apps({
      "mailer/muster.app.json": manifest(),
      "mailer/main.mjs": "export const app = {};",
    });
    const signal = AbortSignal.abort(new Error("the node stops"));
    await expect(host.load({ appId: "mailer", version: "1.0.0" }, { signal })).rejects.toThrow(
      "the node stops",
    );
  });
});

describe("digest", () => {
  const files = {
    "mailer/muster.app.json": manifest(),
    "mailer/main.mjs": "export const app = {};",
    "mailer/lib/a.mjs": "1",
    "mailer/lib/b.mjs": "2",
  };
  const digestOf = async (changes: Readonly<Record<string, string>> = {}) => {
    const { load } = await apps({ ...files, ...changes });
    return loaded(await load()).digest;
  };

  test("is the same for the same files, wherever they are", async () => {
    expect(await digestOf()).toBe(await digestOf());
  });

  test.each([
    ["the content of any file", { "mailer/lib/b.mjs": "3" }],
    ["a further file", { "mailer/README": "" }],
    [
      "content that moves from one file to the next",
      { "mailer/lib/a.mjs": "12", "mailer/lib/b.mjs": "" },
    ],
  ])("changes with %s", async (_, changes) => {
    expect(await digestOf(changes as unknown as Record<string, string>)).not.toBe(await digestOf());
  });

  test("tells a file from its path and content in another file", async () => {
    const rest = {
      "mailer/muster.app.json": manifest(),
      "mailer/main.mjs": "export const app = {};",
    };
    const two = await apps({ ...rest, "mailer/x": "", "mailer/y": "z" });
    const one = await apps({ ...rest, "mailer/x": "yz" });
    expect(loaded(await two.load()).digest).not.toBe(loaded(await one.load()).digest);
  });
});

describe("names that lead outside", () => {
  const outside = async () => {
    await write(join(scratch, "outside/muster.app.json"), manifest());
    await write(
      join(scratch, "outside/main.mjs"),
      "globalThis.escaped = true; export const app = {};",
    );
    return join(scratch, "outside");
  };
  const notRun = () => expect("escaped" in globalThis).toBe(false);

  test.each([
    ["../outside", "1.0.0", undefined],
    ["mailer", "../../outside", undefined],
    ["mailer", "..", undefined],
    ["mailer", "1.0.0", "../outside"],
    ["mailer", "1.0.0", "a/../../outside"],
    ["mailer", "1.0.0", "/etc"],
  ])("are refused: %s %s %s", async (appId, version, ref) => {
    await outside();
    const { load } = await apps({});
    expect((await load(version, ref, appId)).kind).toBe("broken");
    notRun();
  });

  test("are refused when a link does it", async () => {
    const target = await outside();
    const { dir, load } = await apps({});
    await symlink(target, join(dir, "mailer"));
    expect(await load()).toMatchObject({
      kind: "broken",
      error: expect.stringContaining("outside"),
    });
    notRun();
  });

  test("are refused when the entry is such a link", async () => {
    const target = await outside();
    const { dir, load } = await apps({ "mailer/muster.app.json": manifest() });
    await symlink(join(target, "main.mjs"), join(dir, "mailer/main.mjs"));
    expect(await load()).toMatchObject({
      kind: "broken",
      error: expect.stringContaining("outside"),
    });
    notRun();
  });

  test("a link to the apps folder itself is fine", async () => {
    const { dir } = await apps({
      "mailer/muster.app.json": manifest(),
      "mailer/main.mjs": "export const app = {};",
    });
    await symlink(dir, `${dir}-link`);
    const host = createModuleHost({ dir: `${dir}-link` });
    const answer = await host.load(
      { appId: "mailer", version: "1.0.0" },
      { signal: new AbortController().signal },
    );
    expect(answer.kind).toBe("loaded");
  });
});

describe("checks", () => {
  const withManifest = async (part: object, options: Omit<ModuleHostOptions, "dir"> = {}) => {
    const { host, load } = await apps(
      { "mailer/muster.app.json": manifest(part), "mailer/main.mjs": "export const app = {};" },
      options,
    );
    const { app } = loaded(await load());
    return {
      settings: (settings: HookContext["settings"]) =>
        host.checkSettings?.(app, context({ settings })),
      licence: () => host.checkLicence?.(app, context()),
    };
  };

  test("name every required setting that is missing", async () => {
    const { settings } = await withManifest({
      requiredSettings: ["smtpUrl", "from", "constructor"],
    });
    expect(await settings({ from: "", smtpUrl: null })).toEqual({
      kind: "failed",
      reason: {
        code: "settings_missing",
        message: "the required settings smtpUrl, from, constructor are missing",
      },
    });
    expect(await settings({ smtpUrl: "smtp://x", from: "a@b", constructor: 0 })).toEqual({
      kind: "ok",
    });
  });

  test("ask for a licence only where the manifest requires one", async () => {
    const free = await withManifest({});
    expect(await free.licence()).toEqual({ kind: "ok" });
    const unasked = await withManifest({ requiresLicence: true });
    expect(await unasked.licence()).toMatchObject({
      kind: "failed",
      reason: { code: "licence_missing" },
    });
    const expired = {
      kind: "failed",
      reason: { code: "expired", message: "expired on 1 May" },
    } as const;
    const asked: string[] = [];
    const paid = await withManifest(
      { requiresLicence: true },
      {
        licence: (appId) => {
          asked.push(appId);
          return expired;
        },
      },
    );
    expect(await paid.licence()).toEqual(expired);
    expect(asked).toEqual(["mailer"]);
  });
});

describe("hooks", () => {
  const source = `
    const log = (globalThis.hookLog ??= []);
    const note = (name) => (context) => { log.push([name, context.appId, context.version, context.nodeId, context.cause, context.instance]); };
    export const app = {
      construct: (context) => { log.push(["construct", "instance" in context && context.instance]); return { born: context.nodeId }; },
      initialize: note("initialize"),
      onEnable: (context) => { note("onEnable")(context); return context.settings.open; },
      onDisable: note("onDisable"),
      onUninstall: note("onUninstall"),
      onUpdate: note("onUpdate"),
      onSettingsChanged: note("onSettingsChanged"),
    };`;

  test("are called with the context and with what construct made", async () => {
    const { host, load } = await apps({
      "mailer/muster.app.json": manifest(),
      "mailer/main.mjs": source,
    });
    const { app } = loaded(await load());
    await host.construct?.(app, context());
    await host.initialize?.(app, context());
    expect(await host.enable?.(app, context({ settings: { open: false } }))).toBe(false);
    expect(await host.enable?.(app, context({ settings: {} }))).toBeUndefined();
    await host.disable?.(app, context({ cause: "shutdown" }));
    await host.update?.(app, context({ cause: "update" }));
    await host.settingsChanged?.(app, context({ cause: "settings" }));
    await host.uninstall?.(app, context({ cause: "intent" }));
    const born = { born: "web-1" };
    const line = (name: string, cause: string) => [name, "mailer", "1.0.0", "web-1", cause, born];
    expect((globalThis as unknown as { hookLog: unknown[] }).hookLog).toEqual([
      ["construct", undefined],
      line("initialize", "start"),
      line("onEnable", "start"),
      line("onEnable", "start"),
      line("onDisable", "shutdown"),
      line("onUpdate", "update"),
      line("onSettingsChanged", "settings"),
      line("onUninstall", "intent"),
    ]);
  });

  test("may all be absent", async () => {
    const { host, load } = await apps({
      "mailer/muster.app.json": manifest(),
      "mailer/main.mjs": "export const app = {};",
    });
    const { app } = loaded(await load());
    await host.construct?.(app, context());
    await host.initialize?.(app, context());
    expect(await host.enable?.(app, context())).toBeUndefined();
    await host.disable?.(app, context());
  });
});

describe("inputs", () => {
  test("a licence will do where the server checks none; the check gets it where it does", async () => {
    const asked: unknown[] = [];
    for (const options of [
      {},
      {
        licence: (...given: unknown[]) => {
          asked.push(given);
          return { kind: "ok" } as const;
        },
      },
    ]) {
      const { host, load } = await apps(
        {
          "mailer/muster.app.json": manifest({ requiresLicence: true }),
          "mailer/main.mjs": "export const app = {};",
        },
        options,
      );
      const { app } = loaded(await load());
      expect(await host.checkLicence?.(app, context({ licence: "L-1" }))).toEqual({ kind: "ok" });
    }
    expect(asked).toEqual([["mailer", "L-1"]]);
  });

  test("new settings are declined by an app without a hook for them", async () => {
    const { host, load, put } = await apps({
      "mailer/muster.app.json": manifest(),
      "mailer/main.mjs": "export const app = {};",
    });
    expect(await host.settingsChanged?.(loaded(await load()).app, context())).toBe(false);
    await put("mailer/main.mjs", "export const app = { onSettingsChanged() {} };");
    expect(await host.settingsChanged?.(loaded(await load()).app, context())).toBeUndefined();
  });
});

describe("digest", () => {
  test("is that of load, also of a package that is broken, and of what is there now", async () => {
    const { host, load, put } = await apps({
      "mailer/muster.app.json": manifest(),
      "mailer/main.mjs": "export const app = {",
    });
    const now = () =>
      host.digest?.(
        { appId: "mailer", version: "1.0.0" },
        { signal: new AbortController().signal },
      );
    const broken = await load();
    expect(broken).toMatchObject({ kind: "broken", digest: await now() });
    await put("mailer/muster.app.json", "{");
    const worse = await load();
    expect(worse).toMatchObject({ kind: "broken", digest: await now() });
    expect(worse).not.toMatchObject({ digest: broken.kind === "broken" ? broken.digest : "" });
    const { host: empty } = await apps({});
    const ref = { appId: "mailer", version: "1.0.0" };
    expect(await empty.digest?.(ref, { signal: new AbortController().signal })).toBeUndefined();
  });
});
