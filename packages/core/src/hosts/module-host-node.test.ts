import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "muster-node-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** Loads one package before and after it was mended, and prints what came of it. */
const program = (host: string, apps: string): string => `
  import { writeFileSync } from "node:fs";
  import { createModuleHost } from ${JSON.stringify(host)};
  const host = createModuleHost({ dir: ${JSON.stringify(apps)} });
  const context = { signal: new AbortController().signal, settings: {}, cause: "start", appId: "mailer", nodeId: "n1" };
  const load = () => host.load({ appId: "mailer", version: "1.0.0" }, context);
  const broken = await load();
  writeFileSync(${JSON.stringify(join(apps, "mailer/main.js"))}, "export const app = { onEnable: ({ nodeId }) => nodeId !== 'n1' };");
  const mended = await load();
  const enabled = mended.kind === "loaded" ? await host.enable(mended.app, context) : mended;
  console.log(JSON.stringify({ runtime: process.release.name, bun: "Bun" in globalThis, broken: broken.kind, enabled }));
`;

test("the module host loads, and loads anew, under Node", async () => {
  const apps = join(dir, "a folder, with 100% #odd? names");
  await mkdir(join(apps, "mailer"), { recursive: true });
  const manifest = { id: "mailer", name: "Mailer", version: "1.0.0", entry: "main.js" };
  await writeFile(join(apps, "mailer/muster.app.json"), JSON.stringify(manifest));
  await writeFile(join(apps, "mailer/package.json"), '{"type":"module"}');
  await writeFile(join(apps, "mailer/main.js"), "export const app = {");
  const built = await Bun.build({
    entrypoints: [join(import.meta.dir, "module-host.ts")],
    target: "node",
    outdir: dir,
    naming: "[name].mjs",
  });
  expect(built.success).toBe(true);
  await writeFile(join(dir, "program.mjs"), program(join(dir, "module-host.mjs"), apps));
  const child = Bun.spawn(["node", join(dir, "program.mjs")], { stderr: "pipe" });
  const [output, errors] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  expect(errors).toBe("");
  expect(JSON.parse(output)).toEqual({
    runtime: "node",
    bun: false,
    broken: "broken",
    enabled: false,
  });
});
