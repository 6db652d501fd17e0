/**
 * Runs apps as ES modules from a folder, `<dir>/<appId>/<version>/muster.app.json` or
 * `<dir>/<appId>/muster.app.json`, inside the server's own process. App code is trusted as the
 * server's is: what is checked here is that a name cannot lead outside the folder.
 */
import { readFile, realpath } from "node:fs/promises";
import { join, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { idPattern } from "../model/ids.ts";
import type { AppHost, CheckAnswer, HookContext, LoadAnswer, PackageRef } from "./app-host.ts";
import {
  type AppManifest,
  isInnerPath,
  manifestFile,
  parseManifest,
  versionPattern,
} from "./app-manifest.ts";
import { type AppContext, type AppDefinition, parseApp } from "./define-app.ts";
import { packageDigest } from "./package-digest.ts";

export interface ModuleHostOptions {
  /** Folder with the app packages. */
  readonly dir: string;
  /**
   * Checks the licence of an app whose manifest says `requiresLicence`. Without it such apps stay
   * `invalid_license_disabled`.
   */
  licence?(appId: string): Promise<CheckAnswer> | CheckAnswer;
  /** Files a package may have. @defaultValue 10000 */
  readonly maxFiles?: number;
  /** Bytes a package may have. @defaultValue 268435456 */
  readonly maxBytes?: number;
}

/** An app as the module host holds it between `load` and `unload`. */
export interface ModuleApp {
  readonly manifest: AppManifest;
  readonly definition: AppDefinition;
  /** What the app's `construct` returned. */
  instance: unknown;
}

type Load = LoadAnswer<ModuleApp>;
type Stop = Exclude<Load, { kind: "loaded" }>;
interface Found {
  readonly kind: "found";
  readonly folder: string;
  readonly manifest: AppManifest;
}

const isNotThere = (error: unknown): boolean =>
  error instanceof Error &&
  "code" in error &&
  (error.code === "ENOENT" || error.code === "ENOTDIR");

/** Answers the real path, or `undefined` where there is nothing. Other trouble throws: it may pass. */
const realPathOf = async (path: string): Promise<string | undefined> => {
  try {
    return await realpath(path);
  } catch (error) {
    if (isNotThere(error)) return undefined;
    throw error;
  }
};

const isInside = (path: string, folder: string): boolean => path.startsWith(folder + sep);
const describe = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);

/**
 * A changed file is a fresh module because the digest is part of its name. Bun passes over the query
 * of a file URL but not that of a path; Node takes the URL. Only the entry is named so: a helper
 * module changed in place is read again after a restart, or under a new version's folder.
 */
const moduleName = (file: string, digest: string): string => {
  const query = `?digest=${digest.slice(-16)}`;
  return "Bun" in globalThis && !file.includes("?")
    ? file + query
    : pathToFileURL(file).href + query;
};

