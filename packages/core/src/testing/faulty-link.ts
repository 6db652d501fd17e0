/**
 * The way of one node's calls to the store, and of answers and hints back. Two gates stand on it:
 * the process (shut while frozen) and the network (shut while cut). A request that has passed both
 * is executed whatever becomes of its sender; what is under way dies when the store's history ends,
 * as connections do.
 */
import type { NodeId } from "../model/ids.ts";
import { type BackendContext, BackendUnavailable } from "../ports/backend.ts";
import type { Clock } from "../ports/clock.ts";
import type { FaultPlan } from "./fault-plan.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** A point on a call's way: left the process, was executed, was executed late, came to its end. */
export interface CallStep {
  readonly nodeId: NodeId;
  readonly op: string;
  readonly point: "sent" | "executed" | "copied" | "answered" | "failed";
}

/** What all nodes of one simulation share. */
export interface FaultyWorld {
  readonly plan: FaultPlan;
  /** Time that no freeze of a node stops. */
  readonly clock: Clock;
  readonly random: SeededRandom;
  history(): string;
  step(step: CallStep): void;
}

/** Lets tasks through, or keeps them in order while shut. */
class Gate {
  readonly #clock: Clock;
  #waiting: (() => void)[] = [];
  isShut = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  pass(task: () => void): void {
    if (this.isShut) this.#waiting.push(task);
    else task();
  }

  open(): void {
    this.isShut = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const task of waiting) this.#clock.defer(() => this.pass(task));
  }
}

export class FaultyLink {
  readonly context: BackendContext;
  readonly process: Gate;
  readonly network: Gate;
  readonly #world: FaultyWorld;
  readonly #resets = new Set<() => void>();
  readonly #pending = new Set<() => void>();
  isKilled = false;
  isOpen = false;

  constructor(world: FaultyWorld, context: BackendContext) {
    this.#world = world;
    this.context = context;
    this.process = new Gate(world.clock);
    this.network = new Gate(world.clock);
  }

  /** Sends a call on its way. Calls of a killed process never settle. */
  call<A>(op: string, mayCopy: boolean, execute: () => Promise<A>): Promise<A> {
    const { plan, clock, random } = this.#world;
    const there = random.between(...plan.delayMs);
    const back = random.between(...plan.delayMs);
    const isLost = random.chance(plan.loseRequest);
    const isReplyLost = random.chance(plan.loseReply);
    const copyAfter = random.between(...plan.ghostDelayMs);
    const isCopied = random.chance(plan.ghost) && mayCopy;
    const step = (point: CallStep["point"]) =>
      this.#world.step({ nodeId: this.context.nodeId, op, point });

    return new Promise((resolve, reject) => {
      if (this.isKilled) return;
      const end = (task: () => void) =>
        this.#hear(() => {
          if (!this.#pending.delete(fail)) return;
          cancel();
          task();
        });
      const fail = (cause?: unknown) =>
        end(() => {
          step("failed");
          reject(cause ?? new BackendUnavailable(op));
        });
      const answer = (value: A) =>
        end(() => {
          step("answered");
          resolve(value);
        });
      const cancel = clock.after(plan.timeoutMs, fail);
      this.#pending.add(fail);
      if (!this.isOpen) return fail();

      const send = () => {
        const history = this.#world.history();
        const whileConnected = (task: () => void) =>
          this.#world.history() === history ? task() : fail();
        step("sent");
        if (isCopied) {
          const copy = () => {
            step("copied");
            void swallow(execute());
          };
          clock.after(there + copyAfter, () => whileConnected(copy));
        }
        if (isLost) return;
        const run = () => {
          step("executed");
          const outcome = execute();
          if (isReplyLost) return void swallow(outcome);
          const arrive = (task: () => void) =>
            clock.after(back, () => whileConnected(() => this.network.pass(task)));
          outcome.then(
            (value) => arrive(() => answer(value)),
            (error: unknown) => arrive(() => fail(error)),
          );
        };
        clock.after(there, () => whileConnected(run));
      };
      this.process.pass(() => {
        if (!this.isKilled) this.network.pass(send);
      });
    });
  }

  /** Brings a hint to this node: late, twice or not at all. */
  deliver(task: () => void): void {
    const { plan, clock, random } = this.#world;
    const copies = random.chance(plan.doubleMessage) ? 2 : 1;
    const isLost = random.chance(plan.loseMessage);
    for (let copy = 0; copy < copies; copy++) {
      const delay = random.between(...plan.messageDelayMs);
      if (isLost) continue;
      clock.after(delay, () => {
        if (!this.network.isShut) this.#hear(task);
      });
    }
  }

  onReset(reset: () => void): () => void {
    const own = () => reset();
    this.#resets.add(own);
    return () => this.#resets.delete(own);
  }

  /** Tells that hints may have been missed. */
  reset(): void {
    for (const reset of this.#resets) {
      this.#hear(() => {
        if (this.isOpen && this.#resets.has(reset)) reset();
      });
    }
  }

  close(): void {
    this.isOpen = false;
    for (const fail of [...this.#pending]) fail();
  }

  /** Runs a task inside the process: once it is awake, never when it was killed. */
  #hear(task: () => void): void {
    this.process.pass(() => {
      if (!this.isKilled) task();
    });
  }
}

const swallow = async (answer: Promise<unknown>): Promise<void> => {
  await answer.catch(() => undefined);
};
