/**
 * Subscriptions over one connection. After a cut everything is subscribed again before anybody is
 * told that messages may have been missed: what is read then is followed by hints.
 */
import type { Cancel, Clock, Logger } from "@muster/core/ports";
import type { Link } from "../link.ts";
import type { Subscriber } from "./connections.ts";

/** Rest before a subscription that was refused is tried again. */
export const retryMs = 500;
/** Keeps a silent subscription honest: without traffic a dead socket would go unnoticed. */
const pingEveryMs = 2_000;

export class LinkSubscriber implements Subscriber {
  readonly #link: Link;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #channels = new Set<string>();
  readonly #restored = new Set<() => void>();
  #ping: Cancel = () => {};
  #ended = false;

  constructor(link: Link, clock: Clock, logger: Logger) {
    this.#link = link;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Call once the link is open: from now on each return of the link renews what is subscribed. */
  begin(): void {
    this.#link.redis.on("ready", () => void this.#renew());
    this.#pingLater();
  }

  end(): void {
    this.#ended = true;
    this.#ping();
  }

  async subscribe(channels: readonly string[]): Promise<void> {
    for (const channel of channels) this.#channels.add(channel);
    try {
      await this.#link.call("SUBSCRIBE", "subscribe", channels);
    } catch (error) {
      for (const channel of channels) this.#channels.delete(channel);
      throw error;
    }
  }

  async unsubscribe(channels: readonly string[]): Promise<void> {
    for (const channel of channels) this.#channels.delete(channel);
    // While the connection is away there is nothing to end.
    if (!this.#link.isReady) return;
    await this.#link.call("UNSUBSCRIBE", "unsubscribe", channels).catch(() => {});
  }

  onMessage(listener: (channel: string, bytes: Buffer) => void): void {
    this.#link.redis.on("messageBuffer", (channel: Buffer, bytes: Buffer) =>
      listener(channel.toString("utf8"), bytes),
    );
  }

  onRestored(listener: () => void): void {
    this.#restored.add(listener);
  }

  async #renew(): Promise<void> {
    if (this.#ended) return;
    const channels = [...this.#channels];
    try {
      if (channels.length > 0) await this.#link.call("SUBSCRIBE", "subscribe", channels);
    } catch (error) {
      this.#logger.warn({ error }, "could not subscribe again");
      this.#clock.after(retryMs, () => {
        if (this.#link.isReady) void this.#renew();
      });
      return;
    }
    for (const restored of this.#restored) restored();
  }

  #pingLater(): void {
    this.#ping = this.#clock.after(pingEveryMs, () => {
      if (this.#link.isReady) this.#link.call("ping", "ping", []).catch(() => {});
      this.#pingLater();
    });
  }
}
