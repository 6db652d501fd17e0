/**
 * Every metric there is: its name, meaning and labels, and where its samples are read from. Labels
 * have few values: no actor, and no app unless asked for. docs/metrics.md tells the same.
 */
import {
  AppStatus,
  type ClusterStatus,
  type FigureHistogram,
  type MusterFigures,
} from "@muster/core";

export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

interface Described {
  readonly name: string;
  readonly help: string;
}

export type Metric =
  | (Described & {
      readonly type: "gauge" | "counter";
      readonly labels: readonly string[];
      /** Only where the mount asks for it, since it has as many samples as there are apps. */
      readonly perApp?: boolean;
      read(figures: MusterFigures): readonly Sample[];
    })
  | (Described & {
      readonly type: "histogram";
      readonly labels: readonly never[];
      read(figures: MusterFigures): FigureHistogram;
    });

const one = (value: number): readonly Sample[] => [{ value }];
const flag = (holds: boolean): readonly Sample[] => one(holds ? 1 : 0);
const seconds = (ms: number): number => ms / 1_000;

const by = (label: string, counts: Readonly<Record<string, number>>): readonly Sample[] =>
  Object.entries(counts).map(([name, value]) => ({ labels: { [label]: name }, value }));

const verdicts: readonly ClusterStatus["verdict"][] = ["healthy", "degraded", "down", "unknown"];
const levels = ["alert", "warn"] as const;

const single = (
  type: "gauge" | "counter",
  name: string,
  help: string,
  value: (figures: MusterFigures) => number,
): Metric => ({ type, name, help, labels: [], read: (figures) => one(value(figures)) });

const cluster: readonly Metric[] = [
  {
    type: "gauge",
    name: "muster_info",
    help: "Names the node that answers; always 1",
    labels: ["cluster", "node"],
    read: ({ status }) => [{ labels: { cluster: status.cluster, node: status.nodeId }, value: 1 }],
  },
  {
    type: "gauge",
    name: "muster_verdict",
    help: "1 for the verdict on the cluster, 0 for the others",
    labels: ["verdict"],
    read: ({ status }) =>
      verdicts.map((verdict) => ({
        labels: { verdict },
        value: verdict === status.verdict ? 1 : 0,
      })),
  },
  {
    type: "gauge",
    name: "muster_stale",
    help: "1 while this node may be behind the cluster",
    labels: [],
    read: ({ status }) => flag(status.stale),
  },
  {
    type: "gauge",
    name: "muster_nodes",
    help: "Nodes by state",
    labels: ["state"],
    read: ({ status }) => by("state", status.nodes),
  },
  single("gauge", "muster_apps", "Apps", ({ status }) => status.apps.total),
  single(
    "gauge",
    "muster_apps_converged",
    "Apps that are as they should be on every live node",
    ({ status }) => status.apps.converged,
  ),
  single(
    "gauge",
    "muster_apps_drifted",
    "Apps that are not as they should be on some live node",
    ({ status }) => status.apps.drifted,
  ),
  single(
    "gauge",
    "muster_apps_terminal",
    "Drifted apps that no retry will mend",
    ({ status }) => status.apps.terminal,
  ),
  {
    type: "gauge",
    name: "muster_app_rows",
    help: "Pairs of app and node by init status",
    labels: ["init_status"],
    read: ({ appRows }) =>
      Object.values(AppStatus).map((status) => ({
        labels: { init_status: status },
        value: appRows[status] ?? 0,
      })),
  },
  {
    type: "gauge",
    name: "muster_app_drifted_nodes",
    help: "Live nodes on which the app is not as it should be",
    labels: ["app"],
    perApp: true,
    read: ({ appsOff }) => by("app", appsOff),
  },
  {
    type: "gauge",
    name: "muster_shards",
    help: "Shards of the cluster by whether a live node owns them",
    labels: ["state"],
    read: ({ status: { shards } }) => by("state", { owned: shards.owned, unowned: shards.unowned }),
  },
  {
    type: "gauge",
    name: "muster_alerts_open",
    help: "Open alerts by kind",
    labels: ["kind"],
    read: ({ alerts }) => by("kind", alerts),
  },
  single(
    "gauge",
    "muster_losses_open",
    "Findings of lost data that nobody acknowledged",
    ({ losses }) => losses,
  ),
  single(
    "gauge",
    "muster_dead_letters_unresolved",
    "Dead letters that nobody replayed or resolved",
    ({ status }) => status.deadLetters.unresolved,
  ),
  single(
    "gauge",
    "muster_dead_letters_parked",
    "Failed messages that wait for room among the dead letters",
    ({ status }) => status.deadLetters.parked,
  ),
];

const store: readonly Metric[] = [
  {
    type: "gauge",
    name: "muster_redis_connected",
    help: "1 while this node is connected to its backend",
    labels: [],
    read: ({ status }) => flag(status.redis.state === "connected"),
  },
  {
    type: "gauge",
    name: "muster_redis_round_trip_seconds",
    help: "Round trip of the last heartbeat; absent before the first",
    labels: [],
    read: ({ status: { redis } }) => (redis.rttMs === undefined ? [] : one(seconds(redis.rttMs))),
  },
  {
    type: "gauge",
    name: "muster_redis_findings",
    help: "What the check of the server found, by level",
    labels: ["level"],
    read: ({ status: { redis } }) =>
      levels.map((level) => ({
        labels: { level },
        value: redis.findings.filter((finding) => finding.level === level).length,
      })),
  },
];

