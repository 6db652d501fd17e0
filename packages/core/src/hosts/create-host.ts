/** The host of an embedding server: its own plug-in system, driven by Muster. */
import { MusterError } from "../errors.ts";
import type { AppHost } from "./app-host.ts";

const words: ReadonlySet<string> = new Set(["name", "runtime"] satisfies (keyof AppHost)[]);
const hooks: Readonly<Record<Exclude<keyof AppHost, "name" | "runtime">, true>> = {
  load: true,
  digest: true,
  construct: true,
  initialize: true,
  checkLicence: true,
  checkSettings: true,
  enable: true,
  disable: true,
  uninstall: true,
  update: true,
  purge: true,
  settingsChanged: true,
  observe: true,
  unload: true,
  terminate: true,
};

/**
 * Makes the host of a server that loads and runs apps itself. Every hook is optional: without
 * `load` an app is its own reference, `{ appId, version, ref? }`.
 * @throws MusterError `OPTIONS_INVALID` for a hook that is no function, or that there is not
 */
export const createHost = <App>(
  host: Partial<AppHost<App>> & { readonly name?: string },
): AppHost<App> => {
  for (const [name, hook] of Object.entries(host)) {
    if (words.has(name)) continue;
    const known = Object.hasOwn(hooks, name);
    if (known && (hook === undefined || typeof hook === "function")) continue;
    throw new MusterError(
      "OPTIONS_INVALID",
      known
        ? `The hook "${name}" of the host must be a function.`
        : `A host has no hook "${name}"; there are ${Object.keys(hooks).join(", ")}.`,
      { op: "createHost" },
    );
  }
  return {
    ...host,
    name: host.name ?? "custom",
    load: host.load ?? (async (ref) => ({ kind: "loaded", app: ref as App })),
  };
};
