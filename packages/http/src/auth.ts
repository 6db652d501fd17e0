/** Who is calling: bearer tokens, an explicit "none" for loopback, or the embedding server's own check. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Principal } from "@muster/core";
import { FailureLimit } from "./failure-limit.ts";
import { HttpProblem } from "./problem.ts";

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
  /** IP address; absent for a call within the process. */
  readonly address?: string | undefined;
}

export interface Authenticator {
  /** Answers the caller. @throws HttpProblem */
  authenticate(request: Request, peer: Peer, env: unknown): Promise<Principal> | Principal;
}

/** The embedding server's own check; `null` means not authenticated. */
export type CustomAuth = (
  request: Request,
  env: unknown,
) => Principal | null | Promise<Principal | null>;

const sha256 = (text: string): Buffer => createHash("sha256").update(text).digest();

const unauthenticated = (detail: string): HttpProblem =>
  new HttpProblem("UNAUTHENTICATED", detail, {
    hint: "Send the header Authorization: Bearer TOKEN.",
    headers: { "www-authenticate": 'Bearer realm="muster"' },
  });

/**
 * Checks bearer tokens in constant time.
 * @throws Error for an entry without a token, with more than two, or with a token under 16 characters
 */
export const tokens = (entries: readonly TokenEntry[]): Authenticator => {
  const known = entries.flatMap(({ tokens: plain = [], sha256: hashes = [], ...caller }) => {
    const count = plain.length + hashes.length;
    if (count < 1 || count > 2) {
      throw new Error(`The caller "${caller.name}" needs one or two tokens, not ${count}.`);
    }
    const short = plain.find((token) => token.length < 16);
    if (short !== undefined) {
      throw new Error(`A token of "${caller.name}" has fewer than 16 characters.`);
    }
    const broken = hashes.find((hash) => !/^[0-9a-f]{64}$/.test(hash));
    if (broken !== undefined) {
      throw new Error(`A hash of "${caller.name}" is not a SHA-256 in lower-case hex.`);
    }
    const principal: Principal = caller;
    return [...plain.map(sha256), ...hashes.map((hash) => Buffer.from(hash, "hex"))].map(
      (hash) => ({ hash, principal }),
    );
  });
  const failures = new FailureLimit();
  const authenticate = (request: Request, peer: Peer): Principal => {
    const header = request.headers.get("authorization");
    if (header === null) throw unauthenticated("The request carries no token.");
    failures.check(peer.address ?? "process");
    const token = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(header)?.[1];
    const given = sha256(token ?? "");
    let found: Principal | undefined;
    for (const { hash, principal } of known) {
      if (timingSafeEqual(hash, given) && token !== undefined) found = principal;
    }
    if (found) return found;
    failures.note(peer.address ?? "process");
    throw unauthenticated("The token is not known here.");
  };
  return { authenticate };
};

const loopbackHost = /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(:\d{1,5})?$/i;
const isLoopback = (address: string): boolean =>
  /^(::ffff:)?127\./.test(address) || address === "::1";

/** Everybody is an administrator, provided that they call from this machine. */
export const noAuth = (allowPublic: boolean): Authenticator => ({
  authenticate: (request, peer) => {
    if (allowPublic) return { name: "anonymous", role: "admin" };
    const host = request.headers.get("host") ?? new URL(request.url).host;
    const forwarded = [...request.headers.keys()].some(
      (name) => name === "forwarded" || name.startsWith("x-forwarded-"),
    );
    const near = peer.address === undefined || isLoopback(peer.address);
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
    if (principal) return principal;
    throw unauthenticated("The server does not know the caller.");
  },
});
