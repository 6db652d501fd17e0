/** What is wrong, worst first: what, since when, why, and what helps. Pure. */
import type { Alert, AppRow, AppSummary, DataLoss } from "@muster/core";
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
      alert?.ackedBy ? `${alert.ackedBy} took note: ${alert.ackReason}` : undefined,
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
  lines: [
    alert.remedy,
    alert.ackedBy ? `${alert.ackedBy} took note: ${alert.ackReason}` : undefined,
  ],
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

/** @param drifting apps with drift, with their rows, whatever filters are set */
export const problemsOf = (
  { status, nodes, alerts }: Pick<Facts, "status" | "nodes" | "alerts">,
  drifting: readonly AppSummary[],
  losses: readonly DataLoss[],
  now: number,
): readonly ProblemFound[] => {
  const open = alerts.filter(({ closedAt }) => closedAt === null);
  const alertOf = (kind: string, subject: string): Alert | undefined =>
    open.find((alert) => alert.kind === kind && alert.subject === subject);
  const told = new Set<Alert>();
  const tell = (alert: Alert | undefined): Alert | undefined => {
    if (alert) told.add(alert);
    return alert;
  };
  const sick = nodes
    .filter(({ state }) => state === "suspect" || state === "lost")
    .map((node): ProblemFound => {
      const alert = tell(alertOf("node-lost", node.id));
      return {
        key: `node ${node.id}`,
        mark: markOfState(node.state),
        state: node.state,
        title: `${node.id} is ${node.state}`,
        when: whenOf(node.lastHeartbeatAt, now),
        lines: [
          alert?.remedy ?? "It has not been heard of; what it runs is what it said last.",
          alert?.ackedBy ? `${alert.ackedBy} took note: ${alert.ackReason}` : undefined,
        ],
        to: { view: "nodes" },
        ...(alert && { alert }),
      };
    });
  const appsOf = (apps: readonly AppSummary[]): readonly ProblemFound[] =>
    apps.map((app) => {
      const about = open.filter(({ kind, subject }) => kind === "app-drift" && subject === app.id);
      for (const alert of about) told.add(alert);
      return ofApp(app, about[0], now);
    });
  const apps = appsOf(drifting.filter((app) => heldBy(app) === undefined));
  const held = appsOf(drifting.filter((app) => heldBy(app) !== undefined));
  const { unowned, total } = status.shards;
  const letters = status.deadLetters.unresolved;
  return [
    ...losses.filter(({ acknowledged }) => acknowledged === null).map((loss) => ofLoss(loss, now)),
    ...(unowned > 0
      ? [
          {
            key: "shards",
            mark: bad,
            state: "unowned",
            title: `${unowned} of ${total} shards have no owner`,
            when: "",
            lines: [
              "What belongs to them waits until a node takes them, within seconds as a rule.",
            ],
            to: { view: "nodes" as const },
          },
        ]
      : []),
    ...sick,
    ...apps,
    ...open.filter((alert) => !told.has(alert)).map((alert) => ofAlert(alert, now)),
    ...status.redis.findings
      .filter(({ level }) => level !== "warn")
      .map(
        ({ code, message, remedy }): ProblemFound => ({
          key: `redis ${code}`,
          mark: warn,
          state: "Redis",
          title: message,
          when: "",
          lines: [remedy],
        }),
      ),
    ...(letters > 0
      ? [
          {
            key: "letters",
            mark: warn,
            state: "dead letters",
            title: `${plural(letters, "dead letter is", "dead letters are")} unresolved`,
            when: "",
            lines: ["What could not be carried out was put aside: replay or resolve it."],
            to: { view: "letters" as const },
          },
        ]
      : []),
    ...held,
  ];
};
