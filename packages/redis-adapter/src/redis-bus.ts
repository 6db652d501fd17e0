/**
 * Topics as channels, and who listens to them. One subscription serves all listeners of a topic;
 * the subscriber renews it after a cut, and only then is anybody told that messages may be missing.
 */
import type { Bus, BusMessage, Logger, Topic } from "@muster/core/ports";
import { decodeMessage, encodeMessage } from "./bus-messages.ts";
import type { Subscriber } from "./connections/connections.ts";
import type { Keys } from "./keys.ts";

interface Subscription {
  readonly topic: Topic;
  readonly listeners: Set<(message: BusMessage) => void>;
  readonly standing: Promise<void>;
}

export interface BusContext {
  readonly keys: Keys;
  readonly logger: Logger;
  /** @throws BackendUnavailable when there is none yet */
  subscriber(): Subscriber;
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

  /** Takes messages from a subscriber. */
  attach(subscriber: Subscriber): void {
    subscriber.onMessage((channel, bytes) => this.#deliver(channel, bytes));
    subscriber.onRestored(() => {
      for (const reset of this.#resets) this.#call(reset);
    });
  }

  async subscribe(
    topic: Topic,
    deliver: (message: BusMessage) => void,
  ): Promise<() => Promise<void>> {
    const channel = this.#context.keys.channel(topic);
    const subscriber = this.#context.subscriber();
    const listener = (message: BusMessage) => deliver(message);
    let subscription = this.#subscriptions.get(channel);
    if (!subscription) {
      subscription = {
        topic,
        listeners: new Set(),
        standing: subscriber.subscribe([channel]),
      };
      this.#subscriptions.set(channel, subscription);
    }
    const { listeners } = subscription;
    listeners.add(listener);
    const end = async (): Promise<void> => {
      if (!listeners.delete(listener) || listeners.size > 0) return;
      if (this.#subscriptions.get(channel)?.listeners !== listeners) return;
      this.#subscriptions.delete(channel);
      await subscriber.unsubscribe([channel]);
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

  #call(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      this.#context.logger.error({ error }, "a listener threw");
    }
  }
}
