/**
 * Makes src/page/page.generated.ts from page/: one HTML text with style and script in it, since a
 * page that loads nothing else works under every mount and every content security policy.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const folder = join(import.meta.dirname, "../page");
export const target = join(import.meta.dirname, "../src/page/page.generated.ts");

const bundle = async (file: string): Promise<string> => {
  const built = await Bun.build({
    entrypoints: [join(folder, file)],
    target: "browser",
    minify: true,
  });
  const [output] = built.outputs;
  if (!output || built.outputs.length !== 1) throw new Error(`${file} did not become one file`);
  return (await output.text()).trim();
};

/** Inside its element a text must not end it. */
const inside = (text: string, element: "script" | "style"): string => {
  if (new RegExp(`</${element}|<!--`, "i").test(text)) {
    throw new Error(`the ${element} would be cut short by its own text`);
  }
  return text;
};

/** The generated module as it should be, by what the sources of the page say now. */
export const compilePage = async (): Promise<string> => {
  const template = readFileSync(join(folder, "index.html"), "utf8").replaceAll("\n", "");
  const script = inside(await bundle("main.ts"), "script");
  const style = inside(await bundle("style.css"), "style");
  const html = template.replace("/*style*/", () => style).replace("/*script*/", () => script);
  const parts = html.split("%NONCE%").map((part) => `  ${JSON.stringify(part)},`);
  return [
    "// Made by `bun run gen:page` from packages/http/page; change those files.",
    "const parts: readonly string[] = [",
    ...parts,
    "];",
    "",
    "/** The page as HTML, its script and style under the nonce. */",
    "export const pageHtml = (nonce: string): string => parts.join(nonce);",
    "",
  ].join("\n");
};

if (import.meta.main) writeFileSync(target, await compilePage());
