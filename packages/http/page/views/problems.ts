/** What is wrong, worst first: what, since when, why, and what helps. Pure. */
import type { Alert, AppRow, AppSummary, ClusterStatus, DataLoss, NodeView } from "@muster/core";
import type { Address } from "../address.ts";
import { type Mark, markOfState, markOfStatus } from "../marks.ts";
import { ago, duration, plural, since, words } from "../words.ts";
import { holdText } from "./app-words.ts";
import type { Facts } from "./view.ts";

export interface ProblemFound {
  readonly key: string;
  readonly mark: Mark;
  readonly state: string;
  readonly title: string;
  readonly when: string;
  readonly lines: readonly (string | undefined)[];
  /** Where more is told. */
  readonly to?: Partial<Address>;
  /** The app that nodes can be asked to try. */
  readonly app?: AppSummary;
  /** The loss that can be acknowledged. */
  readonly loss?: DataLoss;
  /** The open alert that can be acknowledged. */
  readonly alert?: Alert;
}

const bad: Mark = { shape: "alarm", tone: "bad" };
const warn: Mark = { shape: "alarm", tone: "warn" };
const calm: Mark = { shape: "off", tone: "quiet" };

const whenOf = (instant: string | null | undefined, now: number): string => {
  const passed = since(instant, now);
  return passed === undefined ? "" : `for ${duration(passed)}`;
};

/** Somebody answers for it: it is told, but after what nobody looks after. */
const heldBy = ({ paused, acknowledged }: AppSummary): string | undefined =>
  paused ? "paused" : acknowledged ? "acknowledged" : undefined;

/** The reason most nodes give, and whose it is. */
const causeOf = (rows: readonly AppRow[]): string | undefined => {
  const counts = new Map<string, readonly string[]>();
  for (const { reason, nodeId } of rows) {
    if (reason) counts.set(reason.message, [...(counts.get(reason.message) ?? []), nodeId]);
  }
  const [most] = [...counts].sort(([, a], [, b]) => b.length - a.length);
  return most && `${most[1].join(", ")}: ${most[0]}`;
};

const noteOf = (alert: Alert | undefined): string | undefined =>
  alert?.ackedBy ? `${alert.ackedBy} took note: ${alert.ackReason}` : undefined;

const ofApp = (app: AppSummary, alert: Alert | undefined, now: number): ProblemFound => {
  const off = (app.nodes ?? []).filter(({ converged }) => !converged);
  const fresh = off.filter(({ stale }) => !stale);
  const rows = fresh.length > 0 ? fresh : off;
  const [first] = rows;
  const held = heldBy(app);
  const starts = rows.map((row) => row.since).filter((at) => at !== null);
  const count = plural(app.drifted, "node is", "nodes are");
  return {
    key: `app ${app.id}`,
    mark: held === undefined ? (first ? markOfStatus(first.initStatus) : warn) : calm,
    state: held ?? (first ? words(first.initStatus) : "drift"),
    title: `${app.id}: ${count} not as wanted`,
    when: whenOf(starts.sort()[0] ?? app.changedAt, now),
    lines: [
      causeOf(rows),
      alert && `alert since ${ago(since(alert.openedAt, now) ?? 0)}: ${alert.remedy}`,
      noteOf(alert),
      app.paused && `paused by ${holdText(app.paused, now)}`,
      app.acknowledged && `acknowledged by ${holdText(app.acknowledged, now)}`,
    ],
    to: { app: app.id },
    app,
    ...(alert && { alert }),
  };
};

const ofAlert = (alert: Alert, now: number): ProblemFound => ({
  key: `alert ${alert.id}`,
  mark: alert.ackedBy ? warn : bad,
  state: "alert",
  title: alert.message,
  when: whenOf(alert.openedAt, now),
  lines: [alert.remedy, noteOf(alert)],
  to: { view: "alerts" },
  alert,
});

const ofLoss = (loss: DataLoss, now: number): ProblemFound => ({
  key: `loss ${loss.id}`,
  mark: bad,
  state: "data lost",
  title: `${loss.subject} has lost data`,
  when: `found ${ago(since(loss.foundAt, now) ?? 0)} by ${loss.foundBy}`,
  lines: [loss.range, loss.remedy],
  loss,
});

