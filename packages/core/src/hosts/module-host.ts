/**
 * Runs apps as ES modules from a folder inside the server's own process. App code is trusted as the
 * server's is.
 */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { AppHost, HookContext, LoadAnswer, PackageRef } from "./app-host.ts";
import type { AppManifest } from "./app-manifest.ts";
import { type AppContext, type AppDefinition, parseApp } from "./define-app.ts";
import { findPackage } from "./find-package.ts";
import { checkLicence, checkSettings, type LicenceCheck } from "./manifest-checks.ts";

export interface ModuleHostOptions {
  /** Folder with the app packages. */
  readonly dir: string;
  /**
   * Checks the licence of an app whose manifest says `requiresLicence`; `licence` is `null` where
   * none was given. Without it any licence will do, and the app may look at it itself.
   */
  readonly licence?: LicenceCheck;
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
  const where = { dir: resolve(options.dir), maxFiles, maxBytes };

  const load = async (ref: PackageRef, signal: AbortSignal): Promise<LoadAnswer<ModuleApp>> => {
    const found = await findPackage(where, ref, signal);
    if (found.kind !== "found") return found;
    const { digest, entry, manifest } = found;
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

  const contextOf = (
    app: ModuleApp,
    { lost: _, ...context }: HookContext,
  ): AppContext<unknown> => ({
    ...context,
    version: app.manifest.version,
    instance: app.instance,
  });

  return {
    name: "module",
    load: (ref, { signal }) => load(ref, signal),
    digest: async (ref, { signal }) => {
      const found = await findPackage(where, ref, signal);
      return found.kind === "missing" ? undefined : found.digest;
    },
    construct: async (app, context) => {
      app.instance = await app.definition.construct?.(contextOf(app, context));
    },
    initialize: (app, context) => app.definition.initialize?.(contextOf(app, context)),
    checkLicence: ({ manifest }, context) => checkLicence(manifest, context, options.licence),
    checkSettings: ({ manifest }, context) => checkSettings(manifest, context),
    enable: (app, context) => app.definition.onEnable?.(contextOf(app, context)),
    disable: (app, context) => app.definition.onDisable?.(contextOf(app, context)),
    uninstall: (app, context) => app.definition.onUninstall?.(contextOf(app, context)),
    update: (app, context) => app.definition.onUpdate?.(contextOf(app, context)),
    settingsChanged: async (app, context) => {
      if (!app.definition.onSettingsChanged) return false;
      return await app.definition.onSettingsChanged(contextOf(app, context));
    },
  };
};
