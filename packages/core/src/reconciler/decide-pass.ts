/** Decides what one pass does: whom to nudge, which alerts to open and close. Pure. */
import { terminalStatuses } from "../apps/decide-converged.ts";
import type { AppRow, AppSummary } from "../apps/model.ts";
import { nextStep } from "../apps/next-step.ts";
import { driftCause, isAcknowledged, isOnItsWay } from "../apps/summary.ts";
import { isLive } from "../model/node-record.ts";
import type { NodeView } from "../services.ts";
import { type AlertAbout, type AlertRow, alertId, type ReconcilerMode } from "./model.ts";
import { type Trouble, troubleKinds } from "./troubles.ts";

export interface PassFacts {
  /** Redis time. */
  readonly now: number;
  readonly mode: ReconcilerMode;
  /**
   * Since when rows are off, by {@link driftName}, and troubles, by the id of their alert; one that is
   * not named is so since now.
   */
  readonly offSince: ReadonlyMap<string, number>;
  /** Drift is alarming when it lasts longer than this. */
  readonly alertAfterMs: number;
  /** Closed alerts are dropped after this long. */
  readonly forgetAfterMs: number;
  /** Rows of all apps on all nodes, those that agree included. */
  readonly rowCount: number;
  /** Apps that are not as they should be, with their rows. */
  readonly drifted: readonly (AppSummary & { readonly nodes: readonly AppRow[] })[];
  readonly nodes: readonly NodeView[];
  readonly alerts: readonly AlertRow[];
  /** What is wrong with the cluster itself. */
  readonly troubles?: readonly Trouble[];
  /** Kinds of alerts that stand although their trouble is not seen: it could not be looked for. */
  readonly unseenKinds?: ReadonlySet<string>;
}

export interface PassPlan {
  readonly nudges: readonly { readonly nodeId: string; readonly appId: string }[];
  readonly open: readonly AlertAbout[];
  readonly close: readonly string[];
  readonly forget: readonly string[];
  /** Rows that do not agree. */
  readonly drifted: number;
  /** Of these, those that are left alone. */
  readonly skipped: number;
}

/** What a record takes at once; the rest comes with the next pass. */
const mostOpened = 40;
/** Alerts of other kinds are closed by whoever opened them. */
const ownKinds: ReadonlySet<string> = new Set(["app-drift", "node-lost", ...troubleKinds]);
const mostClosed = 100;

/** Names the drift of a row from its present intent. */
export const driftName = ({ nodeId, appId, intentId }: AppRow): string =>
  `${nodeId}/${appId}/${intentId}`;

/** Rows of live nodes that do not agree, of apps that nodes act on. */
export const rowsOff = (drifted: PassFacts["drifted"]): readonly AppRow[] =>
  drifted
    .filter(({ management }) => management !== "observe")
    .flatMap(({ nodes }) => nodes.filter((row) => !row.converged && isLive(row.nodeState)));

/** Nobody is to touch what nodes have of a paused app, nor to be alarmed by it. */
const pausedApps = ({ drifted }: PassFacts): ReadonlySet<string> =>
  new Set(drifted.flatMap(({ id, paused }) => (paused ? [id] : [])));

const wantsNudge = (row: AppRow): boolean =>
  row.nodeState === "up" &&
  row.nextAttemptAt === null &&
  !(row.observedIntentId === row.intentId && terminalStatuses.has(row.initStatus));

const driftAlerts = (
  facts: PassFacts,
): { readonly open: readonly AlertAbout[]; readonly standing: ReadonlySet<string> } => {
  const open: AlertAbout[] = [];
  const standing = new Set<string>();
  // They stand until an attempt that is under way has come to something.
  const alarmed = facts.alerts.filter(
    ({ closedAt, kind }) => kind === "app-drift" && closedAt === null,
  );
  for (const app of facts.drifted) {
    if (app.management === "observe" || app.paused) continue;
    const known = app.acknowledged?.causes ?? [];
    const causes = new Map<string, AppRow[]>();
    for (const row of app.nodes) {
      if (row.converged || !isLive(row.nodeState)) continue;
      if (app.acknowledged && isAcknowledged(known, row)) continue;
      if (isOnItsWay(row)) {
        for (const { id, subject } of alarmed) if (subject === app.id) standing.add(id);
        continue;
      }
      const cause = driftCause(row);
      const rows = causes.get(cause);
      if (rows) rows.push(row);
      else causes.set(cause, [row]);
    }
    for (const [cause, rows] of causes) {
      const about = { kind: "app-drift", subject: app.id, cause };
      standing.add(alertId(about));
      const [first] = rows;
      const since = Math.min(...rows.map((row) => facts.offSince.get(driftName(row)) ?? facts.now));
      if (!first || facts.now - since < facts.alertAfterMs) continue;
      const names = rows.map(({ nodeId }) => nodeId).join(", ");
      const why = first.reason ? `: ${first.reason.message}` : "";
      const { sentence, command } = nextStep(first);
      open.push({
        ...about,
        message: `${app.id} is to be ${app.desiredStatus}, and is ${first.initStatus} on ${names}${why}`,
        remedy: command === undefined ? sentence : `${sentence}: ${command}`,
      });
    }
  }
  return { open, standing };
};

const nodeAlerts = (nodes: readonly NodeView[]): readonly AlertAbout[] =>
  nodes
    .filter(({ state }) => state === "lost")
    .map(({ id, lastHeartbeatAt }) => ({
      kind: "node-lost",
      subject: id,
      cause: "lost",
      message: `node ${id} was last heard at ${lastHeartbeatAt}`,
      remedy: `start it again, or find out why it cannot be reached: muster nodes get ${id}`,
    }));

export const decidePass = (facts: PassFacts): PassPlan => {
  const off = rowsOff(facts.drifted);
  const paused = pausedApps(facts);
  const nudges =
    facts.mode === "enforce"
      ? off
          .filter((row) => !paused.has(row.appId) && wantsNudge(row))
          .map(({ nodeId, appId }) => ({ nodeId, appId }))
      : [];
  const drift = driftAlerts(facts);
  const lost = nodeAlerts(facts.nodes);
  const troubles = facts.troubles ?? [];
  const alarming = troubles
    .filter(
      ({ about, afterMs }) =>
        facts.now - (facts.offSince.get(alertId(about)) ?? facts.now) >= afterMs,
    )
    .map(({ about }) => about);
  const standing = new Set([
    ...drift.standing,
    ...lost.map(alertId),
    ...troubles.map(({ about }) => alertId(about)),
  ]);
  const known = new Map(facts.alerts.map((alert) => [alert.id, alert]));
  const open = [...drift.open, ...lost, ...alarming].filter((about) => {
    const before = known.get(alertId(about));
    return before?.closedAt !== null || before.message !== about.message;
  });
  return {
    nudges,
    open: open.slice(0, mostOpened),
    close: facts.alerts
      .filter(
        ({ id, kind, closedAt }) =>
          ownKinds.has(kind) &&
          closedAt === null &&
          !standing.has(id) &&
          !facts.unseenKinds?.has(kind),
      )
      .map(({ id }) => id)
      .slice(0, mostClosed),
    forget: facts.alerts
      .filter(({ closedAt }) => closedAt !== null && facts.now - closedAt > facts.forgetAfterMs)
      .map(({ id }) => id)
      .slice(0, mostClosed),
    drifted: off.length,
    skipped: off.length - nudges.length,
  };
};
