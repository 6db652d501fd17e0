/** How a node comes into its cluster: connects, then joins, for as long as it is wanted. */
import { MusterError } from "../errors.ts";
import type { NodeId } from "../model/ids.ts";
import type { Backend, BackendFinding } from "../ports/backend.ts";
import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import { backoff } from "./backoff.ts";
import type { Membership } from "./membership.ts";

export interface BootContext {
  readonly backend: Backend;
  readonly membership: Membership;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly nodeId: NodeId;
  readonly leaseMs: number;
  /** False once the node is being stopped. */
  isWanted(): boolean;
  /** Hears why an attempt failed; `undefined` once one was answered. */
  attempted(failure: unknown): void;
}

export const nodeIdTaken = (nodeId: NodeId, incarnation: string): MusterError =>
  new MusterError(
    "NODE_ID_TAKEN",
    `Another process runs under the node id "${nodeId}" (incarnation ${incarnation}) and keeps renewing its lease.`,
    { op: "start", hint: "Give each process a node id of its own, or stop the other one." },
  );

/** What `start` says when its time is up; the node goes on trying. */
export const notJoined = (
  timeoutMs: number,
  failure: unknown,
  findings: readonly BackendFinding[],
): MusterError =>
  new MusterError(
    "BACKEND_UNAVAILABLE",
    [
      `The node could not join within ${timeoutMs} ms; it goes on trying in the background until stop().`,
      ...(failure instanceof Error ? [`The last attempt failed: ${failure.message}.`] : []),
      ...findings.map(({ message }) => message),
    ].join(" "),
    {
      op: "start",
      cause: failure,
      hint: "Check that the backend is reachable from this machine.",
    },
  );

const isFinal = (error: unknown): boolean => error instanceof MusterError && !error.retryable;

/**
 * Connects, trying again until it succeeds or is no longer wanted.
 * @throws MusterError `PREFLIGHT_FAILED` and other errors that trying again does not cure
 */
export const connect = async (context: BootContext): Promise<void> => {
  for (let attempt = 1; context.isWanted(); attempt++) {
    try {
      await context.backend.open();
      context.attempted(undefined);
      return;
    } catch (error) {
      if (isFinal(error)) throw error;
      context.attempted(error);
      context.logger.warn({ error: String(error) }, "the backend cannot be reached yet");
      await backoff(context.clock, attempt);
    }
  }
};

/** Heartbeats that were under way when a process ended may arrive late, but not so many. */
const provenRenewals = 4;

/**
 * Joins. A former incarnation under the same id is waited for until its lease has ended, which a
 * store that stalls or restarts draws out; it is a conflict only if it keeps renewing.
 * @throws MusterError `NODE_ID_TAKEN`, `SHARD_COUNT_MISMATCH`
 */
export const joinCluster = async (context: BootContext): Promise<void> => {
  const { membership, clock, logger, nodeId, leaseMs } = context;
  let takenSince: number | undefined;
  let heard: number | undefined;
  let renewals = 0;
  for (let attempt = 1; context.isWanted(); ) {
    try {
      const joined = await membership.join();
      context.attempted(undefined);
      if (joined === "joined") return;
      attempt = 1;
      const now = clock.monotonic();
      const lastHeard = await membership.heardOfId();
      if (takenSince !== undefined && lastHeard !== heard) renewals += 1;
      takenSince ??= now;
      heard = lastHeard;
      if (now - takenSince > 2 * leaseMs && renewals >= provenRenewals) {
        throw nodeIdTaken(nodeId, membership.conflict ?? "unknown");
      }
      await new Promise<void>((resolve) => {
        clock.after(Math.min(Math.max(20, joined.waitMs), 250), resolve);
      });
    } catch (error) {
      if (isFinal(error)) throw error;
      context.attempted(error);
      logger.warn({ error: String(error) }, "joining was not answered");
      await backoff(clock, attempt);
      attempt += 1;
    }
  }
};