/** Open alerts, each told once: beside what it is about, where that is told by itself. */
class OpenAlerts {
  #left: readonly Alert[];

  constructor(alerts: readonly Alert[]) {
    this.#left = alerts.filter(({ closedAt }) => closedAt === null);
  }

  /** Takes those that hold; answers the first of them. */
  take(holds: (alert: Alert) => boolean): Alert | undefined {
    const taken = this.#left.filter(holds);
    this.#left = this.#left.filter((alert) => !holds(alert));
    return taken[0];
  }

  get left(): readonly Alert[] {
    return this.#left;
  }
}

const ofNode = (node: NodeView, alert: Alert | undefined, now: number): ProblemFound => ({
  key: `node ${node.id}`,
  mark: markOfState(node.state),
  state: node.state,
  title: `${node.id} is ${node.state}`,
  when: whenOf(node.lastHeartbeatAt, now),
  lines: [
    alert?.remedy ?? "It has not been heard of; what it runs is what it said last.",
    noteOf(alert),
  ],
  to: { view: "nodes" },
  ...(alert && { alert }),
});

const ofShards = (
  { unowned, total }: ClusterStatus["shards"],
  alert: Alert | undefined,
): readonly ProblemFound[] =>
  unowned === 0
    ? []
    : [
        {
          key: "shards",
          mark: bad,
          state: "unowned",
          title: `${unowned} of ${total} shards have no owner`,
          when: "",
          lines: [
            alert?.remedy ?? "What belongs to them waits until a node takes them, within seconds.",
          ],
          to: { view: "nodes" },
        },
      ];

const ofLetters = (count: number): readonly ProblemFound[] =>
  count === 0
    ? []
    : [
        {
          key: "letters",
          mark: warn,
          state: "dead letters",
          title: `${plural(count, "dead letter is", "dead letters are")} unresolved`,
          when: "",
          lines: ["What could not be carried out was put aside: replay or resolve it."],
          to: { view: "letters" },
        },
      ];

/** @param drifting apps with drift, with their rows, whatever filters are set */
export const problemsOf = (
  { status, nodes, alerts }: Pick<Facts, "status" | "nodes" | "alerts">,
  drifting: readonly AppSummary[],
  losses: readonly DataLoss[],
  now: number,
): readonly ProblemFound[] => {
  const open = new OpenAlerts(alerts);
  const about = (kind: string, subject: string): Alert | undefined =>
    open.take((alert) => alert.kind === kind && alert.subject === subject);
  const { shards, redis, deadLetters } = status;

  const lost = losses.filter(({ acknowledged }) => acknowledged === null);
  if (lost.length > 0) open.take(({ kind }) => kind === "data-loss");
  const unowned = ofShards(
    shards,
    shards.unowned > 0 ? open.take(({ kind }) => kind === "shard-unowned") : undefined,
  );
  const sick = nodes
    .filter(({ state }) => state === "suspect" || state === "lost")
    .map((node) => ofNode(node, about("node-lost", node.id), now));
  const apps = drifting.map((app) => ({
    isHeld: heldBy(app) !== undefined,
    problem: ofApp(app, about("app-drift", app.id), now),
  }));
  const findings = redis.findings
    .filter(({ level }) => level !== "warn")
    .map(({ code, message, remedy }): ProblemFound => {
      open.take(({ kind, cause }) => kind === "backend" && cause === code.toLowerCase());
      return {
        key: `redis ${code}`,
        mark: warn,
        state: "Redis",
        title: message,
        when: "",
        lines: [remedy],
      };
    });
  return [
    ...lost.map((loss) => ofLoss(loss, now)),
    ...unowned,
    ...sick,
    ...apps.filter(({ isHeld }) => !isHeld).map(({ problem }) => problem),
    ...open.left.map((alert) => ofAlert(alert, now)),
    ...findings,
    ...ofLetters(deadLetters.unresolved),
    ...apps.filter(({ isHeld }) => isHeld).map(({ problem }) => problem),
  ];
};
