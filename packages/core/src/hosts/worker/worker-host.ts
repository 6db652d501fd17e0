/**
 * Runs each app of a folder in a worker thread of its own. An app shares no memory with the server:
 * it is reached by messages only, and one that does not listen is ended with its thread. It is no
 * sandbox: the thread may use files and network as the server may.
 */
import { resolve } from "node:path";
import type { AppHost, HookContext } from "../app-host.ts";
import type { AppManifest } from "../app-manifest.ts";
import { findPackage } from "../find-package.ts";
import { checkLicence, checkSettings } from "../manifest-checks.ts";
import type { ModuleHostOptions } from "../module-host.ts";
import { AppThread } from "./app-thread.ts";
import type { WorkerHook } from "./protocol.ts";

export interface WorkerHostOptions extends ModuleHostOptions {
  /**
   * Memory of each app's thread in MB. Holds on Node only; on Bun the status of every app says
   * that it does not. @defaultValue no limit
   */
  readonly maxMemoryMb?: number;
}

/** An app as the worker host holds it between `load` and `unload`. */
export interface WorkerApp {
  readonly manifest: AppManifest;
  readonly thread: AppThread;
  readonly hooks: ReadonlySet<WorkerHook>;
}

const isBun = "Bun" in globalThis;

const describeLimits = (maxMemoryMb: number | undefined): string => {
  if (isBun) return "worker threads, without memory limits";
  return maxMemoryMb === undefined ? "worker threads" : `worker threads of ${maxMemoryMb} MB`;
};

/** Makes the host of apps that are ES modules in a folder, each in a thread of its own. */
export const createWorkerHost = (options: WorkerHostOptions): AppHost<WorkerApp> => {
  const { maxBytes = 268_435_456, maxFiles = 10_000, maxMemoryMb } = options;
  const where = { dir: resolve(options.dir), maxFiles, maxBytes };
  const limits =
    isBun || maxMemoryMb === undefined ? undefined : { maxOldGenerationSizeMb: maxMemoryMb };

  const call = async (
    { hooks, manifest, thread }: WorkerApp,
    hook: WorkerHook,
    { lost: _, signal, ...context }: HookContext,
  ): Promise<unknown> => {
    if (!hooks.has(hook)) return undefined;
    return thread.call(hook, { ...context, version: manifest.version }, signal);
  };
  const done = async (app: WorkerApp, hook: WorkerHook, context: HookContext): Promise<void> => {
    await call(app, hook, context);
  };

  return {
    name: "worker",
    runtime: describeLimits(maxMemoryMb),
    load: async (ref, { signal }) => {
      const found = await findPackage(where, ref, signal);
      if (found.kind !== "found") return found;
      const { digest, entry, manifest } = found;
      const thread = new AppThread({ entry }, limits);
      const loaded = await thread.load(signal);
      signal.throwIfAborted();
      if (loaded.kind === "loaded") {
        return { kind: "loaded", app: { manifest, thread, hooks: loaded.hooks }, digest };
      }
      await thread.terminate("it could not be loaded");
      return { kind: "broken", error: loaded.error, digest };
    },
    digest: async (ref, { signal }) => {
      const found = await findPackage(where, ref, signal);
      return found.kind === "missing" ? undefined : found.digest;
    },
    construct: (app, context) => done(app, "construct", context),
    initialize: (app, context) => done(app, "initialize", context),
    checkLicence: ({ manifest }, context) => checkLicence(manifest, context, options.licence),
    checkSettings: ({ manifest }, context) => checkSettings(manifest, context),
    enable: async (app, context) => {
      const enabled = await call(app, "onEnable", context);
      app.thread.onEnded((why) => context.lost(why));
      return enabled !== false;
    },
    disable: (app, context) => done(app, "onDisable", context),
    uninstall: (app, context) => done(app, "onUninstall", context),
    update: (app, context) => done(app, "onUpdate", context),
    settingsChanged: async (app, context) =>
      app.hooks.has("onSettingsChanged") &&
      (await call(app, "onSettingsChanged", context)) !== false,
    unload: ({ thread }) => thread.terminate("it is not used any more"),
    terminate: ({ thread }) => thread.terminate("it did not do as it was told"),
  };
};
