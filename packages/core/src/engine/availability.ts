/** Whether a node can take a change now, and what it says where it cannot. */
import { MusterError } from "../errors.ts";
import type { LifecycleState } from "../muster-types.ts";
import type { Backend } from "../ports/backend.ts";
import type { Membership } from "./membership.ts";

/** Without an accepted heartbeat for this long the backend counts as away. */
const awayAfterMs = 900;

export class Availability {
  readonly #backend: Backend;
  readonly #membership: Membership;
  readonly #silenceMs: number;

  constructor(backend: Backend, membership: Membership, heartbeatMs: number) {
    this.#backend = backend;
    this.#membership = membership;
    this.#silenceMs = Math.max(awayAfterMs, 2 * heartbeatMs);
  }

  /** True while this node cannot reach the backend. */
  get isAway(): boolean {
    const { joined, conflict, silentMs } = this.#membership;
    if (!joined || conflict !== undefined) return true;
    return this.#backend.health().state !== "connected" || silentMs > this.#silenceMs;
  }

  /** Why no change can be taken now. */
  refusal(state: LifecycleState): MusterError | undefined {
    if (state === "idle") {
      return new MusterError("NOT_STARTED", "The node was not started.", {
        outcome: "not-applied",
        hint: "Call start() first.",
      });
    }
    if (state === "stopping" || state === "stopped") {
      return new MusterError("STOPPED", "The node was stopped.", { outcome: "not-applied" });
    }
    if (!this.isAway) return undefined;
    const { mode, state: link } = this.#backend.health();
    return new MusterError(
      "BACKEND_UNAVAILABLE",
      this.#membership.joined
        ? `This node has not heard from ${mode} for ${Math.round(this.#membership.silentMs)} ms (${link}).`
        : `This node has not yet joined the cluster through ${mode} (${link}).`,
      { outcome: "not-applied", retryAfterMs: 1_000, hint: "Repeat it when the backend is back." },
    );
  }
}