/** Makes the host of apps that are ES modules in a folder. */
export const createModuleHost = (options: ModuleHostOptions): AppHost<ModuleApp> => {
  const { maxFiles = 10_000, maxBytes = 268_435_456 } = options;
  const dir = resolve(options.dir);

  const find = async ({ appId, version, ref }: PackageRef): Promise<Found | Stop> => {
    const named = ref === undefined ? "" : ` (ref ${ref})`;
    if (!idPattern.test(appId) || !versionPattern.test(version)) {
      return { kind: "broken", error: `${appId} ${version} names no folder` };
    }
    if (ref !== undefined && !isInnerPath(ref)) {
      return { kind: "broken", error: `the ref "${ref}" must be a path inside the apps folder` };
    }
    const root = await realPathOf(dir);
    if (root === undefined)
      return { kind: "missing", error: `the apps folder ${dir} is not there` };
    const places = ref === undefined ? [join(appId, version), appId] : [ref];
    let other: string | undefined;
    for (const place of places) {
      const file = await realPathOf(join(root, place, manifestFile));
      if (file === undefined) continue;
      const folder = await realpath(join(root, place));
      if (!isInside(folder, root) || !isInside(file, folder)) {
        return { kind: "broken", error: `${place} leads outside the apps folder` };
      }
      const parsed = parseManifest(await readFile(file, "utf8"));
      if (parsed.kind === "invalid") return { kind: "broken", error: parsed.error };
      const { manifest } = parsed;
      if (manifest.id !== appId) {
        return { kind: "broken", error: `${manifestFile}: id is "${manifest.id}", not "${appId}"` };
      }
      if (manifest.version === version) return { kind: "found", folder, manifest };
      other = manifest.version;
    }
    const error = other
      ? `version ${version} of ${appId}${named} is not on this node, which has ${other}`
      : `no ${manifestFile} for ${appId} ${version}${named} in ${dir}`;
    return { kind: "missing", error };
  };

  const load = async (ref: PackageRef, signal: AbortSignal): Promise<Load> => {
    const found = await find(ref);
    if (found.kind !== "found") return found;
    const { folder, manifest } = found;
    const entry = await realPathOf(join(folder, manifest.entry));
    if (entry === undefined) {
      // Likely still being copied, so it is tried again.
      return {
        kind: "missing",
        error: `the entry ${manifest.entry} of ${manifest.id} is not there`,
      };
    }
    if (!isInside(entry, folder)) {
      return { kind: "broken", error: `the entry ${manifest.entry} leads outside the package` };
    }
    const hashed = await packageDigest(folder, { maxFiles, maxBytes }, signal);
    if (hashed.kind === "too-large") return { kind: "broken", error: hashed.error };
    const { digest } = hashed;
    let module: unknown;
    try {
      module = await import(moduleName(entry, digest));
    } catch (error) {
      return { kind: "broken", error: `${manifest.entry}: ${describe(error)}`, digest };
    }
    const parsed = parseApp((module as { readonly app?: unknown }).app);
    if (parsed.kind === "invalid") {
      return { kind: "broken", error: `${manifest.entry}: ${parsed.error}`, digest };
    }
    const app = { manifest, definition: parsed.app, instance: undefined };
    return { kind: "loaded", app, digest };
  };

  const contextOf = (app: ModuleApp, context: HookContext): AppContext<unknown> => ({
    ...context,
    version: app.manifest.version,
    instance: app.instance,
  });

  return {
    name: "module",
    load: (ref, { signal }) => load(ref, signal),
    construct: async (app, context) => {
      app.instance = await app.definition.construct?.(contextOf(app, context));
    },
    initialize: (app, context) => app.definition.initialize?.(contextOf(app, context)),
    checkLicence: ({ manifest }) => {
      if (!manifest.requiresLicence) return { kind: "ok" };
      if (options.licence) return options.licence(manifest.id);
      const message = `${manifest.id} needs a licence, and this server checks none`;
      return { kind: "failed", reason: { code: "licence_missing", message } };
    },
    checkSettings: ({ manifest }, { settings }) => {
      const missing = manifest.requiredSettings.filter(
        (key) => !Object.hasOwn(settings, key) || settings[key] === null || settings[key] === "",
      );
      if (missing.length === 0) return { kind: "ok" };
      const what = missing.length === 1 ? "the required setting" : "the required settings";
      const verb = missing.length === 1 ? "is" : "are";
      const message = `${what} ${missing.join(", ")} ${verb} missing`;
      return { kind: "failed", reason: { code: "settings_missing", message } };
    },
    enable: (app, context) => app.definition.onEnable?.(contextOf(app, context)),
    disable: (app, context) => app.definition.onDisable?.(contextOf(app, context)),
    uninstall: (app, context) => app.definition.onUninstall?.(contextOf(app, context)),
    update: (app, context) => app.definition.onUpdate?.(contextOf(app, context)),
    settingsChanged: (app, context) => app.definition.onSettingsChanged?.(contextOf(app, context)),
  };
};
