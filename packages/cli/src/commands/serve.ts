import { Option } from "commander";
import { serveEnvironment } from "../environment.ts";
import type { Register } from "../noun.ts";
import { refuseWatch } from "../run-change.ts";
import type { ServeFlags } from "../serve/node-settings.ts";

interface Options extends ServeFlags {
  readonly supervised?: boolean;
}

/** `muster serve` */
export const registerServe: Register = (noun, cli) => {
  noun
    .option("--config <file>", "settings of the node (default: muster.config.json)")
    .option("--cluster <name>", "nodes with the same Redis and name belong together")
    .option("--node-id <id>", "stable across restarts; without it the node is a passing one")
    .option(
      "--redis <url>",
      "redis://host:6379, redis+sentinel://host,host/NAME or redis+cluster://host,host",
    )
    .option("--apps <folder>", "folder of app packages; without it the node runs no apps")
    .option("--apps-host <module|worker>", "apps inside the node, or each in a thread of its own")
    .option("--host <address>", "address to listen on (default: 127.0.0.1)")
    .option("--port <n>", "port to listen on, 0 for a free one (default: 7300)")
    .option("--auth <none>", "answers anyone on this machine, and nobody else")
    .option("--tokens-file <file>", "callers by name, role and hash of their token")
    .addOption(new Option("--supervised").hideHelp())
    .addHelpText(
      "after",
      "\nEach can be set by an environment variable (MUSTER_CLUSTER, MUSTER_NODE_ID, MUSTER_REDIS_URL,\nMUSTER_APPS_DIR, MUSTER_APPS_HOST, MUSTER_HTTP_HOST, MUSTER_HTTP_PORT, MUSTER_HTTP_AUTH, MUSTER_HTTP_TOKENS_FILE)\nor in the settings file. SIGTERM stops the node in order. --dry-run checks the settings only.\n",
    )
    .action(async ({ supervised = false, ...flags }: Options) => {
      const given = cli();
      refuseWatch(given);
      const { readNodeSettings } = await import("../serve/node-settings.ts");
      const env = serveEnvironment(given.io.env);
      const settings = await readNodeSettings({ flags, env, cwd: given.io.cwd });
      const { serveNodeOf } = await import("../serve/serve-node.ts");
      await serveNodeOf(given, settings, supervised);
    });
};
