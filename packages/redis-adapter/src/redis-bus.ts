/**
 * Topics as channels, and who listens to them. One subscription serves all listeners of a topic;
 * the subscriber renews it after a cut, and only then is anybody told that messages may be missing.
 */
import type { Bus, BusMessage, Logger, NodeId, ShardId, Topic } from "@muster/core/ports";
import { decodeMessage, encodeMessage } from "./bus-messages.ts";
import type { Subscriber } from "./connections/connections.ts";
import type { Channels } from "./keys.ts";

interface Subscription {
  readonly topic: Topic;
  readonly channels: Set<string>;
  readonly listeners: Set<(message: BusMessage) => void>;
  readonly standing: Promise<void>;
}

export interface BusContext {
  readonly channels: Channels;
  readonly nodeId: NodeId;
  readonly logger: Logger;
  /** Known once the node has joined. @throws BackendUnavailable before */
  shardCount(): number;
  /** @throws BackendUnavailable when there is none yet */
  subscriber(): Subscriber;
  /** Publishes over the control connection. */
  publish(channel: string, bytes: Buffer): Promise<unknown>;
}

const nameOf = (topic: Topic): string => {
  switch (topic.topic) {
    case "wake":
      return `wake ${topic.shard}`;
    case "view":
      return `view ${topic.kind}`;
    case "replies":
    case "node":
      return `${topic.topic} ${topic.node}`;
    default:
      return topic.topic;
  }
};

export class RedisBus implements Bus {
  readonly #context: BusContext;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #byChannel = new Map<string, Subscription>();
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
    const name = nameOf(topic);
    const subscriber = this.#context.subscriber();
    const listener = (message: BusMessage) => deliver(message);
    let subscription = this.#subscriptions.get(name);
    if (!subscription) {
      const channels = this.#context.channels.of(topic, () => this.#context.shardCount());
      subscription = {
        topic,
        channels: new Set(channels),
        listeners: new Set(),
        standing: channels.length > 0 ? subscriber.subscribe(channels) : Promise.resolve(),
      };
      this.#subscriptions.set(name, subscription);
      for (const channel of channels) this.#byChannel.set(channel, subscription);
    }
    const { channels, listeners } = subscription;
    listeners.add(listener);
    const end = async (): Promise<void> => {
      if (!listeners.delete(listener) || listeners.size > 0) return;
      if (this.#subscriptions.get(name)?.listeners !== listeners) return;
      this.#subscriptions.delete(name);
      for (const channel of channels) this.#byChannel.delete(channel);
      await subscriber.unsubscribe([...channels]);
    };
    try {
      await subscription.standing;
    } catch (error) {
      await end();
      throw error;
    }
    return end;
  }

  /**
   * Where channels belong to slots, answers come on one of the shard that was asked: subscribes it
   * with the first question, and waits while it is being renewed. @throws BackendUnavailable
   */
  async expectReplies(shard: ShardId): Promise<void> {
    const { channels, nodeId } = this.#context;
    if (!channels.sharded) return;
    const subscription = this.#subscriptions.get(nameOf({ topic: "replies", node: nodeId }));
    if (!subscription) return;
    const channel = channels.replies(nodeId, shard);
    const isNew = !subscription.channels.has(channel);
    subscription.channels.add(channel);
    this.#byChannel.set(channel, subscription);
    try {
      await this.#context.subscriber().subscribe([channel]);
    } catch (error) {
      if (isNew) {
        subscription.channels.delete(channel);
        this.#byChannel.delete(channel);
      }
      throw error;
    }
  }

  async publish(topic: Topic, message: BusMessage): Promise<void> {
    const bytes = encodeMessage(topic, message);
    const { channels } = this.#context;
    const [channel] =
      message.topic === "view"
        ? [channels.view(message.kind, message.shard)]
        : channels.of(topic, () => 1);
    if (!bytes || channel === undefined) return;
    try {
      await this.#context.publish(channel, bytes);
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
    const subscription = this.#byChannel.get(channel);
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
