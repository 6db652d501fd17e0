/** Shows what is known without asking a node. */
import type { Cli } from "./cli.ts";
import type { Shown } from "./output/format.ts";
import { refuseWatch } from "./run-change.ts";

export const runLocal = async (cli: Cli, shown: Shown): Promise<void> => {
  refuseWatch(cli);
  await cli.show(shown);
};
