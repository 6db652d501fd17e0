/** A node in real time whose way to its backend can be cut: calls wait and fail, hints are lost. */
import { type BackendFactory, createMuster, MemoryServer, memoryBackend } from "@muster/core";
import { FaultyBackend, seededRandom } from "@muster/core/testing";
import { Clerk, plainHost } from "./http-kit.test.ts";

const clock = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
  after: (delayMs: number, task: () => void) => {
    const timer = setTimeout(task, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
  defer: (task: () => void) => void setImmediate(task),
};

/** With `isSilent` the connection seems to stand while it is cut, as with a store that hangs. */
export const makeCuttable = ({ isSilent = false } = {}) => {
  const server = new MemoryServer();
  const network = new FaultyBackend(memoryBackend({ server }), {
    clock,
    random: seededRandom(7),
    history: () => server.historyId,
  });
  const backend: BackendFactory = {
    kind: "memory",
    create: (context) => {
      const made = network.create(context);
      return isSilent
        ? { ...made, health: () => ({ ...made.health(), state: "connected" }) }
        : made;
    },
  };
  const make = (id: string) =>
    createMuster({
      cluster: "shop",
      node: { id },
      backend,
      actors: [Clerk],
      settings: { shardCount: 4, viewSweepMs: 200 },
      apps: {
        host: plainHost(),
      },
    });
  const muster = make("web-1");
  return {
    muster,
    make,
    network: {
      cut: (id = "web-1") => network.cut(id as never),
      heal: (id = "web-1") => network.heal(id as never),
    },
  };
};
