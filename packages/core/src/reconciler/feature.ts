/** Composes the reconciler of one node: its kinds, its loop, and what its services read. */
import type { z } from "zod";
import type { ActorRef, CommandSpecs, Protocol } from "../define-actor.ts";
import type { LetterCounts } from "../engine/letter-desk.ts";
import { letterKind } from "../engine/letter-kind.ts";
import type { Node } from "../engine/node.ts";
import type { NodeId } from "../model/ids.ts";
import type { Backend } from "../ports/backend.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { Random } from "../ports/random.ts";
import type { AppsService, NodesService } from "../services.ts";
import type { View } from "../view.ts";
import { type AlertSink, alertProtocol, createAlertActor } from "./alert-actor.ts";
import type { PassFacts } from "./decide-pass.ts";
import { FlapWatch } from "./flap-watch.ts";
import { type AlertRow, modeAt, type PassResult, passResult, type ReconcilerRow } from "./model.ts";
import { seenNow } from "./node-events.ts";
import { countPass } from "./pass-count.ts";
import { Reaper } from "./reaper.ts";
import { ReconcilerActor, reconcilerId, reconcilerProtocol } from "./reconciler-actor.ts";
import { ReconcilerLoop } from "./reconciler-loop.ts";
import type { ReconcilerSources } from "./service.ts";
import { findTroubles } from "./troubles.ts";

/** How a node takes part in reconciling. Times in milliseconds. */
export interface ReconcilerOptions {
  /** How often a pass runs. @defaultValue 5000 */
  readonly everyMs?: number;
  /** Drift that lasts longer is alarming. @defaultValue 60000 */
  readonly alertAfterMs?: number;
  /** Nodes that were last heard of this long ago, by Redis time, are forgotten. @defaultValue 86400000 */
  readonly reapAfterMs?: number;
  /** The same for ephemeral nodes, whose id is made up at each start. @defaultValue 300000 */
  readonly reapEphemeralAfterMs?: number;
}

/** Kinds that every node knows, so that any may own the reconciler's record. */
export const reconcilerKinds = (sinks: readonly AlertSink[]) => [
  ReconcilerActor,
  createAlertActor(sinks),
];

const defaults = Object.freeze({
  everyMs: 5_000,
  alertAfterMs: 60_000,
  reapAfterMs: 86_400_000,
  reapEphemeralAfterMs: 300_000,
});
/** Closed alerts are listed for a day. */
const forgetAfterMs = 86_400_000;
const nudgeTimeoutMs = 2_000;
const passTimeoutMs = 10_000;
/** While flaps are counted for too short a time to say that a node is calm. */
const unsure: ReadonlySet<string> = new Set(["node-flapping"]);
const none: ReadonlySet<string> = new Set();
const passCall = "reconciler-pass";

export interface FeatureContext {
  readonly node: Node;
  readonly nodeId: NodeId;
  readonly backend: Pick<Backend, "guard" | "membership" | "views" | "shards" | "health">;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** `false`: this node never runs the reconciler. */
  readonly options: ReconcilerOptions | false;
  /** Dead letters that a shard may keep. */
  readonly lettersPerShard: number;
  readonly apps: AppsService;
  readonly nodes: NodesService;
  /** Keeps what a node had told before it is forgotten. */
  leaves(nodeId: NodeId): Promise<void>;
  actor<St extends z.ZodType, P extends CommandSpecs>(
    protocol: Protocol<St, P>,
    id: string,
  ): ActorRef<P>;
}

export interface ReconcilerFeature extends ReconcilerSources {
  /** Whether this node runs the reconciler now, as far as it knows. */
  readonly isLeader: boolean;
  start(): void;
  /** Gives the role back; never rejects. */
  stop(): Promise<void>;
}