const node: readonly Metric[] = [
  single("gauge", "muster_node_shards", "Shards that this node owns", ({ now }) => now.shardsOwned),
  single(
    "gauge",
    "muster_actors_resident",
    "Actors whose state this node holds in memory",
    ({ now }) => now.residentActors,
  ),
  single(
    "gauge",
    "muster_commands_waiting",
    "Commands that wait for their turn on this node",
    ({ now }) => now.commandsWaiting,
  ),
  single(
    "gauge",
    "muster_mailbox_oldest_seconds",
    "Age of the oldest stored command of this node's shards that is not handled",
    ({ now }) => seconds(now.oldestWaitingMs),
  ),
  {
    type: "counter",
    name: "muster_commands_total",
    help: "Commands ended on this node by outcome",
    labels: ["outcome"],
    read: ({ since }) =>
      by("outcome", {
        done: since.commandsDone,
        refused: since.commandsRefused,
        failed: since.commandsFailed,
      }),
  },
  single(
    "counter",
    "muster_turns_thrown_total",
    "Turns whose handler threw, retried ones each time",
    ({ since }) => since.turnsThrown,
  ),
  {
    type: "histogram",
    name: "muster_turn_duration_seconds",
    help: "Time that turns held the event loop",
    labels: [],
    read: ({ turns }) => turns,
  },
  single("counter", "muster_commits_total", "Commits accepted", ({ since }) => since.commits),
  single(
    "counter",
    "muster_commits_resent_total",
    "Commits sent again since no answer came",
    ({ since }) => since.commitsResent,
  ),
  single(
    "counter",
    "muster_commits_refused_total",
    "Commits refused: the shard had another owner, or had lost data",
    ({ since }) => since.commitsRefused,
  ),
  {
    type: "histogram",
    name: "muster_commit_duration_seconds",
    help: "Time from sending a commit to its answer",
    labels: [],
    read: ({ commits }) => commits,
  },
  single("gauge", "muster_timers_pending", "Timers set", ({ now }) => now.timers),
  single(
    "counter",
    "muster_timers_fired_total",
    "Timers that came due",
    ({ since }) => since.timersFired,
  ),
  single(
    "gauge",
    "muster_effects_pending",
    "Effects recorded whose outcome was not taken yet",
    ({ now }) => now.effectsRecorded,
  ),
  single("gauge", "muster_effects_running", "Effects under way", ({ now }) => now.effectsRunning),
  single(
    "counter",
    "muster_effect_attempts_total",
    "Attempts at effects",
    ({ since }) => since.effectAttempts,
  ),
  {
    type: "counter",
    name: "muster_effects_total",
    help: "Effects ended by outcome",
    labels: ["outcome"],
    read: ({ since }) =>
      by("outcome", { succeeded: since.effectsSucceeded, failed: since.effectsFailed }),
  },
  single(
    "gauge",
    "muster_messages_unsent",
    "Messages and events that have not been taken where they go",
    ({ now }) => now.messagesUnsent,
  ),
  single(
    "counter",
    "muster_dead_letters_total",
    "Dead letters that this node put aside",
    ({ since }) => since.deadLetters,
  ),
  {
    type: "gauge",
    name: "muster_view_age_seconds",
    help: "Age of what this node knows, by view; absent before it was loaded",
    labels: ["view"],
    read: ({ now }) =>
      now.views.flatMap(({ view, ageMs }) =>
        ageMs === undefined ? [] : { labels: { view }, value: seconds(ageMs) },
      ),
  },
  {
    type: "gauge",
    name: "muster_view_stale",
    help: "1 while a view may be out of date",
    labels: ["view"],
    read: ({ now }) =>
      now.views.map(({ view, stale }) => ({ labels: { view }, value: stale ? 1 : 0 })),
  },
  {
    type: "histogram",
    name: "muster_event_loop_lag_seconds",
    help: "How late the event loop ran a task, measured twice a second",
    labels: [],
    read: ({ loopLag }) => loopLag,
  },
];

const reconciler: readonly Metric[] = [
  {
    type: "gauge",
    name: "muster_reconciler_leader",
    help: "1 on the node that runs the reconciler",
    labels: [],
    read: ({ isReconciler }) => flag(isReconciler),
  },
  single(
    "counter",
    "muster_reconciler_passes_total",
    "Passes that this node ran",
    ({ since }) => since.passes,
  ),
  {
    type: "counter",
    name: "muster_reconciler_rows_total",
    help: "Rows that the passes looked at, by what came of it",
    labels: ["result"],
    read: ({ since }) =>
      by("result", {
        checked: since.rowsChecked,
        drifted: since.rowsDrifted,
        repaired: since.rowsRepaired,
        failed: since.rowsFailed,
        skipped: since.rowsSkipped,
      }),
  },
  {
    type: "histogram",
    name: "muster_reconciler_pass_duration_seconds",
    help: "Time that passes took",
    labels: [],
    read: ({ passes }) => passes,
  },
];

export const catalogue: readonly Metric[] = [...cluster, ...store, ...node, ...reconciler];
