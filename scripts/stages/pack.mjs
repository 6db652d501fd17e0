/** Packs each package as it would be published and lets publint judge the tarball. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { bunPath, packageNames, root } from "../setup/paths.mjs";
import { run } from "../setup/run.mjs";

const packInto = async (folder, target) => {
  const { code, output } = await run(
    bunPath,
    ["pm", "pack", "--quiet", "--ignore-scripts", "--destination", target],
    { cwd: folder },
  );
  if (code !== 0) throw new Error(`bun pm pack: ${output.trim()}`);
};

const judge = async (name) => {
  const folder = join(root, "packages", name);
  if (!existsSync(join(folder, "src"))) return [];
  const target = mkdtempSync(join(tmpdir(), "muster-pack-"));
  try {
    await packInto(folder, target);
    const tarball = readdirSync(target).find((file) => file.endsWith(".tgz"));
    if (!tarball) return [`@muster/${name}: no tarball was made`];
    const bytes = readFileSync(join(target, tarball));
    const { messages, pkg } = await publint({
      pack: { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) },
      level: "warning",
      strict: true,
    });
    const found = messages.map((message) => formatMessage(message, pkg, { color: false }));
    if (/"workspace:/.test(JSON.stringify(pkg))) found.push("a workspace: version is left in it");
    return found.map((message) => `@muster/${name}: ${message}`);
  } finally {
    rmSync(target, { recursive: true, force: true });
  }
};

/** @returns what publint says against any of the packages */
export const pack = async () => (await Promise.all(packageNames.map(judge))).flat();
