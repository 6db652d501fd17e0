/** Who is calling: bearer tokens, an explicit "none" for loopback, or the embedding server's own check. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Principal } from "@muster/core";
import { FailureLimit } from "./failure-limit.ts";
import { HttpProblem } from "./problem.ts";
import { roleRank } from "./role.ts";
import { type KnownToken, type Session, Sessions } from "./sessions.ts";

/** One caller; two tokens allow a rotation without a gap. */
export interface TokenEntry {
  readonly name: string;
  readonly role: Principal["role"];
  readonly tenant?: string;
  readonly grants?: readonly string[];
  /** The tokens themselves, or their SHA-256 in hex as `muster token hash` prints it. */
  readonly tokens?: readonly string[];
  readonly sha256?: readonly string[];
}

/** What is known of a request's other end. */
export interface Peer {
  /** IP address, where it is known. */
  readonly address?: string | undefined;
  /** The request was made by code of this process and came over no connection. */
  readonly inProcess?: boolean;
}

export interface Authenticator {
  /** Answers the caller. @throws HttpProblem */
  authenticate(request: Request, peer: Peer, env: unknown): Promise<Principal> | Principal;
  /** Sessions of browsers; without it the mount has none of its own. */
  readonly sessions?: BrowserSessions;
}

/** How a browser that has shown its token once is known from then on. */
export interface BrowserSessions {
  /** Begins one for the caller whose token the request carries. @throws HttpProblem */
  begin(request: Request, peer: Peer): { readonly session: Session; readonly cookie: string };
  /** The session that a request is known by: one with a token is known by that. */
  of(request: Request): Session | undefined;
  /** What makes the browser forget it. */
  end(request: Request): string;
}

export interface TokensOptions {
  /** How long a browser stays signed in, in milliseconds. @defaultValue 43200000 */
  readonly sessionMs?: number;
  /** Milliseconds since 1970; by default the machine's clock. */
  readonly now?: () => number;
}

/** The embedding server's own check; `null` means not authenticated. */
export type CustomAuth = (
  request: Request,
  env: unknown,
) => Principal | null | Promise<Principal | null>;

const hasToken = ({ headers }: Request): boolean => !!headers.get("authorization")?.trim();

const sha256 = (text: string): Buffer => createHash("sha256").update(text).digest();

const unauthenticated = (detail: string): HttpProblem =>
  new HttpProblem("UNAUTHENTICATED", detail, {
    hint: "Send the header Authorization: Bearer TOKEN.",
    headers: { "www-authenticate": 'Bearer realm="muster"' },
  });

const maxProven = 10_000;
const defaultSessionMs = 12 * 3_600_000;
const sessionBounds = { least: 60_000, most: 30 * 24 * 3_600_000 } as const;

/** What a caller may do is decided by its role: one that is misspelt must not go unnoticed. */
const isPrincipal = ({ name, role }: Principal): boolean =>
  typeof name === "string" && name.trim() !== "" && Object.hasOwn(roleRank, role);

/**
 * Checks bearer tokens in constant time. After 30 wrong ones within a minute from one address its
 * further attempts are refused for the rest of that minute, except with a token that was right
 * from there before: behind a proxy, one forgotten client must not lock out all others.
 * A browser may be known by a session that such a token opened.
 * @throws Error for an entry without a name, role or token, with more than two tokens, with a token
 *   under 16 characters, or with a token that another entry has; and for a `sessionMs` that is not
 *   between a minute and 30 days
 */
