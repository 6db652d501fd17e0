/** A folder of real app packages whose hooks write down when they run and fail where they are told to. */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface HookCall {
  readonly app: string;
  readonly node: string;
  readonly hook: string;
  readonly cause: string;
  readonly version: string;
  readonly settings: Readonly<Record<string, unknown>>;
}

export interface AppsFolder {
  readonly dir: string;
  /** Writes a working package; `source` replaces its entry, `manifest` replaces the manifest's text. */
  add(
    id: string,
    options?: {
      readonly version?: string;
      readonly source?: string;
      readonly manifest?: string;
      readonly requiredSettings?: readonly string[];
      readonly requiresLicence?: boolean;
    },
  ): void;
  /** From now on `onEnable` of the app throws on the node. */
  breakOn(id: string, node: string): void;
  repairOn(id: string, node: string): void;
  /** From now on `onUninstall` of the app throws on the node. */
  holdOn(id: string, node: string): void;
  releaseOn(id: string, node: string): void;
  /** Files directly in the folder whose names begin so: what apps have left there. */
  marks(prefix: string): readonly string[];
  /** Hooks run so far, in order; `purge` is the host's, its `cause` the idempotency key. */
  calls(): readonly HookCall[];
  close(): void;
}

const entry = (id: string, log: string, dir: string): string => `
import { appendFileSync, existsSync } from "node:fs";
const node = process.env.MUSTER_TEST_NODE;
const note = (hook) => ({ cause, settings, version }) =>
  appendFileSync(${JSON.stringify(log)}, JSON.stringify({ app: ${JSON.stringify(id)}, node, hook, cause, version, settings }) + "\\n");
export const app = {
  onEnable(context) {
    note("onEnable")(context);
    if (existsSync(${JSON.stringify(dir)} + "/.broken-${id}-" + node)) throw new Error("${id} cannot run on " + node);
  },
  onSettingsChanged: note("onSettingsChanged"),
  onDisable: note("onDisable"),
  onUninstall(context) {
    note("onUninstall")(context);
    if (existsSync(${JSON.stringify(dir)} + "/.stuck-${id}-" + node)) throw new Error("${id} cannot go from " + node);
  },
};
`;

/** Makes an empty folder of apps. */
export const createAppsFolder = (): AppsFolder => {
  const dir = mkdtempSync(join(tmpdir(), "muster-apps-"));
  const log = join(dir, ".hooks.jsonl");
  const marker = (id: string, node: string): string => join(dir, `.broken-${id}-${node}`);
  const stuck = (id: string, node: string): string => join(dir, `.stuck-${id}-${node}`);
  return {
    dir,
    add: (id, { version = "1.0.0", source, manifest, ...more } = {}) => {
      const folder = join(dir, id, version);
      mkdirSync(folder, { recursive: true });
      const description = { id, name: id, version, entry: "app.mjs", ...more };
      writeFileSync(join(folder, "muster.app.json"), manifest ?? JSON.stringify(description));
      writeFileSync(join(folder, "app.mjs"), source ?? entry(id, log, dir));
    },
    breakOn: (id, node) => appendFileSync(marker(id, node), ""),
    repairOn: (id, node) => rmSync(marker(id, node), { force: true }),
    holdOn: (id, node) => appendFileSync(stuck(id, node), ""),
    releaseOn: (id, node) => rmSync(stuck(id, node), { force: true }),
    marks: (prefix) => readdirSync(dir).filter((name) => name.startsWith(prefix)),
    calls: () =>
      existsSync(log)
        ? readFileSync(log, "utf8")
            .trim()
            .split("\n")
            .map((line) => JSON.parse(line) as HookCall)
        : [],
    close: () => rmSync(dir, { recursive: true, force: true }),
  };
};
