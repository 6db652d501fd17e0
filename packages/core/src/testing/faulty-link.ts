/**
 * The way of one node's calls to the store, and of answers and hints back. Two gates stand on it:
 * the process (shut while frozen) and the network (shut while cut). A request that has passed both
 * is executed whatever becomes of its sender; what is under way dies when the store's history ends,
 * as connections do.
 */
import type { NodeId } from "../model/ids.ts";
import { type BackendContext, BackendUnavailable } from "../ports/backend.ts";
import type { Clock } from "../ports/clock.ts";
import type { Fates } from "./fates.ts";

/** A point on a call's way: left the process, was executed, was executed late, came to its end. */
export interface CallStep {
  readonly nodeId: NodeId;
  readonly op: string;
  readonly point: "sent" | "executed" | "copied" | "answered" | "failed";
}

/** What all nodes of one simulation share. */
export interface FaultyWorld {
  readonly fates: Fates;
  /** Time that no freeze of a node stops. */
  readonly clock: Clock;
  /** Shut while the store executes nothing. */
  readonly store: Gate;
  history(): string;
  /** Counts the calls of an operation, or the hints of a topic, by node; answers the new count. */
  count(nodeId: NodeId, what: string): number;
  step(step: CallStep): void;
}

/** Lets tasks through, or keeps them in order while shut. */
export class Gate {
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
    const { clock, fates, store } = this.#world;
    const { nodeId } = this.context;
    const step = (point: CallStep["point"]) => this.#world.step({ nodeId, op, point });

    return new Promise((resolve, reject) => {
      if (this.isKilled) return;
      const fate = fates.call({ nodeId, op, nth: this.#world.count(nodeId, op), mayCopy });
      fate.onSend?.();
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
      const cancel = clock.after(fate.timeoutMs, fail);
      this.#pending.add(fail);
      if (!this.isOpen) return fail();

      const send = () => {
        const history = this.#world.history();
        const whileConnected = (task: () => void) =>
          this.#world.history() === history ? task() : fail();
        step("sent");
        const atStore = (task: () => void) => store.pass(() => whileConnected(task));
        if (fate.copyAfterMs !== undefined) {
          const copy = () => {
            step("copied");
            void swallow(execute());
          };
          clock.after(fate.thereMs + fate.copyAfterMs, () => atStore(copy));
        }
        if (fate.requestLost) return;
        const run = () => {
          step("executed");
          const outcome = execute();
          fate.onExecuted?.();
          if (fate.replyLost) return void swallow(outcome);
          const arrive = (task: () => void) =>
            clock.after(fate.backMs, () => whileConnected(() => this.network.pass(task)));
          outcome.then(
            (value) => arrive(() => answer(value)),
            (error: unknown) => arrive(() => fail(error)),
          );
        };
        clock.after(fate.thereMs, () => atStore(run));
      };
      this.process.pass(() => {
        if (!this.isKilled) this.network.pass(send);
      });
    });
  }

  /** Brings a hint to this node: late, twice or not at all. */
  deliver(topic: string, task: () => void): void {
    const { clock, fates } = this.#world;
    const { nodeId } = this.context;
    const nth = this.#world.count(nodeId, `hint ${topic}`);
    for (const delay of fates.hint({ nodeId, topic, nth })) {
      clock.after(delay, () => {
        if (!this.network.isShut) this.#hear(task);
      });
    }
  }

  /** Runs a task at the store: at once, or when it executes again. */
  atStore(task: () => void): void {
    this.#world.store.pass(task);
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
