/** The backend of one process: all nodes made by one factory share its data. */
import type { Backend, BackendContext, BackendFactory } from "../ports/backend.ts";
import { memoryBus } from "./bus.ts";
import { memoryEvents } from "./events.ts";
import { memoryGuard } from "./guard.ts";
import { Link } from "./link.ts";
import { memoryLosses } from "./losses.ts";
import { memoryMembership } from "./membership.ts";
import { MemoryServer } from "./server.ts";
import { memoryShards } from "./shards.ts";
import { memoryViews } from "./views.ts";

const createBackend = (
  server: MemoryServer,
  context: BackendContext,
  durability: Backend["durability"],
): Backend => {
  const link = new Link(server, context, durability);
  let closed = false;
  return {
    membership: memoryMembership(link),
    shards: memoryShards(link),
    views: memoryViews(link),
    losses: memoryLosses(link),
    events: memoryEvents(link),
    bus: memoryBus(link),
    guard: memoryGuard(link),
    ...(durability && { durability }),
    open: async () => {
      closed = false;
      link.open();
    },
    close: async () => {
      closed = true;
      link.close();
    },
    examine: () =>
      link.call("examine", () => [
        {
          id: "backend",
          title: "Where the data is",
          state: "warn",
          message: "The data is in the memory of this process and ends with it.",
          remedy: "Give createMuster a redisBackend where it is to last, or to be shared.",
        },
      ]),
    health: () => ({
      mode: "memory",
      role: "primary",
      state: closed ? "closed" : link.isOpen ? "connected" : "connecting",
      findings: [],
    }),
  };
};

/**
 * Keeps the cluster's data in this process: what a Muster uses when no backend is named. Musters
 * given the same factory form one cluster; the data ends with the process.
 */
export const memoryBackend = (
  options: {
    /** @defaultValue a server of the factory's own, on the clock of the first node made */
    readonly server?: MemoryServer;
    /** Callers hear of what so many replicas of the server have. */
    readonly durability?: { readonly replicas: number };
  } = {},
): BackendFactory => {
  let { server } = options;
  return {
    kind: "memory",
    create: (context) => {
      server ??= new MemoryServer({ clock: context.clock, random: context.random });
      return createBackend(server, context, options.durability);
    },
  };
};
