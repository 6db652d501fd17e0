/** Figures of one node for whoever watches it: read from memory when asked for, kept by nobody. */
import type { AppStatus } from "./apps/model.ts";
import type { Distribution, Meter } from "./engine/meter.ts";
import type { NodeGauges } from "./engine/node-gauges.ts";
import type { ClusterStatus } from "./services.ts";

/** A histogram: how many values were at most so large. Values in milliseconds. */
export interface FigureHistogram {
  readonly buckets: readonly { readonly upToMs: number; readonly count: number }[];
  readonly sumMs: number;
  readonly count: number;
}

/** What the node has done since it was made; all only grow. */
export interface FigureCounts {
  readonly commandsDone: number;
  readonly commandsRefused: number;
  readonly commandsFailed: number;
  readonly turnsThrown: number;
  readonly commits: number;
  readonly commitsResent: number;
  readonly commitsRefused: number;
  readonly effectAttempts: number;
  readonly effectsSucceeded: number;
  readonly effectsFailed: number;
  readonly timersFired: number;
  readonly deadLetters: number;
  /** Passes of the reconciler that this node ran, and the rows they looked at. */
  readonly passes: number;
  readonly rowsChecked: number;
  readonly rowsDrifted: number;
  readonly rowsRepaired: number;
  readonly rowsFailed: number;
  readonly rowsSkipped: number;
}

export interface MusterFigures {
  /** The cluster as this node sees it. */
  readonly status: ClusterStatus;
  /** Rows of all apps on the nodes known, by init status; those that are none are left out. */
  readonly appRows: Readonly<Partial<Record<AppStatus, number>>>;
  /** Nodes on which an app is not as it should be, by app id. */
  readonly appsOff: Readonly<Record<string, number>>;
  /** Open alerts by kind. */
  readonly alerts: Readonly<Record<string, number>>;
  /** Open findings of lost data. */
  readonly losses: number;
  readonly isReconciler: boolean;
  /** What this node holds at this moment. */
  readonly now: NodeGauges;
  readonly since: FigureCounts;
  readonly turns: FigureHistogram;
  readonly commits: FigureHistogram;
  readonly loopLag: FigureHistogram;
  readonly passes: FigureHistogram;
}

export interface FigureSources {
  status(): ClusterStatus;
  apps(): readonly {
    readonly id: string;
    readonly drifted: number;
    readonly nodes: readonly { readonly initStatus: AppStatus }[];
  }[];
  openAlerts(): readonly { readonly kind: string }[];
  losses(): number;
  isReconciler(): boolean;
  gauges(): NodeGauges;
  readonly meter: Meter;
}

const countBy = <T, K extends string>(
  items: readonly T[],
  keyOf: (item: T) => K,
): Partial<Record<K, number>> => {
  const counts: Partial<Record<K, number>> = {};
  for (const item of items) counts[keyOf(item)] = (counts[keyOf(item)] ?? 0) + 1;
  return counts;
};

const histogram = ({ bounds, counts, sum, count }: Distribution): FigureHistogram => {
  let below = 0;
  return {
    buckets: bounds.map((upToMs, i) => {
      below += counts[i] ?? 0;
      return { upToMs, count: below };
    }),
    sumMs: sum,
    count,
  };
};

/** Reads all figures. */
export const readFigures = (sources: FigureSources): MusterFigures => {
  const { meter } = sources;
  const { turnMs, commitMs, loopLagMs, passMs, ...since } = meter;
  const apps = sources.apps();
  return {
    status: sources.status(),
    appRows: countBy(
      apps.flatMap(({ nodes }) => nodes),
      ({ initStatus }) => initStatus,
    ),
    appsOff: Object.fromEntries(apps.map(({ id, drifted }) => [id, drifted])),
    alerts: countBy(sources.openAlerts(), ({ kind }) => kind) as Record<string, number>,
    losses: sources.losses(),
    isReconciler: sources.isReconciler(),
    now: sources.gauges(),
    since,
    turns: histogram(turnMs),
    commits: histogram(commitMs),
    loopLag: histogram(loopLagMs),
    passes: histogram(passMs),
  };
};
