/**
 * Sessions of browsers, kept by nobody: a cookie names the caller and its end, signed with a key
 * made from the hash of the token it was opened with. So every node that knows the token takes it,
 * and it ends with the token.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { Principal } from "@muster/core";

/** A caller as one of its tokens makes it known. */
export interface KnownToken {
  readonly hash: Buffer;
  readonly principal: Principal;
}

export interface Session {
  readonly principal: Principal;
  /** In milliseconds since 1970. */
  readonly expiresAt: number;
  /** Until then, in milliseconds. */
  readonly leftMs: number;
}

const cookieName = "muster-session";
/** Cookies of the same name may come from several paths of one host. */
const mostRead = 4;

const sign = (key: Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();

const encodedName = (name: string): string => Buffer.from(name).toString("base64url");

/**
 * Without a path the browser keeps the cookie to the folder it came from, as the browser sees it:
 * the API of this mount, whatever a proxy makes of paths.
 */
const cookieOf = (value: string, maxAgeS: number, secure: boolean): string =>
  `${cookieName}=${value}; Max-Age=${maxAgeS}; HttpOnly; SameSite=Strict${secure ? "; Secure" : ""}`;

/** Whether the browser came by https; behind a proxy its own words tell, and can only make it stricter. */
const isSecure = ({ url, headers }: Request): boolean =>
  [url, headers.get("origin"), headers.get("x-forwarded-proto")].some((text) =>
    /^https\b/i.test(text ?? ""),
  );

const valuesOf = ({ headers }: Request): readonly string[] =>
  (headers.get("cookie") ?? "")
    .split(";")
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${cookieName}=`))
    .slice(0, mostRead)
    .map((pair) => pair.slice(cookieName.length + 1));

export class Sessions {
  readonly #known: readonly { readonly key: Buffer; readonly principal: Principal }[];
  readonly #lifeMs: number;
  readonly #now: () => number;

  constructor(
    known: readonly KnownToken[],
    { lifeMs, now }: { readonly lifeMs: number; readonly now: () => number },
  ) {
    // A key of its own, so that nothing else signed with a hash is ever taken for a session.
    this.#known = known.map(({ hash, principal }) => ({
      key: sign(hash, "muster session 1"),
      principal,
    }));
    this.#lifeMs = lifeMs;
    this.#now = now;
  }

  /** Begins a session of a caller known by a token; answers it with its `Set-Cookie`. */
  begin(
    { hash, principal }: KnownToken,
    request: Request,
  ): { readonly session: Session; readonly cookie: string } {
    const expiresAt = this.#now() + this.#lifeMs;
    const told = `${encodedName(principal.name)}.${expiresAt}`;
    const signature = sign(sign(hash, "muster session 1"), told).toString("base64url");
    return {
      session: { principal, expiresAt, leftMs: this.#lifeMs },
      cookie: cookieOf(`${told}.${signature}`, Math.floor(this.#lifeMs / 1_000), isSecure(request)),
    };
  }

  /** The `Set-Cookie` that makes the browser forget its session. */
  end(request: Request): string {
    return cookieOf("", 0, isSecure(request));
  }

  /** The session a request comes with: one that is true and has not ended. */
  of(request: Request): Session | undefined {
    for (const value of valuesOf(request)) {
      const session = this.#read(value);
      if (session) return session;
    }
    return undefined;
  }

  /** Whether a request comes with a session, be it good or not. */
  isIn(request: Request): boolean {
    return valuesOf(request).some((value) => value !== "");
  }

  #read(value: string): Session | undefined {
    const [, name, end, signature] = /^([\w-]{1,1024})\.(\d{1,15})\.([\w-]{43})$/.exec(value) ?? [];
    if (name === undefined || end === undefined || signature === undefined) return undefined;
    const given = Buffer.from(signature, "base64url");
    const told = `${name}.${end}`;
    let found: Principal | undefined;
    for (const { key, principal } of this.#known) {
      const isTrue = timingSafeEqual(sign(key, told), given);
      if (isTrue && encodedName(principal.name) === name) found = principal;
    }
    const expiresAt = Number(end);
    const leftMs = expiresAt - this.#now();
    return found && leftMs > 0 ? { principal: found, expiresAt, leftMs } : undefined;
  }
}
