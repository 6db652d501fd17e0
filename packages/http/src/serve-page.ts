/** Serves the page under a policy that lets it load nothing but itself. */
import { randomBytes } from "node:crypto";
import { pageHtml } from "./page/page.generated.ts";

const policy = (nonce: string): string =>
  [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    // Nothing of the page may make markup from text, not even by mistake.
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");

/** Sends `/ops` to `/ops/`. The leading `./` keeps a name with a colon from being a scheme. */
export const toDirectory = (path: string, search: string): Response => {
  const name = path.split("/").at(-1) ?? "";
  return new Response(null, { status: 302, headers: { location: `./${name}/${search}` } });
};

/** The page; an address without its last slash is sent to the one with it, since links are relative. */
export const servePage = (request: Request): Response => {
  const url = new URL(request.url);
  if (!url.pathname.endsWith("/")) {
    return toDirectory(url.pathname, url.search);
  }
  const nonce = randomBytes(16).toString("base64url");
  return new Response(pageHtml(nonce), {
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": policy(nonce),
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
    },
  });
};
