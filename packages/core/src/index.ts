export type * from "./apps/compare-nodes.ts";
export type * from "./apps/diff.ts";
export type * from "./apps/explain.ts";
export type {
  AppHistory,
  AppHistoryRequest,
  HistoryChange,
  HistoryItem,
  HistoryOutcome,
} from "./apps/history.ts";
export * from "./apps/migration/model.ts";
export * from "./apps/model.ts";
export type * from "./apps/next-step.ts";
export type { ReconcileItem, ReconcileRequest } from "./apps/reconcile.ts";
export type * from "./audit-service.ts";
export type * from "./dead-letters/model.ts";
export * from "./define-actor.ts";
export * from "./define-replica.ts";
export { type DoctorReport, judgeRuntime } from "./doctor/doctor.ts";
export * from "./errors.ts";
export type { EventFilter, EventHistory, EventHistoryRequest } from "./event-log.ts";
export type { EventSubscribe, EventsService } from "./events-service.ts";
export type * from "./explain/model.ts";
export type { ExplainService } from "./explain/service.ts";
export type { FigureCounts, FigureHistogram, MusterFigures } from "./figures.ts";
export * from "./hosts/app-host.ts";
export type { AppManifest } from "./hosts/app-manifest.ts";
export { createHost } from "./hosts/create-host.ts";
export { type AppContext, type AppDefinition, defineApp } from "./hosts/define-app.ts";
export { createModuleHost, type ModuleApp, type ModuleHostOptions } from "./hosts/module-host.ts";
export {
  createWorkerHost,
  type WorkerApp,
  type WorkerHostOptions,
} from "./hosts/worker/worker-host.ts";
export { MemoryServer, memoryBackend } from "./memory/index.ts";
export type * from "./model/blocker.ts";
export type { DeadReason, DeadWork, Resolution } from "./model/dead-letter.ts";
export * from "./model/event.ts";
export type * from "./model/ids.ts";
export type * from "./model/node-record.ts";
export type { Position } from "./model/position.ts";
export type { RetryPolicy } from "./model/retry-policy.ts";
export { createMuster } from "./muster.ts";
export type * from "./muster-types.ts";
export type { ClusterSettings, MusterOptions } from "./options.ts";
export { defaultSettings } from "./options.ts";
export * from "./ports/backend.ts";
export type * from "./ports/bus.ts";
export type { Cancel, Clock } from "./ports/clock.ts";
export type * from "./ports/event-store.ts";
export type * from "./ports/guard.ts";
export type { Logger } from "./ports/logger.ts";
export type * from "./ports/loss-store.ts";
export type * from "./ports/membership-store.ts";
export type * from "./ports/precondition.ts";
export type { Random } from "./ports/random.ts";
export type * from "./ports/shard-store.ts";
export type * from "./ports/shard-survey.ts";
export type * from "./ports/view-store.ts";
export type * from "./principal.ts";
export type { AlertSink } from "./reconciler/alert-actor.ts";
export type { ReconcilerOptions } from "./reconciler/feature.ts";
export type { AlertRow, ReconcilerMode } from "./reconciler/model.ts";
export type {
  Alert,
  AlertsChanges,
  AlertsService,
  ReconcilerChanges,
  ReconcilerPass,
  ReconcilerPause,
  ReconcilerService,
  ReconcilerStatus,
} from "./reconciler/service.ts";
export { redactByName, redactText } from "./secrets.ts";
export type * from "./services.ts";
export {
  type VerifyCheck,
  type VerifyFinding,
  type VerifyReport,
  verifyChecks,
} from "./verify/model.ts";
export type * from "./view.ts";
export {
  type AppCondition,
  conditionText,
  parseCondition,
  type WaitCondition,
} from "./wait/condition.ts";
export type { WaitAnswer, WaitOptions } from "./wait/wait.ts";
