/**
 * A run of a user's own actors: callers on every node do what the script says, again and again while
 * things go wrong, and when all has healed the script says what must hold.
 */
import { isMusterError, type MusterError } from "../../errors.ts";
import type { Muster } from "../../muster-types.ts";
import type { MusterOptions } from "../../options.ts";
import type { SeededRandom } from "../seeded-random.ts";
import { randomFor } from "./chance.ts";
import type { Feature, FeatureFactory, World } from "./feature.ts";
import { observed } from "./observed-kind.ts";
import type { SimProcess } from "./process.ts";

/** What is known of a call once it has ended. */
export type CallEnd<T> =
  | { readonly kind: "answered"; readonly value: T }
  /** It failed and changed nothing. */
  | { readonly kind: "not-applied"; readonly error: MusterError }
  /** It failed, and nobody can tell whether it was applied. */
  | { readonly kind: "unknown"; readonly error: MusterError };

/** One of the callers of a process; it is gone when the process is killed. */
export interface Caller {
  /** Unique in the run: node, run of the node, number. */
  readonly name: string;
  /** Counts the calls of {@link Script.act} by this caller, from 1. */
  readonly n: number;
  readonly muster: Muster;
  /** Chance of this caller alone. */
  readonly random: SeededRandom;
  /** Redis time of the run, epoch milliseconds. */
  readonly now: number;
  /** Waits, in virtual time. */
  sleep(ms: number): Promise<void>;
  /**
   * Waits for a call of Muster and tells what is known of it; errors of Muster do not reject. Note
   * what you send before you send it: a call whose process is killed never ends, and may have been
   * applied. A call that takes longer than `limitMs` (10,000) breaks I5.
   */
  outcome<T>(call: Promise<T>, limitMs?: number): Promise<CallEnd<T>>;
}

/** The cluster after everything has healed and come to rest. */
export interface RestingCluster {
  /** A node that runs. */
  readonly muster: Muster;
  /** All of them. */
  readonly nodes: readonly Muster[];
}

export interface Script {
  /** One thing that a caller does; repeated with a pause of up to 100 ms. Must not reject. */
  act(caller: Caller): Promise<void>;
  /** What must hold in the end; throw (or let an `expect` throw) when it does not. */
  check?(cluster: RestingCluster): Promise<void> | void;
}

/** What a script may use besides, the same in each run of a seed. */
export interface ScriptContext {
  readonly seed: number;
  readonly random: SeededRandom;
  /** Notes a broken promise at once, while the run goes on. */
  violate(detail: string): void;
}

/** Makes the script of one run: keep what callers were told in here, so that each run begins anew. */
export type ScriptFactory = (context: ScriptContext) => Script;

const callersPerProcess = 2;
const checkMs = 30_000;

const callerOf = (
  world: World,
  process: SimProcess,
  name: string,
  n: number,
  random: SeededRandom,
): Caller => ({
  name,
  n,
  muster: process.muster,
  random,
  get now() {
    return process.clock.wall();
  },
  sleep: (ms) =>
    new Promise((resolve) => {
      process.clock.after(ms, resolve);
    }),
  outcome: async (call, limitMs = 10_000) => {
    try {
      const what = `call ${n} of ${name}`;
      return {
        kind: "answered",
        value: await world.promises.watch(process, limitMs, what, call),
      };
    } catch (error) {
      if (!isMusterError(error)) throw error;
      const kind = error.outcome === "not-applied" ? "not-applied" : "unknown";
      world.trace(`${name}/${n} ${kind}`);
      return { kind, error };
    }
  },
});

const describe = (error: unknown): string =>
  (error instanceof Error ? error.message || error.name : String(error))
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => line.trim())
    .join(" ");

/** Puts a script and the actors it is about to use. */
export const scripted =
  (
    make: ScriptFactory,
    given: Pick<MusterOptions, "actors" | "replicas" | "apps">,
  ): FeatureFactory =>
  (world): Feature => {
    const { violations } = world;
    const script = make({
      seed: world.seed,
      random: randomFor(world.seed, "script"),
      violate: (detail) => violations.add("script", detail),
    });
    let acts = 0;

    const run = async (process: SimProcess, index: number): Promise<void> => {
      const name = `${process.name}.${index}`;
      const random = randomFor(world.seed, name);
      for (let n = 1; world.isActive && process.state === "running"; n++) {
        acts += 1;
        try {
          await script.act(callerOf(world, process, name, n, random));
        } catch (error) {
          violations.add("script", `act() of ${name} rejected: ${describe(error)}`);
        }
        await new Promise<void>((resolve) => {
          process.clock.after(random.between(1, 100), resolve);
        });
      }
    };

    return {
      name: "script",
      compose: (process) => ({
        ...given,
        actors: (given.actors ?? []).map((kind) => observed(kind, process, world.lease)),
      }),
      began: (process) => {
        for (let i = 0; i < callersPerProcess; i++) void run(process, i);
      },
      conclude: async () => {
        const nodes = world.processes().map(({ muster }) => muster);
        const [muster] = nodes;
        if (!script.check || !muster) return;
        let isOver = false;
        const work = Promise.resolve()
          .then(() => script.check?.({ muster, nodes }))
          .catch((error: unknown) => violations.add("script", describe(error)))
          .finally(() => {
            isOver = true;
          });
        await world.clock
          .runUntil(() => isOver, checkMs)
          .catch(() => {
            violations.add("script", `check() did not end within ${checkMs} ms of virtual time`);
          });
        if (isOver) await work;
      },
      counts: () => ({ acts }),
    };
  };