export const createReconcilerFeature = (context: FeatureContext): ReconcilerFeature => {
  const { actor, apps, backend, clock, logger, node, nodeId, nodes, random } = context;
  const options = { ...defaults, ...(context.options || {}) };
  const alerts = node.view(alertProtocol.kind) as unknown as View<AlertRow>;
  const recordTable = node.view(reconcilerProtocol.kind);
  const record = recordTable as unknown as View<ReconcilerRow>;
  const now = () => node.now();
  const away = () => node.isAway;

  const flaps = new FlapWatch();
  const unownedShards = (): readonly number[] => {
    const held = node.heldInCluster();
    return Array.from({ length: node.shardCount }, (_, shard) => shard).filter(
      (shard) => !held.has(shard),
    );
  };

  const look = (): Omit<PassFacts, "offSince"> | undefined => {
    if (!node.ready || node.isAway || node.viewsStale) return undefined;
    const drifted = apps.list({ drifted: true, withNodes: true }).items;
    const nodesSeen = nodes.list().items;
    return {
      now: now(),
      mode: modeAt(record.get(reconcilerId), now()),
      alertAfterMs: options.alertAfterMs,
      forgetAfterMs,
      rowCount: apps.list().items.length * nodesSeen.length,
      drifted: drifted.map((app) => ({ ...app, nodes: app.nodes ?? [] })),
      nodes: nodesSeen,
      alerts: [...alerts.entries()].map(([, row]) => row),
      troubles: findTroubles({
        now: now(),
        alertAfterMs: options.alertAfterMs,
        members: node.nodes,
        losses: node.losses.open,
        backendMode: backend.health().mode,
        findings: backend.health().findings,
        letters: [...(node.view(letterKind)?.entries() ?? [])].map(([shard, row]) => ({
          shard,
          ...(row as LetterCounts),
        })),
        lettersPerShard: context.lettersPerShard,
        unowned: unownedShards(),
        flapping: flaps.look(node.nodes, now()),
      }),
      unseenKinds: flaps.isSure(now()) ? none : unsure,
    };
  };

  const reaper = new Reaper({
    backend,
    logger,
    goneMs: options.reapAfterMs,
    ephemeralGoneMs: options.reapEphemeralAfterMs,
    shardCount: node.shardCount,
    leaves: (id) => context.leaves(id),
    nodes: () => node.nodes,
    now,
  });
  const loop = new ReconcilerLoop({
    nodeId,
    guard: backend.guard,
    clock,
    random,
    logger,
    everyMs: options.everyMs,
    record: actor(reconcilerProtocol, reconcilerId),
    look,
    passed: (result, durationMs) => countPass(node.meter, result, durationMs),
    nudge: async (target, appId) => {
      const call = { kind: "app", id: appId, urgency: "soft" };
      const heard = await node.calls.call(target as NodeId, "nudge", call, nudgeTimeoutMs);
      return heard.kind === "answered";
    },
    nodes: () => seenNow(node.nodes),
    reap: (term) => reaper.run(term),
  });
  node.calls.answer(passCall, async () => (await loop.run()) ?? null);

  const run = async (): Promise<PassResult | undefined> => {
    const leader = record.get(reconcilerId)?.leader;
    const isThere = nodes.list().items.some(({ id, state }) => id === leader && state === "up");
    if (leader && leader !== nodeId && isThere) {
      const heard = await node.calls.call(leader as NodeId, passCall, null, passTimeoutMs);
      const parsed = passResult.safeParse(heard.kind === "answered" ? heard.body : undefined);
      if (parsed.success) return parsed.data;
    }
    return context.options === false ? undefined : loop.run();
  };

  return {
    alerts,
    record,
    now,
    away,
    unavailable: () => node.unavailable(),
    alert: (id) => actor(alertProtocol, id),
    reconciler: () => actor(reconcilerProtocol, reconcilerId),
    run,
    waitForRow: async (row) => {
      const hasIt = () => record.get(reconcilerId)?.mode?.at === row.mode?.at;
      await recordTable?.waitUntil(hasIt, { timeoutMs: 2_000, id: reconcilerId });
    },
    get isLeader() {
      return loop.isLeader;
    },
    start: () => {
      if (context.options !== false) loop.start();
    },
    stop: () => loop.stop(),
  };
};
