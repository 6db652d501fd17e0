/** One node's replica of apps, with the part of the loop played by the test. */
import type { Applied, ReplicaControl } from "../define-replica.ts";
import { silentLogger } from "../ports/logger.ts";
import { seededRandom } from "../testing/seeded-random.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { scriptedHost } from "./app-kit.test.ts";
import type { AppIntentRow } from "./intent.ts";
import type { AppObserved } from "./observed.ts";
import { createAppReplica } from "./replica.ts";

export const hookTimeoutMs = 10_000;

/** `nudges` and `lapses` are what the replica asked of its loop. */
export const onNode = (scripted = scriptedHost()) => {
  const clock = new VirtualClock();
  const replica = createAppReplica({
    host: scripted.host,
    clock,
    random: seededRandom(1),
    logger: silentLogger,
    nodeId: "web-1",
    runtime: "bun 1.4.5",
    hookTimeoutMs,
    slowRetryMs: 300_000,
    now: () => clock.wall(),
  });
  const reports: AppObserved[] = [];
  const nudges: string[] = [];
  const lapses: Applied<AppObserved>[] = [];
  const control: ReplicaControl<AppObserved> = {
    nudge: (id, urgency) => {
      nudges.push(`${id} ${urgency}`);
      return "nudged";
    },
    lapsed: (_, ended) => {
      lapses.push(ended);
      return "taken";
    },
  };
  replica.begin?.(control);
  const begin = (
    row: AppIntentRow | undefined,
    {
      attempt = 1,
      inherited = undefined as unknown,
      signal = new AbortController().signal,
      id = row?.id ?? "crm-sync",
    } = {},
  ) => {
    const seen: { applied?: Applied<AppObserved> } = {};
    const done = replica
      .apply(row, {
        id,
        signal,
        previous: undefined,
        inherited,
        attempt,
        now: clock.wall(),
        report: (observed) => reports.push(observed),
      })
      .then((applied) => {
        seen.applied = applied;
        return applied;
      });
    return { seen, done };
  };
  return {
    ...scripted,
    clock,
    replica,
    reports,
    nudges,
    lapses,
    begin,
    apply: (row: AppIntentRow | undefined, attempt = 1) => begin(row, { attempt }).done,
    /** Applies while time moves on, for hooks that take their deadline. */
    applySlow: async (row: AppIntentRow, attempt = 1) => {
      const { seen, done } = begin(row, { attempt });
      await clock.runUntil(() => seen.applied !== undefined, 60_000);
      return done;
    },
  };
};
