/**
 * Puts the sample apps of the repository into the package while it is packed, so that `muster demo`
 * runs from an installed package too; in the repository it takes them from where they are.
 */
import { cpSync, existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const source = fileURLToPath(new URL("../../../examples/apps", import.meta.url));
const target = fileURLToPath(new URL("../sample-apps", import.meta.url));

rmSync(target, { recursive: true, force: true });
if (process.argv[2] === "copy") {
  for (const name of readdirSync(source)) {
    const folder = join(source, name);
    if (existsSync(join(folder, "muster.app.json"))) {
      cpSync(folder, join(target, name), { recursive: true });
    }
  }
}
