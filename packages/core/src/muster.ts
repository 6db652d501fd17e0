/** Composes one node of a cluster from options: the actor runtime, the apps feature, the services. */
import { z } from "zod";
import { createActorRef } from "./actor-ref.ts";
import { createAppActor } from "./apps/actor.ts";
import { createAppsChanges, hasReached } from "./apps/changes.ts";
import { type AppIntentRow, isPurged } from "./apps/intent.ts";
import { keepReports } from "./apps/keep-reports.ts";
import { createAppMigration } from "./apps/migration/migrate-apps.ts";
import type { AppSummary } from "./apps/model.ts";
import { appProtocol } from "./apps/protocol.ts";
import { answerPurge, type PurgeSources, purgeApp, purgeTimeoutMs } from "./apps/purge.ts";
import { createAppsReconcile, type ReconcileSources } from "./apps/reconcile.ts";
import { createAppReplica } from "./apps/replica.ts";
import { runsApps } from "./apps/rows.ts";
import { createAppsService } from "./apps/service.ts";
import { type SurveySources, survey } from "./apps/survey.ts";
import { tellReports } from "./apps/tell-reports.ts";
import { createAuditService } from "./audit-service.ts";
import { judgeCluster } from "./cluster-status.ts";
import { createDeadLettersChanges } from "./dead-letters/changes.ts";
import { createDeadLettersService } from "./dead-letters/service.ts";
import type { ActorRef, CommandSpecs, Protocol } from "./define-actor.ts";
import type { ReplicaDefinition } from "./define-replica.ts";
import { examineNode } from "./doctor/doctor.ts";
import { EventTeller } from "./engine/event-teller.ts";
import { isGuarded } from "./engine/guards.ts";
import type { AnyKind } from "./engine/kinds.ts";
import { letterKind } from "./engine/letter-kind.ts";
import { Node } from "./engine/node.ts";
import type { ViewTable } from "./engine/view-table.ts";
import { MusterError } from "./errors.ts";
import { createEventsService } from "./events-service.ts";
import { createExplain } from "./explain/service.ts";
import { readFigures } from "./figures.ts";
import { joined } from "./joined.ts";
import { createLossesChanges, createLossesService } from "./losses-service.ts";
import { memoryBackend } from "./memory/index.ts";
import type { Incarnation, NodeId } from "./model/ids.ts";
import type { Muster } from "./muster-types.ts";
import { createNodesChanges, createNodesService, createShardsService } from "./nodes-service.ts";
import type { MusterOptions } from "./options.ts";
import { silentLogger } from "./ports/logger.ts";
import { systemClock } from "./ports/system-clock.ts";
import {
  isProduction,
  libraryVersion,
  processInfo,
  residentBytes,
  runtimeName,
} from "./ports/system-process.ts";
import { systemRandom } from "./ports/system-random.ts";
import type { Principal } from "./principal.ts";
import { createReconcilerFeature, reconcilerKinds } from "./reconciler/feature.ts";
import type { AlertRow } from "./reconciler/model.ts";
import {
  type ChangeNoted,
  reconcilerId,
  reconcilerProtocol,
} from "./reconciler/reconciler-actor.ts";
import {
  createAlertsChanges,
  createAlertsService,
  createReconcilerChanges,
  createReconcilerService,
} from "./reconciler/service.ts";
import { alarmsOf } from "./reconciler/troubles.ts";
import { resolveSettings } from "./resolve-options.ts";
import type { ClusterStatus, MusterAs } from "./services.ts";
import { createVerify } from "./verify/verify.ts";
import type { View } from "./view.ts";
import { createWait } from "./wait/wait.ts";

const defaultStartMs = 10_000;
const noteTimeoutMs = 500;
const defaultStopMs = 10_000;
/** How long a node has to answer that it will try. */
const nudgeTimeoutMs = 2_000;
const nudgeCall = z.object({
  kind: z.string(),
  id: z.string(),
  urgency: z.enum(["soft", "now", "force"]),
});
/** How long the answer to a change waits for its own row in this node's view. */
const waitForRowMs = 2_000;