export const tokens = (
  entries: readonly TokenEntry[],
  { sessionMs = defaultSessionMs, now = Date.now }: TokensOptions = {},
): Authenticator => {
  if (!(sessionMs >= sessionBounds.least && sessionMs <= sessionBounds.most)) {
    throw new Error(`sessionMs must be between a minute and 30 days, not ${sessionMs}.`);
  }
  const known: readonly KnownToken[] = entries.flatMap(
    ({ tokens: plain = [], sha256: hashes = [], ...caller }) => {
      if (!isPrincipal(caller)) {
        throw new Error(
          `A caller needs a name and a role (viewer, operator or admin), not "${caller.name}" and "${caller.role}".`,
        );
      }
      const count = plain.length + hashes.length;
      if (count < 1 || count > 2) {
        throw new Error(`The caller "${caller.name}" needs one or two tokens, not ${count}.`);
      }
      // One from an environment variable that is not set is no text at all.
      if (plain.some((token) => typeof token !== "string" || token.length < 16)) {
        throw new Error(`A token of "${caller.name}" is missing or has fewer than 16 characters.`);
      }
      if (hashes.some((hash) => !/^[0-9a-f]{64}$/.test(hash))) {
        throw new Error(`A hash of "${caller.name}" is not a SHA-256 in lower-case hex.`);
      }
      const principal: Principal = caller;
      return [...plain.map(sha256), ...hashes.map((hash) => Buffer.from(hash, "hex"))].map(
        (hash) => ({ hash, principal }),
      );
    },
  );
  const distinct = new Set(known.map(({ hash }) => hash.toString("hex")));
  if (distinct.size < known.length) throw new Error("Two callers have the same token.");
  const failures = new FailureLimit();
  const proven = new Set<string>();
  const sessions = new Sessions(known, { lifeMs: sessionMs, now });
  const identify = (request: Request, peer: Peer): KnownToken => {
    const header = request.headers.get("authorization") ?? "";
    const token = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(header)?.[1];
    const given = sha256(token ?? "");
    let found: KnownToken | undefined;
    for (const one of known) {
      if (timingSafeEqual(one.hash, given) && token !== undefined) found = one;
    }
    const place = peer.address ?? "unknown";
    const pair = `${place} ${given.toString("hex")}`;
    if (found && proven.has(pair)) return found;
    failures.check(place);
    if (found) {
      if (proven.size >= maxProven) proven.clear();
      proven.add(pair);
      return found;
    }
    failures.note(place);
    throw unauthenticated("The token is not known here.");
  };
  const missing = (request: Request): HttpProblem =>
    unauthenticated(
      sessions.isIn(request) ? "The session has ended." : "The request carries no token.",
    );
  return {
    authenticate: (request, peer) => {
      if (hasToken(request)) return identify(request, peer).principal;
      const session = sessions.of(request);
      if (session) return session.principal;
      throw missing(request);
    },
    sessions: {
      begin: (request, peer) => {
        if (!hasToken(request)) throw missing(request);
        return sessions.begin(identify(request, peer), request);
      },
      of: (request) => (hasToken(request) ? undefined : sessions.of(request)),
      end: (request) => sessions.end(request),
    },
  };
};

const loopbackHost = /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(:\d{1,5})?$/i;
const isLoopback = (address: string): boolean =>
  /^(::ffff:)?127\./.test(address) || address === "::1";

const forwarding: ReadonlySet<string> = new Set(["forwarded", "via", "x-real-ip"]);

/** Everybody is an administrator, provided that they call from this machine. */
export const noAuth = (allowPublic: boolean): Authenticator => ({
  authenticate: (request, peer) => {
    if (allowPublic) return { name: "anonymous", role: "admin" };
    const host = request.headers.get("host") ?? new URL(request.url).host;
    const forwarded = [...request.headers.keys()].some(
      (name) => forwarding.has(name) || name.startsWith("x-forwarded-"),
    );
    const near = peer.address === undefined ? peer.inProcess === true : isLoopback(peer.address);
    if (near && loopbackHost.test(host) && !forwarded) return { name: "anonymous", role: "admin" };
    throw new HttpProblem("NOT_LOOPBACK", "Without tokens only this machine may call.", {
      hint: "Set auth: tokens([…]), or allowPublic: true if something in front checks callers.",
    });
  },
});

/** Wraps a check of the embedding server's. */
export const customAuth = (check: CustomAuth): Authenticator => ({
  authenticate: async (request, _peer, env) => {
    const principal = await check(request, env);
    if (!principal) throw unauthenticated("The server does not know the caller.");
    if (isPrincipal(principal)) return principal;
    throw new TypeError("auth answered a principal without a name or without a known role.");
  },
});

/**
 * The caller check that the options of a mount ask for.
 * @throws TypeError when there is none: no mount without a decision
 */
export const authenticatorOf = (
  mount: string,
  options: {
    readonly auth: Authenticator | CustomAuth | "none";
    readonly allowPublic?: boolean;
  },
): Authenticator => {
  const { auth, allowPublic = false } = options ?? {};
  if (auth === "none") return noAuth(allowPublic);
  if (typeof auth === "function") return customAuth(auth);
  if (typeof auth?.authenticate === "function") return auth;
  throw new TypeError(`${mount} needs auth: tokens([…]), a function, or "none" said outright.`);
};
