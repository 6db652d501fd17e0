/**
 * Knows for how long each process may act, by the store's answers that reached it: a process that
 * acts when its lease has ended is no lawful owner any more (I1, I12).
 */
import type { BackendFactory } from "../../ports/backend.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Violations } from "./violations.ts";

export class LeaseWatch {
  readonly #clock: Clock;
  readonly #violations: Violations;
  /** By the process's clock: the instant its lease ends, in virtual milliseconds. */
  readonly #until = new Map<Clock, number>();

  constructor(clock: Clock, violations: Violations) {
    this.#clock = clock;
    this.#violations = violations;
  }

  /** Wraps what processes see of the store: an answer counts when it has reached its process. */
  over(factory: BackendFactory): BackendFactory {
    return {
      kind: factory.kind,
      create: (context) => {
        const backend = factory.create(context);
        const { membership } = backend;
        const extend = (sentAt: number, leaseMs: number) =>
          this.#until.set(context.clock, sentAt + leaseMs);
        return {
          ...backend,
          membership: {
            ...membership,
            join: async (request) => {
              const sentAt = this.#clock.monotonic();
              const answer = await membership.join(request);
              if (answer.kind === "joined") extend(sentAt, request.leaseMs);
              return answer;
            },
            heartbeat: async (request) => {
              const sentAt = this.#clock.monotonic();
              const answer = await membership.heartbeat(request);
              if (answer.kind === "accepted") extend(sentAt, request.leaseMs);
              return answer;
            },
          },
        };
      },
    };
  }

  /** A process runs a turn, or begins an effect. */
  acts({ clock, name }: { readonly clock: Clock; readonly name: string }, what: string): void {
    const late = this.#clock.monotonic() - (this.#until.get(clock) ?? 0);
    if (late > 0) {
      this.#violations.add("I1", `${name} ran ${what} ${Math.round(late)} ms after its lease`);
    }
  }
}