const ephemeralId = (host: string, random: string): string =>
  `${
    host
      .toLowerCase()
      .replaceAll(/[^a-z0-9.-]/g, "-")
      .replace(/^[^a-z0-9]+/, "")
      .slice(0, 40) || "node"
  }-${random
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, "")
    .slice(0, 8)}`;

const withRows = (app: AppSummary) => ({ ...app, nodes: app.nodes ?? [] });

/**
 * Makes one node. Nothing connects before {@link Muster.start}.
 * @throws MusterError `OPTIONS_INVALID` naming every broken rule
 */
export const createMuster = (options: MusterOptions): Muster => {
  const settings = resolveSettings(options);
  const clock = options.clock ?? systemClock;
  const random = options.random ?? systemRandom;
  const logger = options.logger ?? silentLogger;
  const process = processInfo();
  const nodeId = (options.node?.id ?? ephemeralId(process.host, random.id())) as NodeId;
  const incarnation = random.id() as Incarnation;
  const backend = (options.backend ?? memoryBackend()).create({
    cluster: options.cluster,
    nodeId,
    incarnation,
    clock,
    random,
    logger,
  });
  const appReplica = options.apps
    ? createAppReplica({
        host: options.apps.host,
        clock,
        random,
        logger,
        nodeId,
        runtime: [runtimeName(), options.apps.host.runtime].filter(Boolean).join(", "),
        hookTimeoutMs: options.apps.hookTimeoutMs ?? 10_000,
        slowRetryMs: options.apps.slowRetryMs ?? 300_000,
        now: () => node.now(),
      })
    : undefined;
  const appHost = options.apps?.host;
  const appActor = createAppActor({
    survey: (input, signal) => survey(surveySources, input, signal),
    purge: (input, { signal }) => purgeApp(purgeSources, input, signal),
  });
  const kinds = [
    appActor,
    ...reconcilerKinds(options.alertSinks ?? []),
    ...(options.actors ?? []),
  ] as unknown as readonly AnyKind[];
  const replicas = [...(appReplica ? [appReplica] : []), ...(options.replicas ?? [])];
  const node: Node = new Node({
    nodeId,
    incarnation,
    info: {
      ...process,
      version: options.node?.version ?? libraryVersion,
      weight: options.node?.weight ?? 1,
      ephemeral: options.node?.id === undefined,
      kinds: kinds.map((kind) => kind.kind),
      replicas: replicas.map((replica) => replica.kind),
      ...(options.node?.url !== undefined && { url: options.node.url }),
    },
    backend,
    kinds,
    replicas: replicas as readonly ReplicaDefinition<unknown, unknown>[],
    settings,
    clock,
    random,
    logger,
    development: options.development ?? !isProduction(),
    memoryBytes: residentBytes,
  });

  const appView = node.view(appProtocol.kind) as ViewTable<AppIntentRow>;
  const apps = createAppsService({
    view: appView,
    reports: node.board,
    nodes: () => node.nodes,
    away: () => node.isAway,
    nodeId,
    actor: (id) => createActorRef(node, appProtocol, id),
    now: () => node.now(),
    local: appReplica?.local,
  });
  const nodes = createNodesService(node, nodeId);
  const deadLetters = createDeadLettersService(node, backend);
  const actor = <St extends z.ZodType, P extends CommandSpecs>(
    protocol: Protocol<St, P>,
    id: string,
  ): ActorRef<P> => createActorRef(node, protocol, id);
  const waitForRow = async (row: AppIntentRow): Promise<void> => {
    await appView.waitUntil(() => hasReached(appView.get(row.id), row), {
      timeoutMs: waitForRowMs,
      id: row.id,
    });
  };

  const intentOutlivesStop = isGuarded(clock, "intent-outlives-stop");
  /** What no node may do (I11): only a simulation has it done, to see that it is noticed. */
  const stopAsIntent = async (): Promise<void> => {
    const principal: Principal = { name: nodeId, role: "operator" };
    const how = { principal, timeoutMs: 500 };
    const ids = [...appView.entries()].map(([id]) => id);
    await Promise.allSettled(
      ids.map((id) => actor(appProtocol, id).ask.disable({ reason: "the node stops" }, how)),
    );
  };

  const alertView = node.view("alert") as View<AlertRow> | undefined;
  const openAlerts = (): readonly AlertRow[] =>
    [...(alertView?.entries() ?? [])].flatMap(([, row]) => (row.closedAt === null ? row : []));
  const status = (): ClusterStatus => {
    const summary = apps.summary();
    return judgeCluster({
      cluster: options.cluster,
      nodeId,
      now: node.now(),
      silentMs: Math.max(0, node.membership.silentMs),
      away: node.isAway,
      viewsStale: node.viewsStale,
      nodes: node.nodes,
      shardCount: settings.shardCount,
      ownedShards: node.ownedInCluster,
      apps: summary.counts,
      alerts: openAlerts().length,
      alarms: alarmsOf(openAlerts()),
      drift: summary.sentences,
      losses: node.losses.open,
      deadLetters: deadLetters.count(),
      health: backend.health(),
    });
  };

  node.calls.answer("nudge", (body) => {
    const asked = nudgeCall.safeParse(body);
    return asked.success
      ? node.nudge(asked.data.kind, asked.data.id, asked.data.urgency)
      : "unknown";
  });
  const reconcileSources: ReconcileSources = {
    clock,
    logger,
    rows: (id) => apps.rows(id).items,
    pauseOf: (id) => apps.get(id).paused,
    nudge: async (nodeId, id, force) => {
      const call = { kind: appProtocol.kind, id, urgency: force ? "force" : "now" };
      const heard = await node.calls.call(nodeId, "nudge", call, nudgeTimeoutMs);
      if (heard.kind === "silent") return "silent";
      return heard.body === "nudged" ? "nudged" : "unknown";
    },
    onChange: (listener) => node.board.onChange(listener),
  };
  const reconciler = createReconcilerFeature({
    node,
    nodeId,
    backend,
    clock,
    random,
    logger,
    options: options.reconciler ?? {},
    lettersPerShard: settings.deadLettersPerShard,
    apps,
    nodes,
    actor,
    leaves: (id) => keepReports(node.board.forNode(id), id, (app) => actor(appProtocol, app).tell),
  });
  const nodesWithApps = async () => (await backend.membership.list()).nodes.filter(runsApps);
  const onAppChange = (listener: () => void) => {
    const ends = [
      node.onChange(listener),
      appView.onChange(listener),
      node.board.onChange(listener),
    ];
    return () => {
      for (const end of ends) end();
    };
  };
  const surveySources: SurveySources = {
    clock,
    intent: apps.intentOf,
    rows: apps.rowsOf,
    stale: () => apps.stale,
    nodes: nodesWithApps,
    onChange: onAppChange,
  };
  const purgeSources: PurgeSources = {
    intent: apps.intentOf,
    host: appHost,
    nodes: nodesWithApps,
    call: (id, input) => node.calls.call(id, "purge-app", input, purgeTimeoutMs),
  };
  node.calls.answer("purge-app", (body) => answerPurge({ clock, host: appHost }, body));
  const teller = new EventTeller({
    nodeId,
    incarnation,
    store: backend.events,
    clock,
    logger,
    keep: settings.eventsKept,
    keepAudited: settings.auditKept,
    now: () => node.now(),
    mayTell: () => node.membership.trusted(),
  });
  tellReports(node.board, nodeId, (subject, event) => teller.tell(subject, event));
  /** Notes changes of records that are no actor's. They stand whether or not they can be noted. */
  const noteAs =
    (principal: Principal) =>
    async (change: ChangeNoted): Promise<void> => {
      try {
        const options = { principal, timeoutMs: noteTimeoutMs };
        await actor(reconcilerProtocol, reconcilerId).ask.noteChange(change, options);
      } catch (error) {
        logger.warn({ ...change, by: principal.name, error: String(error) }, "is not in the audit");
      }
    };
  const wait = createWait({
    clock,
    facts: {
      status,
      nodes: () => nodes.list().items,
      app: (id) => {
        const intent = appView.get(id);
        return intent && !isPurged(intent) ? withRows(apps.get(id)) : undefined;
      },
      drifted: () => apps.list({ drifted: true, withNodes: true }).items.map(withRows),
    },
    stale: () => node.isAway || node.viewsStale,
    ended: () => {
      const refused = node.unavailable();
      return refused?.code === "STOPPED" || refused?.code === "NOT_STARTED" ? refused : undefined;
    },
    onChange: (listener) => {
      const ends = [onAppChange(listener), node.view(letterKind)?.onChange(listener)];
      return () => {
        for (const end of ends) end?.();
      };
    },
  });

  const isDevelopment = options.development ?? !isProduction();
  const doctor = joined(() =>
    examineNode({
      backend,
      appHost: options.apps?.host,
      runtime: runtimeName(),
      isDevelopment,
      now: () => node.now(),
      state: () => node.state,
      ready: () => node.ready,
      status,
      nodes: () => node.nodes,
      staleViews: () => node.gauges().views.flatMap(({ view, stale }) => (stale ? [view] : [])),
    }),
  );
  const verify = createVerify({
    node,
    backend,
    clock,
    bounds: {
      repliesPerShard: settings.idempotencyPerShard,
      lettersPerShard: settings.deadLettersPerShard,
    },
  });

  return {
    cluster: options.cluster,
    nodeId,
    get state() {
      return node.state;
    },
    get ready() {
      return node.ready;
    },
    start: ({ timeoutMs = defaultStartMs } = {}) => {
      const started = node.start(timeoutMs);
      reconciler.start();
      return started;
    },
    stop: async ({ timeoutMs = defaultStopMs } = {}) => {
      if (!intentOutlivesStop) await stopAsIntent();
      const resigned = reconciler.stop();
      teller.stop();
      await node.stop(timeoutMs);
      await resigned;
    },
    status,
    figures: () =>
      readFigures({
        status,
        apps: () => apps.list({ withNodes: true }).items.map(withRows),
        openAlerts,
        losses: () => node.losses.open.length,
        isReconciler: () => reconciler.isLeader,
        gauges: () => node.gauges(),
        meter: node.meter,
      }),
    verify,
    explain: createExplain(node, backend, deadLetters),
    doctor,
    nodes,
    shards: createShardsService(node, backend),
    losses: createLossesService(node),
    audit: createAuditService(node, backend.events),
    events: createEventsService(node, backend.events),
    deadLetters: {
      list: deadLetters.list,
      get: deadLetters.get,
      count: deadLetters.count,
    },
    apps,
    alerts: createAlertsService(reconciler),
    reconciler: createReconcilerService(reconciler),
    wait,
    as: (principal: Principal): MusterAs => ({
      principal,
      nodes: createNodesChanges(node, nodeId, backend, principal, noteAs(principal)),
      losses: createLossesChanges(node, backend, principal, noteAs(principal)),
      alerts: createAlertsChanges(reconciler, principal),
      reconciler: createReconcilerChanges(reconciler, principal),
      deadLetters: createDeadLettersChanges({ node, clock, principal, reads: deadLetters }),
      apps: {
        ...createAppsChanges({
          principal,
          reads: apps,
          actor: (id) => actor(appProtocol, id),
          waitForRow,
          now: () => node.now(),
        }),
        ...createAppsReconcile(principal, reconcileSources, apps),
      },
      cluster: createAppMigration({
        principal,
        ids: () => {
          const { items, stale } = apps.list();
          return { ids: items.map(({ id }) => id), stale };
        },
        actor: (id) => actor(appProtocol, id),
        waitForRow,
      }),
    }),
    actor,
    view: <Row>({ kind }: { readonly kind: string }): View<Row> => {
      const view = node.view(kind);
      if (view) return view as View<unknown> as View<Row>;
      throw new MusterError("KIND_UNKNOWN", `This node has no view of the kind "${kind}".`, {
        op: "view",
        hint: "Give the kind in `actors`, with a `view`.",
      });
    },
  };
};
