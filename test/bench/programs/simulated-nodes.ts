/** Nodes on one memory server and virtual time: how many heartbeats each of them sends. */
import { createMuster, MemoryServer, memoryBackend } from "@muster/core";
import type { Backend, BackendFactory } from "@muster/core/ports";
import { seededRandom, VirtualClock } from "@muster/core/testing";
import { serveVerbs } from "./serve-verbs.ts";

/** A backend that counts what a node asks of its membership. */
const counting = (factory: BackendFactory, count: () => void): BackendFactory => ({
  kind: factory.kind,
  create: (context): Backend => {
    const backend = factory.create(context);
    const { membership } = backend;
    const heartbeat: typeof membership.heartbeat = (request) => {
      count();
      return membership.heartbeat(request);
    };
    return new Proxy(backend, {
      get: (target, name) => {
        if (name === "membership") {
          return new Proxy(membership, {
            get: (store, verb) => {
              if (verb === "heartbeat") return heartbeat;
              const value: unknown = Reflect.get(store, verb, store);
              return typeof value === "function" ? value.bind(store) : value;
            },
          });
        }
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  },
});

serveVerbs({
  /** Heartbeats of each node a second, over `seconds` of virtual time in which nothing happens. */
  heartbeats: async ({ nodes, seconds }: { readonly nodes: number; readonly seconds: number }) => {
    const clock = new VirtualClock();
    const server = new MemoryServer({ clock, random: seededRandom(1) });
    let beats = 0;
    const all = Array.from({ length: nodes }, (_, n) =>
      createMuster({
        cluster: "growth",
        node: { id: `node-${n}` },
        backend: counting(memoryBackend({ server }), () => {
          beats += 1;
        }),
        clock,
        random: seededRandom(n + 2),
        reconciler: false,
      }),
    );
    let joined = 0;
    for (const muster of all) {
      muster.start({ timeoutMs: 60_000 }).then(
        () => {
          joined += 1;
        },
        () => {},
      );
    }
    await clock.runUntil(() => joined === nodes, 60_000);
    await clock.runFor(5_000);
    const before = beats;
    await clock.runFor(seconds * 1_000);
    const perNode = (beats - before) / nodes / seconds;
    const seen = all[0]?.status().nodes.up ?? 0;
    if (seen !== nodes) throw new Error(`${seen} of ${nodes} nodes are up`);
    return perNode;
  },
});
