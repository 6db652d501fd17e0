/** What the worker host and the thread of an app say to each other: plain data, nothing shared. */
import type { AppFailureClass, HookContext } from "../app-host.ts";
import type { AppDefinition } from "../define-app.ts";

/** Hooks of an app that can be called in its thread. */
export type WorkerHook = Exclude<keyof AppDefinition, "handlers">;

/** A hook's context without what cannot cross into a thread: the signal is a message there. */
export type WorkerContext = Omit<HookContext, "signal" | "lost"> & { readonly version: string };

/** Given to the thread when it starts. */
export interface WorkerStart {
  /** Absolute path of the app's entry. */
  readonly entry: string;
}

export type ToThread =
  | {
      readonly kind: "call";
      readonly id: number;
      readonly hook: WorkerHook;
      readonly context: WorkerContext;
    }
  | { readonly kind: "cancel"; readonly id: number; readonly reason: string };

/** An error as it crosses; `failure` where it names its class. */
export interface ThreadError {
  readonly message: string;
  readonly failure?: AppFailureClass;
  readonly reasonCode?: string;
}

export type FromThread =
  | { readonly kind: "loaded"; readonly hooks: readonly WorkerHook[] }
  | { readonly kind: "broken"; readonly error: string }
  | { readonly kind: "returned"; readonly id: number; readonly value: unknown }
  | { readonly kind: "threw"; readonly id: number; readonly error: ThreadError };
