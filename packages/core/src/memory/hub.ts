/** Who listens to what, by channel name. Knows nothing of delivery: a listener brings its own. */
import type { BusMessage, Topic } from "../ports/bus.ts";

/** Name of a topic's channel within a cluster. */
export const channelOf = (cluster: string, topic: Topic): string => {
  switch (topic.topic) {
    case "wake":
      return `${cluster}:wake:${topic.shard}`;
    case "replies":
      return `${cluster}:replies:${topic.node}`;
    case "view":
      return `${cluster}:view:${topic.kind}`;
    case "node":
      return `${cluster}:node:${topic.node}`;
    case "status":
    case "events":
    case "membership":
    case "ownership":
      return `${cluster}:${topic.topic}`;
  }
};

export type Listener = (message: BusMessage) => void;

export class Hub {
  readonly #channels = new Map<string, Set<Listener>>();

  add(channel: string, listener: Listener): void {
    const listeners = this.#channels.get(channel);
    if (listeners) listeners.add(listener);
    else this.#channels.set(channel, new Set([listener]));
  }

  remove(channel: string, listener: Listener): void {
    const listeners = this.#channels.get(channel);
    if (listeners?.delete(listener) && listeners.size === 0) this.#channels.delete(channel);
  }

  /** Hands a message to every listener; makes it only when there is one. */
  publish(channel: string, make: () => BusMessage): void {
    const listeners = this.#channels.get(channel);
    if (!listeners) return;
    const message = make();
    for (const listener of listeners) listener(message);
  }
}
