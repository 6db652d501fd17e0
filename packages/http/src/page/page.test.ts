import { beforeAll, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { compilePage, target } from "../../scripts/gen-page.ts";
import { servePage } from "../serve-page.ts";
import { pageHtml } from "./page.generated.ts";

const sources = join(import.meta.dirname, "../../page");
const maxBytes = 60 * 1_024;

let response: Response;
let html: string;
let policy: ReadonlyMap<string, string>;
beforeAll(async () => {
  response = servePage(new Request("http://node/ops/"));
  html = await response.text();
  const header = response.headers.get("content-security-policy") ?? "";
  policy = new Map(
    header.split("; ").map((rule) => {
      const [name = "", ...rest] = rule.split(" ");
      return [name, rest.join(" ")];
    }),
  );
});

test("the generated page is up to date (bun run gen:page)", async () => {
  expect(readFileSync(target, "utf8")).toBe(await compilePage());
});

test("the page is small", () => {
  expect(gzipSync(html).byteLength).toBeLessThan(maxBytes);
});

test("the page names no address of another place", () => {
  const addresses = html.match(/(?:https?:)?\/\/[\w.-]+\.[a-z]{2,}[^"'`\s)]*/g) ?? [];
  expect(new Set(addresses)).toEqual(new Set(["http://www.w3.org/2000/svg"]));
  expect(html).not.toMatch(/\b(?:src|srcset|action|formaction|poster|ping)=/i);
  expect(html).not.toMatch(/@import|url\(/i);
});

test("the page may load nothing, send to its own node only, and be framed by nobody", () => {
  expect(policy.get("default-src")).toBe("'none'");
  expect(policy.get("connect-src")).toBe("'self'");
  expect(policy.get("img-src")).toBe("data:");
  expect(policy.get("base-uri")).toBe("'none'");
  expect(policy.get("form-action")).toBe("'none'");
  expect(policy.get("frame-ancestors")).toBe("'none'");
  expect(response.headers.get("x-frame-options")).toBe("DENY");
  expect(response.headers.get("referrer-policy")).toBe("no-referrer");
});

test("script and style run by a nonce that is new each time", async () => {
  const nonce = /'nonce-([\w-]{22})'/.exec(policy.get("script-src") ?? "")?.[1] ?? "none";
  expect(policy.get("style-src")).toBe(`'nonce-${nonce}'`);
  expect(html.match(/<(?:script|style)\b[^>]*>/g)).toEqual([
    `<style nonce="${nonce}">`,
    `<script nonce="${nonce}" type="module">`,
  ]);
  const other = await servePage(new Request("http://node/ops/")).text();
  expect(other).not.toContain(nonce);
  expect(html).not.toMatch(/\son[a-z]+="|\sstyle="|javascript:/i);
});

test("nothing makes markup from text: neither by a policy nor by any source of the page", () => {
  expect(policy.get("require-trusted-types-for")).toBe("'script'");
  expect(policy.get("trusted-types")).toBe("'none'");
  const sinks =
    /innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|setHTML|srcdoc|\beval\b|new Function/;
  const files = readdirSync(sources, { recursive: true, encoding: "utf8" }).filter((file) =>
    /(?<!\.test)\.ts$/.test(file),
  );
  expect(files.length).toBeGreaterThan(10);
  expect(files.filter((file) => sinks.test(readFileSync(join(sources, file), "utf8")))).toEqual([]);
});

test("the page says its language, works at any width, and has its parts named", () => {
  expect(html).toContain('<html lang="en">');
  expect(html).toContain("width=device-width");
  for (const id of html.matchAll(/(?:aria-labelledby|aria-describedby|for|href)="#?([\w-]+)"/g)) {
    expect(html).toContain(`id="${id[1]}"`);
  }
});

test("the nonce is put wherever the template asks for it", () => {
  expect(pageHtml("N0NCE").match(/N0NCE/g)).toHaveLength(2);
});
