/**
 * Asks Sentinels who the primary is: whenever a connection is made, at what they announce, and every
 * few seconds, since an announcement may be lost. Its answer is one for all connections of a node.
 */
import type { Cancel, Clock, Logger } from "@muster/core/ports";
import type { Link, Reply } from "../link.ts";
import { isAuthRefusal, isDenied, wordsOf } from "../refused-access.ts";
import { eachPair, text } from "../reply.ts";
import { decidePrimary, type Followed, type Said } from "./decide-primary.ts";

const sweepMs = 5_000;
/** Others are waited for so long once one has told a primary: it may be behind them. */
const graceMs = 100;
/** Connections that are made at about the same time share what was asked. */
const freshMs = 50;
/** What Sentinels announce when they know another primary; the first comes from their leader alone. */
const changes = ["+promoted-slave", "+switch-master"];
/**
 * What their leader announces about a tenth of a second before it promotes a replica. A primary that
 * is well goes on taking writes after that, which are lost: nobody is to be there any more.
 */
const begins = "+selected-slave";
const aborts = ["-failover-abort-slave-timeout", "-failover-abort-no-good-slave"];
/** A promotion takes a second. What takes longer may come to nothing. */
const longestHoldMs = 3_000;

export interface SentinelWatchContext {
  readonly sentinels: readonly string[];
  readonly name: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long a Sentinel is waited for, in milliseconds. */
  readonly patienceMs: number;
  /** Makes a connection without connecting it. */
  make(address: string): Link;
  translate(address: string): string;
}

/** What the Sentinels say by now. */
export interface Hearing {
  readonly followed: Followed | undefined;
  readonly said: ReadonlyMap<string, Said>;
  /** What they say of a quorum that is not there; `undefined` while one says that it is. */
  readonly noQuorum: string | undefined;
}

const readSaid = (described: Reply, told: Reply): Said => {
  if (!Array.isArray(told)) return { kind: "name-unknown" };
  let epoch = Number.NaN;
  eachPair(described, (field, value) => {
    if (field.toString() === "config-epoch") epoch = Number(value.toString());
  });
  return Number.isSafeInteger(epoch)
    ? { kind: "primary", address: `${text(told[0])}:${text(told[1])}`, epoch }
    : { kind: "silent", detail: "It tells no epoch." };
};

const readRefusal = (error: unknown): Said => {
  const detail = wordsOf(error) || String(error);
  if (/No such master/i.test(detail)) return { kind: "name-unknown" };
  if (/unknown command/i.test(detail)) return { kind: "refused", why: "no-sentinel", detail };
  if (isDenied(error)) return { kind: "refused", why: "acl", detail };
  if (isAuthRefusal(error)) return { kind: "refused", why: "log-in", detail };
  return { kind: "silent", detail };
};

export class SentinelWatch {
  readonly #context: SentinelWatchContext;
  readonly #links: ReadonlyMap<string, Link>;
  readonly #said = new Map<string, Said>();
  readonly #moved = new Set<() => void>();
  #followed: Followed | undefined;
  #noQuorum: string | undefined;
  #round: Promise<void> | undefined;
  #roundEndedAt = Number.NEGATIVE_INFINITY;
  #held: { readonly over: Promise<void>; release(): void } | undefined;
  #sweep: Cancel = () => {};
  #ended = false;

