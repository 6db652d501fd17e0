/** Hints in memory: handed over at once, delivered in a later turn of the receiver's event loop. */
import type { Bus, BusMessage } from "../ports/bus.ts";
import { channelOf } from "./hub.ts";
import type { Link } from "./link.ts";

export const memoryBus = (link: Link): Bus => {
  const { hub } = link.server;
  return {
    subscribe: (topic, deliver) =>
      link.call("subscribe", () => {
        const channel = channelOf(link.cluster, topic);
        let ended = false;
        const listener = (message: BusMessage) => {
          if (!link.isOpen) return;
          link.context.clock.defer(() => {
            if (!ended && link.isOpen) deliver(message);
          });
        };
        hub.add(channel, listener);
        const end = () => {
          ended = true;
          forget();
          hub.remove(channel, listener);
        };
        const forget = link.onClose(end);
        return async () => end();
      }),
    publish: async (topic, message) => {
      if (link.isOpen) hub.publish(channelOf(link.cluster, topic), () => message);
    },
    onReset: (reset) => link.onReset(reset),
  };
};
