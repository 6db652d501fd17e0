/**
 * Subscriptions of one node over one connection. After a reconnect everything is subscribed again
 * before anybody is told that messages may have been missed: what is read then is followed by hints.
 */
import type { Bus, BusMessage, Clock, Logger, Topic } from "@muster/core/ports";
import { decodeMessage, encodeMessage } from "./bus-messages.ts";
import type { Keys } from "./keys.ts";
import type { Link } from "./link.ts";

/** Rest before a subscription that was refused is tried again. */
export const retryMs = 500;

interface Subscription {
  readonly topic: Topic;
  readonly listeners: Set<(message: BusMessage) => void>;
  standing: Promise<unknown>;
}

export interface BusContext {
  readonly keys: Keys;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The subscriber's connection. @throws BackendUnavailable when there is none yet */
  subscriber(): Link;
  /** Publishes over the control connection. */
  publish(channel: string, bytes: Buffer): Promise<unknown>;
}

export class RedisBus implements Bus {
  readonly #context: BusContext;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #resets = new Set<() => void>();

  constructor(context: BusContext) {
    this.#context = context;
  }

  /** Takes messages from a subscriber's connection, and subscribes anew when it comes back. */
  attach(link: Link): void {
    link.redis.on("messageBuffer", (channel: Buffer, bytes: Buffer) => {
      this.#deliver(channel.toString("utf8"), bytes);
    });
    link.redis.on("ready", () => void this.#resubscribe(link));
  }

  async subscribe(
    topic: Topic,
    deliver: (message: BusMessage) => void,
  ): Promise<() => Promise<void>> {
    const channel = this.#context.keys.channel(topic);
    const link = this.#context.subscriber();
    const listener = (message: BusMessage) => deliver(message);
    let subscription = this.#subscriptions.get(channel);
    if (!subscription) {
      subscription = {
        topic,
        listeners: new Set(),
        standing: link.call("subscribe", "subscribe", [channel]),
      };
      this.#subscriptions.set(channel, subscription);
    }
    const { listeners } = subscription;
    listeners.add(listener);
    const end = async (): Promise<void> => {
      if (!listeners.delete(listener) || listeners.size > 0) return;
      if (this.#subscriptions.get(channel)?.listeners !== listeners) return;
      this.#subscriptions.delete(channel);
      // While the connection is away there is nothing to end.
      if (link.isReady) await link.call("unsubscribe", "unsubscribe", [channel]).catch(() => {});
    };
    try {
      await subscription.standing;
    } catch (error) {
      await end();
      throw error;
    }
    return end;
  }

  async publish(topic: Topic, message: BusMessage): Promise<void> {
    const bytes = encodeMessage(topic, message);
    if (!bytes) return;
    try {
      await this.#context.publish(this.#context.keys.channel(topic), bytes);
    } catch (error) {
      this.#context.logger.debug({ topic: topic.topic, error }, "a hint was not published");
    }
  }

  onReset(reset: () => void): () => void {
    const listener = () => reset();
    this.#resets.add(listener);
    return () => this.#resets.delete(listener);
  }

  #deliver(channel: string, bytes: Buffer): void {
    const subscription = this.#subscriptions.get(channel);
    if (!subscription) return;
    const message = decodeMessage(subscription.topic, bytes);
    if (!message) {
      this.#context.logger.debug({ channel, bytes: bytes.length }, "a hint could not be read");
      return;
    }
    for (const listener of subscription.listeners) this.#call(() => listener(message));
  }

  async #resubscribe(link: Link): Promise<void> {
    const channels = [...this.#subscriptions.keys()];
    if (channels.length > 0) {
      const standing = link.call("subscribe", "subscribe", channels);
      for (const subscription of this.#subscriptions.values()) subscription.standing = standing;
      try {
        await standing;
      } catch (error) {
        this.#context.logger.warn({ error }, "could not subscribe again");
        this.#context.clock.after(retryMs, () => {
          if (link.isReady) void this.#resubscribe(link);
        });
        return;
      }
    }
    for (const reset of this.#resets) this.#call(reset);
  }

  #call(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      this.#context.logger.error({ error }, "a listener threw");
    }
  }
}
