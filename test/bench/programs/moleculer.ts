/** A Moleculer process over Redis: a service with one action, or a caller of it. */
import { ServiceBroker } from "moleculer";
import { quantile } from "../rounds.ts";
import { programConfig, runConcurrently, serveVerbs, timed } from "./serve-verbs.ts";

const config = programConfig<{
  readonly redisPort: number;
  readonly namespace: string;
  readonly nodeId: string;
  readonly role: "service" | "caller";
}>();
const broker = new ServiceBroker({
  nodeID: config.nodeId,
  namespace: config.namespace,
  logger: false,
  transporter: { type: "Redis", options: { host: "127.0.0.1", port: config.redisPort } },
});
if (config.role === "service") {
  const values = new Map<string, number>();
  broker.createService({
    name: "counter",
    actions: {
      add: ({ params }: { readonly params: { readonly id: string; readonly by: number } }) => {
        const value = (values.get(params.id) ?? 0) + params.by;
        values.set(params.id, value);
        return value;
      },
    },
  });
}
await broker.start();
const add = (n: number, actors: number): Promise<unknown> =>
  broker.call("counter.add", { id: `a-${n % actors}`, by: 1 });

serveVerbs({
  settled: async ({ services }: { readonly services: number }) => {
    await broker.waitForServices("counter");
    for (;;) {
      const nodes = broker.registry.getServiceList({ onlyAvailable: true, skipInternal: true });
      if (nodes.length === services) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  },
  asks: (args: { readonly actors: number; readonly count: number; readonly inFlight: number }) =>
    timed(() => runConcurrently(args.count, args.inFlight, (n) => add(n, args.actors))),
  latency: async ({ actors, count }: { readonly actors: number; readonly count: number }) => {
    const took: number[] = [];
    for (let n = 0; n < count; n++) {
      const from = performance.now();
      await add(n, actors);
      took.push(performance.now() - from);
    }
    return { p50: quantile(took, 0.5), p99: quantile(took, 0.99) };
  },
});
