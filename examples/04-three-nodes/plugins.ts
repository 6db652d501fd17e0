/**
 * What a server's own plug-in system looks like to Muster: a host that loads a plug-in by its id and
 * switches it on and off. Here the plug-ins are a list in the program.
 */
import { appFailure, createHost } from "@muster/core";

interface Plugin {
  readonly greet: (name: string) => string;
}
const available = new Map<string, Plugin>([
  ["greeter", { greet: (name) => `hello, ${name}` }],
  ["gdpr", { greet: (name) => `we know nothing of ${name}` }],
]);

/** The plug-ins of one process, and the host that Muster drives them through. */
export const createPlugins = (node: string, log: (line: string) => void) => {
  const running = new Map<string, Plugin>();
  const host = createHost<Plugin>({
    load: async ({ appId }) => {
      const app = available.get(appId);
      return app ? { kind: "loaded", app } : { kind: "missing", error: `no plug-in "${appId}"` };
    },
    enable: (plugin, { appId, cause }) => {
      if (appId === "gdpr" && node === "web-3") throw appFailure("licence", "no licence on web-3");
      running.set(appId, plugin);
      log(`${node} enables ${appId} (${cause})`);
    },
    disable: (_, { appId, cause }) => {
      if (running.delete(appId)) log(`${node} disables ${appId} (${cause})`);
    },
  });
  return {
    host,
    greet: (name: string) => running.get("greeter")?.greet(name) ?? "no greeter here",
  };
};
