/** All nouns. Help and suggestions need no more than this table, so only what is called is loaded. */
import type { Noun } from "../noun.ts";

export const nouns: readonly Noun[] = [
  {
    name: "demo",
    summary: "three real processes on a private Redis, with sample apps and the dashboard",
    load: async () => (await import("./demo.ts")).registerDemo,
  },
  {
    name: "dev",
    summary: "one node in memory, nothing to install; starts again when a file changes",
    load: async () => (await import("./dev.ts")).registerDev,
  },
  {
    name: "serve",
    summary: "one stand-alone node on Redis",
    load: async () => (await import("./serve.ts")).registerServe,
  },
  {
    name: "status",
    summary: "how the cluster is: the verdict, what is wrong, then counts",
    load: async () => (await import("./status.ts")).registerStatus,
  },
  {
    name: "nodes",
    summary: "the server processes of the cluster",
    defaultVerb: "list",
    load: async () => (await import("./nodes.ts")).registerNodes,
  },
  {
    name: "losses",
    summary: "data that Redis has lost, as the nodes found out",
    defaultVerb: "list",
    load: async () => (await import("./losses.ts")).registerLosses,
  },
  {
    name: "dead-letters",
    summary: "what could not be carried out; sends it again or says what became of it",
    defaultVerb: "list",
    load: async () => (await import("./dead-letters.ts")).registerDeadLetters,
  },
  {
    name: "apps",
    summary: "apps: what is wanted of each, and what each node really has",
    defaultVerb: "list",
    load: async () => (await import("./apps.ts")).registerApps,
  },
  {
    name: "events",
    summary: "what happened in the cluster, by whom and why; with --follow what happens",
    load: async () => (await import("./events.ts")).registerEvents,
  },
  {
    name: "audit",
    summary: "who changed what, when and why",
    load: async () => (await import("./audit.ts")).registerAudit,
  },
  {
    name: "alerts",
    summary: "what has been wrong for too long, and what to do about it",
    defaultVerb: "list",
    load: async () => (await import("./alerts.ts")).registerAlerts,
  },
  {
    name: "reconciler",
    summary: "what compares wanted with there is, nudges and alarms",
    defaultVerb: "status",
    load: async () => (await import("./reconciler.ts")).registerReconciler,
  },
  {
    name: "wait",
    summary: "ends when a condition holds, such as app/crm=converged; tells who blocks",
    load: async () => (await import("./wait.ts")).registerWait,
  },
  {
    name: "explain",
    summary: "why something is as it is on each node, what happens next and what to run",
    load: async () => (await import("./explain.ts")).registerExplain,
  },
  {
    name: "actors",
    summary: "what there is of an actor, for whoever looks for a fault",
    load: async () => (await import("./actors.ts")).registerActors,
  },
  {
    name: "doctor",
    summary: "every precondition, each with what to do; also of a Redis without any node",
    load: async () => (await import("./doctor.ts")).registerDoctor,
  },
  {
    name: "verify",
    summary: "reads the whole cluster and checks that all is as it should be; writes nothing",
    load: async () => (await import("./verify.ts")).registerVerify,
  },
  {
    name: "migrate",
    summary: "makes intent of the apps of a server that kept a single status, and goes back",
    load: async () => (await import("./migrate.ts")).registerMigrate,
  },
  {
    name: "token",
    summary: "makes tokens for the HTTP API",
    load: async () => (await import("./token.ts")).registerToken,
  },
  {
    name: "version",
    summary: "version of this program",
    load: async () => (await import("./version.ts")).registerVersion,
  },
];
