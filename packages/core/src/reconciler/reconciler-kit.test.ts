/** Whole nodes over the memory backend, in virtual time, for tests of the reconciler. */
import { scriptedHost } from "../apps/app-kit.test.ts";
import { memoryBackend } from "../memory/index.ts";
import { createMuster } from "../muster.ts";
import type { Muster } from "../muster-types.ts";
import { NodeClock } from "../testing/node-clock.ts";
import { seededRandom } from "../testing/seeded-random.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import type { AlertSink } from "./alert-actor.ts";
import type { ReconcilerOptions } from "./feature.ts";

/** Nodes `web-1` and on, of one cluster in virtual time. */
export const startNodes = async (count: number, reconciler: ReconcilerOptions = {}) => {
  const clock = new VirtualClock();
  const random = seededRandom(11);
  const backend = memoryBackend();
  const told: string[] = [];
  const sink: AlertSink = ({ type, alert }) => {
    told.push(`${type} ${alert.id}`);
  };
  const finish = async <T>(work: Promise<T>): Promise<T> => {
    let over = false;
    const end = () => {
      over = true;
    };
    work.then(end, end);
    await clock.runUntil(() => over, 60_000);
    return work;
  };
  const hosts = Array.from({ length: count }, () => scriptedHost());
  const clocks = hosts.map(() => new NodeClock(clock));
  const nodes = hosts.map(({ host }, i) =>
    createMuster({
      cluster: "shop",
      node: { id: `web-${i + 1}` },
      backend,
      clock: clocks[i] ?? clock,
      random: random.fork(),
      apps: { host },
      alertSinks: [sink],
      reconciler,
      settings: { shardCount: 4 },
    }),
  );
  for (const node of nodes) await finish(node.start());
  const at = (i: number): Muster => {
    const node = nodes[i];
    if (!node) throw new Error(`no node ${i}`);
    return node;
  };
  const ops = at(0).as({ name: "ops", role: "operator" });
  const leaders = () => new Set(nodes.map((node) => node.reconciler.status().leader));
  return { clock, clocks, finish, hosts, nodes, at, ops, told, leaders };
};
