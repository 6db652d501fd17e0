/** What a test and the node program say to each other: one JSON object a line. */
import type { ClusterSettings, ReconcilerOptions } from "@muster/core";

/** Given to the program as its only argument. */
export interface ProgramConfig {
  readonly cluster: string;
  readonly nodeId: string;
  /** Ids of further nodes that run in the same process and start at the same time. */
  readonly companions?: readonly string[];
  readonly redisPort: number;
  /** Replicas that callers wait for. */
  readonly durability?: { readonly replicas: number; readonly timeoutMs?: number };
  /** Servers of a Redis Cluster, as host and port, instead of the one at `redisPort`. */
  readonly redisCluster?: readonly string[];
  /** Sentinels, as host and port, and what they call the primary, instead of the one at `redisPort`. */
  readonly sentinels?: { readonly addresses: readonly string[]; readonly name: string };
  readonly settings: Partial<ClusterSettings>;
  readonly weight?: number;
  /** Serves the HTTP API on a free loopback port. */
  readonly http: boolean;
  /** Folder of the module host; without it the node has no apps. */
  readonly appsDir?: string;
  /** `worker` runs each app in a thread of its own. @defaultValue `module` */
  readonly appsHost?: "module" | "worker";
  readonly hookTimeoutMs?: number;
  readonly slowRetryMs?: number;
  readonly reconciler?: ReconcilerOptions;
  readonly startTimeoutMs?: number;
  /** What ended its process before is mended. @defaultValue false */
  readonly isMended?: boolean;
  /** URL at which effects are recorded outside the fence. */
  readonly witnessUrl?: string;
  /** How much later than real the wall clock given to the node is, in milliseconds. */
  readonly wallOffsetMs?: number;
}

/** A load of keyed puts, each worker one after the other. */
export interface LoadPlan {
  readonly name: string;
  readonly actors: number;
  readonly workers: number;
  /** Pause of a worker between two commands. */
  readonly pauseMs: number;
  readonly timeoutMs: number;
  /** Repeats a command that ended unknown, with its idempotency key, until it is acknowledged. */
  readonly repeat: boolean;
}

export type ProgramCommand =
  | {
      readonly do: "ask" | "tell";
      readonly id: string;
      readonly command: string;
      readonly input: unknown;
      readonly options?: object;
    }
  | {
      readonly do:
        | "status"
        | "nodes"
        | "shards"
        | "losses"
        | "acknowledgeLosses"
        | "report"
        | "apps"
        | "stopLoad"
        | "state"
        | "memory"
        | "deadLetters"
        | "wall";
    }
  | { readonly do: "app" | "rows"; readonly id: string }
  | { readonly do: "explain"; readonly id: string }
  | { readonly do: "diff" }
  | { readonly do: "alerts" }
  | { readonly do: "reconciler" }
  /** A pass now, wherever it is led from. */
  | { readonly do: "pass" }
  /** The mode of the reconciler, as `muster.as(…).reconciler.mode` takes it. */
  | { readonly do: "mode"; readonly options: object }
  | { readonly do: "reconcileAll"; readonly reason: string }
  | { readonly do: "replayLetter"; readonly id: string; readonly reason: string }
  | { readonly do: "compare"; readonly a: string; readonly b: string }
  | { readonly do: "wait"; readonly for: string; readonly timeoutMs: number }
  | { readonly do: "reconcile"; readonly id: string; readonly reason: string }
  | { readonly do: "install"; readonly request: object }
  | { readonly do: "enable" | "disable"; readonly id: string; readonly reason: string }
  /** Any change of apps, as `muster.as(…).apps` takes it. */
  | { readonly do: "change"; readonly verb: string; readonly id: string; readonly change: object }
  | { readonly do: "drain" | "undrain"; readonly id: string; readonly reason: string }
  | { readonly do: "startLoad"; readonly plan: LoadPlan }
  | { readonly do: "blockLoop"; readonly ms: number }
  /** Sets the wall clock given to the node forward, or back when negative. */
  | { readonly do: "jumpWall"; readonly ms: number }
  | { readonly do: "stop"; readonly timeoutMs?: number };

/** An error as it crosses the pipe. */
export interface ProgramError {
  readonly code: string;
  readonly message: string;
  readonly outcome?: string;
  readonly retryable?: boolean;
}

export type ProgramLine =
  | { readonly event: "ready"; readonly httpPort: number; readonly startedMs: number }
  | { readonly event: "startFailed"; readonly error: ProgramError; readonly httpPort: number }
  | { readonly event: "unhandled"; readonly text: string }
  | {
      readonly event: "outcomes";
      readonly load: string;
      readonly acked: readonly string[];
      readonly notApplied: readonly string[];
      readonly unknown: readonly string[];
      /** Error codes of what was not acknowledged. */
      readonly codes: readonly string[];
    }
  | { readonly n: number; readonly answer: unknown }
  | { readonly n: number; readonly error: ProgramError };

/** The actor a load puts a key of its n-th command into. */
export const loadActor = (plan: Pick<LoadPlan, "name" | "actors">, n: number): string =>
  `${plan.name}-${n % plan.actors}`;
