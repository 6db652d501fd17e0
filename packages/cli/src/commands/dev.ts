import { Option } from "commander";
import { usageError } from "../cli-error.ts";
import type { Register } from "../noun.ts";
import { defaultPort, parsePort } from "../port.ts";
import { refuseWatch } from "../run-change.ts";

interface Options {
  readonly port: string;
  readonly apps?: string;
  readonly reload: boolean;
  readonly supervised?: boolean;
}

/** `muster dev [file]` */
export const registerDev: Register = (noun, cli) => {
  noun
    .argument("[file]", "module that exports actors, replicas, apps or settings of the node")
    .option("--port <n>", "port to listen on; 0 takes a free one", String(defaultPort))
    .option("--apps <folder>", "folder of app packages")
    .option("--no-reload", "do not start again when a file changes")
    .addOption(new Option("--supervised").hideHelp())
    .addHelpText(
      "after",
      "\nEverything is kept in memory: it is gone when the node ends or starts again. Listens on\nloopback only and needs no token.\n",
    )
    .action(
      async (file: string | undefined, { port, apps, reload, supervised = false }: Options) => {
        const given = cli();
        refuseWatch(given);
        if (given.flags.dryRun) throw usageError("--dry-run is for commands that change something");
        const options = { file, apps, port: parsePort("--port", port) };
        if (reload) {
          const { superviseDev } = await import("../dev/supervise.ts");
          await superviseDev(given, options);
        } else {
          const { runDevNode } = await import("../dev/run-dev-node.ts");
          await runDevNode(given, options, supervised);
        }
      },
    );
};