  constructor(context: SentinelWatchContext) {
    this.#context = context;
    this.#links = new Map(context.sentinels.map((address) => [address, context.make(address)]));
    for (const [address, link] of this.#links) {
      this.#said.set(address, { kind: "silent", detail: "Not connected." });
      link.redis.on("ready", () => void this.#attend(address, link));
      link.redis.on("close", () => this.#note(address, this.#absence(link)));
      link.redis.on("message", (channel: string, words: string) => {
        if (!words.split(" ").includes(context.name)) return;
        if (channel === begins) this.#begin();
        else if (aborts.includes(channel)) this.#held?.release();
        else void this.#ask(address, link);
      });
    }
  }

  get hearing(): Hearing {
    return { followed: this.#followed, said: this.#said, noQuorum: this.#noQuorum };
  }

  /** True while a replica is being promoted: no server is to be followed then. */
  get isHeld(): boolean {
    return this.#held !== undefined;
  }

  /** Connects, and resolves once they have told what they know by now. */
  async open(): Promise<void> {
    for (const link of this.#links.values()) {
      link.open().catch(() => {
        // It goes on trying by itself.
      });
    }
    await this.#refresh();
    await this.#askForQuorum();
    this.#sweepLater();
  }

  end(): void {
    this.#ended = true;
    this.#held?.release();
    this.#sweep();
    for (const link of this.#links.values()) link.close();
  }

  /**
   * Asks who the primary is by now, once no replica is being promoted. While no Sentinel answers it is
   * the last one known.
   */
  async where(): Promise<Followed | undefined> {
    await this.#held?.over;
    const age = this.#context.clock.monotonic() - this.#roundEndedAt;
    if (age > freshMs && !this.#ended) await this.#refresh();
    return this.#followed;
  }

  /** Where an address that Sentinels tell is reached from here. */
  reach(address: string): string {
    return this.#context.translate(address);
  }

  /** Calls back when another address is to be followed, or none. */
  onMove(listener: () => void): void {
    this.#moved.add(listener);
  }

  #refresh(): Promise<void> {
    this.#round ??= this.#askAll().finally(() => {
      this.#round = undefined;
      this.#roundEndedAt = this.#context.clock.monotonic();
    });
    return this.#round;
  }

  #askAll(): Promise<void> {
    return new Promise((resolve) => {
      let left = this.#links.size;
      let cancel: Cancel | undefined;
      const done = () => {
        cancel?.();
        resolve();
      };
      for (const [address, link] of this.#links) {
        void this.#ask(address, link).then((said) => {
          left -= 1;
          if (left === 0) done();
          else if (said.kind === "primary") cancel ??= this.#context.clock.after(graceMs, done);
        });
      }
    });
  }

  async #ask(sentinel: string, link: Link): Promise<Said> {
    const { name } = this.#context;
    const ask = (word: string) => link.call(`SENTINEL ${word}`, "sentinel", [word, name]);
    await this.#whenReady(link);
    if (!link.isReady) return this.#note(sentinel, this.#absence(link));
    try {
      // The epoch first: one that is too low does no harm, one that is too high would.
      const answers = await Promise.all([ask("master"), ask("get-master-addr-by-name")]);
      return this.#note(sentinel, readSaid(...answers));
    } catch (error) {
      return this.#note(sentinel, readRefusal(error));
    }
  }

  /** Waits for a connection that is being made for the first time, until that fails. */
  async #whenReady(link: Link): Promise<void> {
    if (link.isReady || link.awayMs > 0) return;
    await new Promise<void>((resolve) => {
      link.redis.once("close", resolve);
      void link.whenReady(this.#context.patienceMs).then(() => {
        link.redis.off("close", resolve);
        resolve();
      });
    });
  }

  #absence(link: Link): Said {
    return readRefusal(link.lastError ?? new Error("It did not answer."));
  }

  #note(sentinel: string, said: Said): Said {
    this.#said.set(sentinel, said);
    const before = this.#followed;
    this.#followed = decidePrimary(before, [...this.#said.values()]);
    if (this.#followed?.address === before?.address || this.#ended) return said;
    this.#context.logger.info(
      { name: this.#context.name, from: before?.address, to: this.#followed?.address, sentinel },
      "the Sentinels tell a primary",
    );
    this.#held?.release();
    for (const moved of this.#moved) moved();
    return said;
  }

  #begin(): void {
    if (this.#held || this.#ended) return;
    const { clock, logger, name } = this.#context;
    logger.info({ name }, "the Sentinels replace the primary");
    let release = () => {};
    const over = new Promise<void>((resolve) => {
      const cancel = clock.after(longestHoldMs, () => release());
      release = () => {
        cancel();
        this.#held = undefined;
        resolve();
      };
    });
    this.#held = { over, release };
    for (const moved of this.#moved) moved();
  }

  /** Hears announcements; what was announced before is asked for. */
  async #attend(address: string, link: Link): Promise<void> {
    await link
      .call("SUBSCRIBE", "subscribe", [begins, ...aborts, ...changes])
      .catch((error: unknown) => {
        this.#context.logger.warn({ sentinel: address, error }, "a Sentinel lets us hear nothing");
      });
    await this.#ask(address, link);
  }

  async #askForQuorum(): Promise<void> {
    const { name } = this.#context;
    const answers = await Promise.all(
      [...this.#links.values()]
        .filter((link) => link.isReady)
        .map((link) =>
          link.call("SENTINEL CKQUORUM", "sentinel", ["ckquorum", name]).then(
            () => undefined,
            (error: unknown) => wordsOf(error),
          ),
        ),
    );
    // Other errors, a denied command among them, say nothing of the quorum.
    const missing = answers.filter((answer) => answer?.startsWith("NOQUORUM"));
    this.#noQuorum = missing.length === answers.length ? missing[0] : undefined;
  }

  #sweepLater(): void {
    if (this.#ended) return;
    this.#sweep = this.#context.clock.after(sweepMs, () => {
      void this.#refresh()
        .then(() => this.#askForQuorum())
        .then(() => this.#sweepLater());
    });
  }
}
