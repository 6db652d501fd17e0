/**
 * What runs in the thread of one app: loads its entry, calls its hooks as messages ask, and aborts
 * their signals as messages ask. Ends with its thread only.
 */
import { pathToFileURL } from "node:url";
import { parentPort, workerData } from "node:worker_threads";
import { isAppFailure } from "../app-host.ts";
import { type AppContext, type AppDefinition, parseApp } from "../define-app.ts";
import type { FromThread, ThreadError, ToThread, WorkerHook, WorkerStart } from "./protocol.ts";

const port = parentPort;
const say = (message: FromThread): void => port?.postMessage(message);

const describe = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);

const errorOf = (error: unknown): ThreadError =>
  isAppFailure(error)
    ? { message: error.message, failure: error.failure, reasonCode: error.reasonCode }
    : {
        message: error instanceof Error ? error.message || error.name : String(error),
      };

const load = async (entry: string): Promise<AppDefinition | undefined> => {
  const name = entry.split(/[\\/]/).at(-1) ?? entry;
  let module: { readonly app?: unknown };
  try {
    module = await import(pathToFileURL(entry).href);
  } catch (error) {
    say({ kind: "broken", error: `${name}: ${describe(error)}` });
    return undefined;
  }
  const parsed = parseApp(module.app);
  if (parsed.kind === "invalid") {
    say({ kind: "broken", error: `${name}: ${parsed.error}` });
    return undefined;
  }
  return parsed.app;
};

const serve = (app: AppDefinition): void => {
  const running = new Map<number, AbortController>();
  let instance: unknown;

  const call = async ({ id, hook, context }: Extract<ToThread, { kind: "call" }>) => {
    const controller = new AbortController();
    running.set(id, controller);
    try {
      const given: AppContext<unknown> = { ...context, instance, signal: controller.signal };
      const value = await app[hook]?.(given);
      if (hook === "construct") instance = value;
      say({ kind: "returned", id, value: hook === "construct" ? undefined : value });
    } catch (error) {
      say({ kind: "threw", id, error: errorOf(error) });
    } finally {
      running.delete(id);
    }
  };

  port?.on("message", (message: ToThread) => {
    if (message.kind === "call") void call(message);
    else running.get(message.id)?.abort(new Error(message.reason));
  });
  const hooks = Object.keys(app).filter((name) => name !== "handlers" && app[name as WorkerHook]);
  say({ kind: "loaded", hooks: hooks as WorkerHook[] });
};

const app = await load((workerData as WorkerStart).entry);
if (app) serve(app);
