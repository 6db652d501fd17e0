import { describe, test } from "bun:test";
import { silentLogger } from "../ports/logger.ts";
import { type ConformanceContext, runConformance } from "../testing/conformance/index.ts";
import { seededRandom } from "../testing/seeded-random.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { memoryBackend } from "./backend.ts";
import { MemoryServer } from "./server.ts";

const makeContext = (primaries: number) => async (): Promise<ConformanceContext> => {
  const clock = new VirtualClock();
  const random = seededRandom(1);
  const server = new MemoryServer({ clock, random, primaries });
  return {
    open: async (node, { durability } = {}) => {
      const backend = memoryBackend({ server, ...(durability && { durability }) }).create({
        cluster: "c",
        ...node,
        clock,
        random,
        logger: silentLogger,
      });
      await backend.open();
      return backend;
    },
    advance: (ms) => clock.runFor(ms),
    settle: () => clock.runFor(1),
    restart: async () => server.restart({ keepData: true }),
    loseData: async () => server.flush(),
    rewind: async (ms) => server.shiftTime(-ms),
    setReplicas: async (count) => {
      server.replicas = count;
    },
    close: async () => {},
  };
};

runConformance({ describe, test }, makeContext(1), { title: "memory" });
runConformance({ describe, test }, makeContext(3), { title: "memory of several primaries" });
