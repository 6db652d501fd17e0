/** Whole nodes with scripted hosts over the memory backend, in virtual time. */
import { memoryBackend } from "../memory/index.ts";
import { createMuster } from "../muster.ts";
import type { Muster } from "../muster-types.ts";
import { seededRandom } from "../testing/seeded-random.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { scriptedHost } from "./app-kit.test.ts";
import type { AppRow, AppSummary } from "./model.ts";

export const appId = "crm-sync";

export const nodesOf = () => {
  const clock = new VirtualClock();
  const random = seededRandom(7);
  const backend = memoryBackend();
  const hosts = new Map<string, ReturnType<typeof scriptedHost>>();

  const finish = async <T>(work: Promise<T>, withinMs = 60_000): Promise<T> => {
    let over = false;
    void work
      .finally(() => {
        over = true;
      })
      .catch(() => {});
    await clock.runUntil(() => over, withinMs);
    return work;
  };
  const make = (id: string, scripted: ReturnType<typeof scriptedHost> | undefined): Muster => {
    if (scripted) hosts.set(id, scripted);
    return createMuster({
      cluster: "shop",
      node: { id },
      backend,
      clock,
      random: random.fork(),
      ...(scripted && { apps: { host: scripted.host } }),
      settings: { shardCount: 4 },
    });
  };
  /** `"none"` starts a node without an app host. */
  const start = async (
    id: string,
    scripted: ReturnType<typeof scriptedHost> | "none" = scriptedHost(),
  ): Promise<Muster> => {
    const node = make(id, scripted === "none" ? undefined : scripted);
    await finish(node.start());
    return node;
  };
  const ops = (on: Muster) => {
    const { apps } = on.as({ name: "ops", role: "operator" });
    /** Calls a change of the app and waits for its answer. */
    const change = (
      verb: Exclude<keyof typeof apps & string, keyof Muster["apps"]>,
      input: object = {},
    ): Promise<{ app: AppSummary; changed: boolean }> => {
      const call = apps[verb] as unknown as (id: string, given: object) => Promise<never>;
      return finish(call(appId, { reason: "a test", ...input }));
    };
    const install = (more: object = {}) =>
      finish(apps.install({ id: appId, version: "1.0.0", reason: "a test", ...more }));
    return { change, install };
  };
  const rows = (on: Muster): readonly AppRow[] => on.apps.rows(appId).items;
  return {
    clock,
    finish,
    start,
    ops,
    rows,
    /** Versions that run, by node. */
    versions: (on: Muster) => rows(on).map(({ nodeId, version }) => `${nodeId} ${version}`),
    statuses: (on: Muster) => rows(on).map(({ initStatus }) => initStatus),
    hostOf: (id: string) => {
      const found = hosts.get(id);
      if (!found) throw new Error(`${id} has no host`);
      return found;
    },
    until: (fact: () => boolean, withinMs = 60_000) => clock.runUntil(fact, withinMs),
    converged: (on: Muster, withinMs = 60_000) =>
      clock.runUntil(() => on.apps.get(appId).converged, withinMs),
  };
};
