import type { Register } from "../noun.ts";
import { programVersion, runtimeName } from "../program-version.ts";
import { runLocal } from "../run-local.ts";

/** `muster version` */
export const registerVersion: Register = (noun, cli) => {
  noun.action(async () => {
    const item = { version: await programVersion(), runtime: runtimeName() };
    await runLocal(cli(), {
      data: item,
      items: [item],
      columns: [],
      name: () => item.version,
      text: () => `muster ${item.version} (${item.runtime})\n`,
    });
  });
};
