/** What an app module exports, and the check that it does. */
import type { HookContext } from "./app-host.ts";

/** What every hook of an app gets; `instance` is what its `construct` returned. */
export interface AppContext<Instance> extends Omit<HookContext, "lost"> {
  readonly version: string;
  readonly instance: Instance;
}

/** Hooks of an app, each optional. A hook should stop when `signal` is aborted. */
export interface AppDefinition<Instance = unknown> {
  construct?(context: Omit<AppContext<Instance>, "instance">): Instance | Promise<Instance>;
  initialize?(context: AppContext<Instance>): Promise<void> | void;
  /** Answering `false` declines: the app stays off on this node, and that is not an error. */
  // biome-ignore lint/suspicious/noConfusingVoidType: a hook that returns nothing has agreed
  onEnable?(context: AppContext<Instance>): Promise<boolean | void> | boolean | void;
  /** Also called after an `onEnable` that failed, so it clears up whatever there is. */
  onDisable?(context: AppContext<Instance>): Promise<void> | void;
  onUninstall?(context: AppContext<Instance>): Promise<void> | void;
  onUpdate?(context: AppContext<Instance>): Promise<void> | void;
  /** Takes new settings while it runs. Without it, or answering `false`, it is enabled anew. */
  // biome-ignore lint/suspicious/noConfusingVoidType: a hook that returns nothing has agreed
  onSettingsChanged?(context: AppContext<Instance>): Promise<boolean | void> | boolean | void;
  /** Endpoints by name, `"POST /sync"`. */
  readonly handlers?: Readonly<
    Record<string, (input: unknown, context: AppContext<Instance>) => unknown>
  >;
}

/** Types an app: `export const app = defineApp({ onEnable: … })`. */
export const defineApp = <Instance = undefined>(
  app: AppDefinition<Instance>,
): AppDefinition<Instance> => app;

const hooks: ReadonlySet<string> = new Set([
  "construct",
  "initialize",
  "onEnable",
  "onDisable",
  "onUninstall",
  "onUpdate",
  "onSettingsChanged",
] satisfies (keyof AppDefinition)[]);

export type ParsedApp =
  | { readonly kind: "app"; readonly app: AppDefinition }
  | { readonly kind: "invalid"; readonly error: string };

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

/** Checks what a module exports as `app`; an unknown hook is an error, since it would never run. */
export const parseApp = (value: unknown): ParsedApp => {
  const invalid = (error: string): ParsedApp => ({ kind: "invalid", error });
  if (!isRecord(value)) return invalid("the entry does not export `app`, an object of hooks");
  for (const [name, member] of Object.entries(value)) {
    if (name === "handlers") continue;
    if (!hooks.has(name)) {
      return invalid(
        `\`app.${name}\` is no hook; there are ${[...hooks].join(", ")}, and handlers`,
      );
    }
    if (member !== undefined && typeof member !== "function") {
      return invalid(`\`app.${name}\` is not a function`);
    }
  }
  const { handlers } = value;
  if (handlers !== undefined && !isRecord(handlers)) {
    return invalid("`app.handlers` is not an object of functions");
  }
  for (const [name, handler] of Object.entries(handlers ?? {})) {
    if (typeof handler !== "function") return invalid(`the handler "${name}" is not a function`);
  }
  return { kind: "app", app: value };
};
