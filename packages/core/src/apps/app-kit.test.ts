/** What the tests of apps share: an intent, and a host whose hooks are scripted and recorded. */
import type { AppHost, HookContext, LoadAnswer } from "../hosts/app-host.ts";
import type { AppIntentRow } from "./intent.ts";
import { noHistory } from "./node-history.ts";
import type { AppObserved } from "./observed.ts";

export const intent = (part: Partial<AppIntentRow> = {}): AppIntentRow => ({
  id: "crm-sync",
  version: "1.0.0",
  ref: null,
  settings: {},
  licence: null,
  rollout: null,
  installId: "i0",
  previous: null,
  paused: null,
  ack: null,
  uninstall: null,
  migrated: null,
  revision: 1,
  desiredStatus: "enabled",
  management: "enforce",
  generation: 1,
  intentId: "i1",
  desiredIntentId: "i1",
  by: "ops",
  reason: "first use",
  at: 1_800_000_000_000,
  ...part,
});

/** What a node reports, as `enabled` unless told otherwise. */
export const appReport = (part: Partial<AppObserved> = {}): AppObserved => ({
  initStatus: "auto_enabled",
  observedGeneration: 1,
  version: "1.0.0",
  packageDigest: null,
  settingsHash: null,
  runtime: "bun 1.4.5",
  reason: null,
  tornDown: false,
  traces: null,
  since: 0,
  history: noHistory,
  ...part,
});

/** What the scripted host loads. */
export interface FakeApp {
  readonly version: string;
  readonly load: number;
}
type Hooks = Omit<AppHost<FakeApp>, "name" | "load"> & {
  load(version: string, signal: AbortSignal): LoadAnswer<FakeApp> | Promise<LoadAnswer<FakeApp>>;
};

/** Hooks may be replaced at any time; each call is recorded as `hook version cause`. */
export const scriptedHost = (script: Partial<Hooks> = {}) => {
  const calls: string[] = [];
  const contexts: HookContext[] = [];
  const hooks: Partial<Hooks> = { ...script };
  let loads = 0;
  const record = (hook: string, app: FakeApp, context: HookContext) => {
    calls.push(`${hook} ${app.version} ${context.cause}`);
    contexts.push(context);
  };
  const host: AppHost<FakeApp> = {
    name: "scripted",
    load: async ({ version }, { signal }) => {
      calls.push(`load ${version}`);
      loads += 1;
      if (hooks.load) return hooks.load(version, signal);
      return { kind: "loaded", app: { version, load: loads }, digest: `digest-${version}` };
    },
    construct: (app, context) => {
      record("construct", app, context);
      return hooks.construct?.(app, context);
    },
    initialize: (app, context) => {
      record("initialize", app, context);
      return hooks.initialize?.(app, context);
    },
    checkLicence: (app, context) => hooks.checkLicence?.(app, context) ?? { kind: "ok" },
    checkSettings: (app, context) => hooks.checkSettings?.(app, context) ?? { kind: "ok" },
    enable: (app, context) => {
      record("enable", app, context);
      return hooks.enable?.(app, context);
    },
    disable: (app, context) => {
      record("disable", app, context);
      return hooks.disable?.(app, context);
    },
    unload: (app) => {
      calls.push(`unload ${app.version}`);
    },
    // Hosts differ by having these at all, so they are there only where scripted.
    ...(script.settingsChanged && {
      settingsChanged: (app, context) => {
        record("settingsChanged", app, context);
        return hooks.settingsChanged?.(app, context);
      },
    }),
    ...(script.uninstall && {
      uninstall: (app, context) => {
        record("uninstall", app, context);
        return hooks.uninstall?.(app, context);
      },
    }),
    ...(script.update && {
      update: (app, context) => {
        record("update", app, context);
        return hooks.update?.(app, context);
      },
    }),
    ...(script.purge && { purge: (ref, context) => hooks.purge?.(ref, context) }),
    ...(script.terminate && {
      terminate: (app) => {
        calls.push(`terminate ${app.version}`);
        return hooks.terminate?.(app);
      },
    }),
    ...(script.observe && { observe: (ref, context) => hooks.observe?.(ref, context) }),
    ...(script.digest && { digest: (ref, context) => hooks.digest?.(ref, context) }),
  };
  return {
    host,
    hooks,
    contexts,
    /** The calls since this was last asked. */
    calls: () => calls.splice(0),
  };
};
