/**
 * A TCP proxy in front of one Redis, one for each test node: cuts, heals and slows what passes, and
 * loses chosen replies. Lives in the test's own process.
 */
import { createServer, type Socket } from "node:net";
import { type Copier, startCopier } from "./copier.ts";
import { type Link, type ProxiedConnection, proxyConnection } from "./proxied-connection.ts";

export type { Link } from "./proxied-connection.ts";
/** Chooses links; without it a verb means all of them, present and future. */
export type LinkMatch = (link: Link) => boolean;

export interface SwallowRule {
  /** How many replies are lost before the rule ends. @defaultValue 1 */
  readonly count?: number;
  /** Chooses requests by their words: the command in lower case, then its arguments. */
  readonly when?: (words: readonly string[], link: Link) => boolean;
  /**
   * A connection that lost a reply stays open and silent for so long, and loses what else is
   * answered meanwhile. @defaultValue 0
   */
  readonly lingerMs?: number;
}

export interface CopyRule {
  /** Chooses requests, as for {@link SwallowRule}. */
  readonly when?: (words: readonly string[], link: Link) => boolean;
  /** One copy each: how many milliseconds after the request it is sent, beside the client's connection. */
  readonly afterMs: readonly number[];
}

export interface TcpProxy {
  readonly port: number;
  /** Connections open now. */
  links(): readonly Link[];
  /**
   * Cuts links until {@link TcpProxy.heal}. `silent` holds all bytes, as a dropped network does:
   * both ends keep their sockets, and what was sent arrives late, after the heal. `refused` closes
   * links at once and lets none be opened.
   */
  cut(mode?: "silent" | "refused", match?: LinkMatch): void;
  /** Ends cuts, delays, losses and copies; what was held or delayed arrives now. */
  heal(): void;
  /** Delays every reply by so many milliseconds, in order. */
  delay(ms: number, match?: LinkMatch): void;
  /**
   * Lets requests through and loses their replies: the server has done the work, the client sees
   * its connection closed. Without `when` it is every command but those of a handshake.
   */
  swallowReplies(rule?: number | SwallowRule): void;
  /** Replies lost so far. */
  readonly swallowed: number;
  /**
   * Lets the server get requests more than once, as a client that sends again does: the copies are
   * byte for byte, their replies reach nobody.
   */
  copyRequests(rule: CopyRule): void;
  /** Copies sent or on their way. */
  readonly copies: number;
  /** What the server answered to copies so far: first number of the answer, and how often. */
  readonly copied: ReadonlyMap<string, number>;
  /** Hands subscribers every published message twice. */
  repeatMessages(): void;
  /** Connects to another server from now on; links that are open stay with the old one. */
  retarget(port: number): void;
  /** Drops the server's side of present links; the clients' sides stay open and silent for ever. */
  halfOpen(match?: LinkMatch): number;
  close(): Promise<void>;
}

const handshake: ReadonlySet<string> = new Set([
  "hello",
  "auth",
  "client",
  "select",
  "info",
  "ping",
  "quit",
  "subscribe",
  "psubscribe",
  "ssubscribe",
]);
const isWork = (words: readonly string[]): boolean => !handshake.has(words[0] ?? "");

/** Starts a proxy on a free loopback port in front of `targetPort`. */
export const startTcpProxy = async (targetPort: number): Promise<TcpProxy> => {
  const open = new Set<ProxiedConnection>();
  let count = 0;
  let swallowed = 0;
  let cutting: { readonly mode: "silent" | "refused"; readonly match: LinkMatch } | undefined;
  let delaying: { readonly ms: number; readonly match: LinkMatch } | undefined;
  let losing:
    | { left: number; readonly when: NonNullable<SwallowRule["when"]>; readonly lingerMs: number }
    | undefined;
  let copying: CopyRule | undefined;
  let repeating = false;
  let port = targetPort;
  const copied = new Map<string, number>();
  let copies = 0;
  const copiers: Copier[] = [];

  const isCut = (mode: "silent" | "refused", link: Link): boolean =>
    cutting?.mode === mode && cutting.match(link);
  const rules = {
    held: (link: Link) => isCut("silent", link),
    refused: (link: Link) => isCut("refused", link),
    delayMs: (link: Link) => (delaying?.match(link) ? delaying.ms : 0),
    mayLose: (link: Link, words: readonly string[]) =>
      losing !== undefined && losing.left > 0 && losing.when(words, link),
    loses: () => {
      if (losing === undefined || losing.left <= 0) return false;
      losing.left -= 1;
      swallowed += 1;
      return true;
    },
    lingerMs: () => losing?.lingerMs ?? 0,
    passed: (link: Link, words: readonly string[], request: Buffer) => {
      if (copying === undefined || !(copying.when ?? isWork)(words, link)) return;
      for (const [n, afterMs] of copying.afterMs.entries()) {
        copiers[n] ??= startCopier(port, copied);
        copiers[n].send(request, afterMs);
        copies += 1;
      }
    },
    repeats: () => repeating,
  };
  const refresh = (): void => {
    for (const connection of [...open]) connection.refresh();
  };

  const server = createServer((client: Socket) => {
    const connection = proxyConnection({
      n: ++count,
      client,
      targetPort: port,
      rules,
      onClosed: () => open.delete(connection),
    });
    open.add(connection);
    connection.refresh();
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The proxy has no port.");

  return {
    port: address.port,
    links: () => [...open].map((connection) => connection.link),
    cut: (mode = "silent", match = () => true) => {
      cutting = { mode, match };
      refresh();
    },
    heal: () => {
      cutting = undefined;
      delaying = undefined;
      losing = undefined;
      copying = undefined;
      repeating = false;
      refresh();
      for (const connection of [...open]) connection.hurry();
    },
    delay: (ms, match = () => true) => {
      delaying = { ms, match };
    },
    swallowReplies: (rule = 1) => {
      const given: SwallowRule = typeof rule === "number" ? { count: rule } : rule;
      losing = {
        left: given.count ?? 1,
        when: given.when ?? isWork,
        lingerMs: given.lingerMs ?? 0,
      };
    },
    get swallowed() {
      return swallowed;
    },
    copyRequests: (rule) => {
      copying = rule;
    },
    get copies() {
      return copies;
    },
    copied,
    repeatMessages: () => {
      repeating = true;
    },
    retarget: (to) => {
      port = to;
    },
    halfOpen: (match = () => true) => {
      const chosen = [...open].filter((connection) => match(connection.link));
      for (const connection of chosen) connection.abandonServer();
      return chosen.length;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const copier of copiers) copier.close();
        for (const connection of [...open]) connection.close();
      }),
  };
};
