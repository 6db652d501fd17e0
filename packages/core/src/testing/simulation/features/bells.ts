/**
 * Timers: every bell that was armed rings once, not before it is due, whoever owns it by then, and
 * never when it was stopped before (I12).
 */
import { z } from "zod";
import { type ActorKind, defineActor } from "../../../define-actor.ts";
import { isMusterError } from "../../../errors.ts";
import type { Feature, FeatureFactory, Finding, World } from "../feature.ts";
import { observed } from "../observed-kind.ts";
import type { SimProcess } from "../process.ts";

/** A bell as stored: when it is due, and how often it has rung. */
const bell = z.strictObject({
  due: z.number(),
  rung: z.number().int(),
  early: z.number(),
  stopped: z.boolean(),
});
const name = z.string();

const towerProtocol = defineActor({
  kind: "tower",
  state: z.strictObject({ bells: z.record(z.string(), bell) }),
  commands: {
    arm: { input: z.strictObject({ name, afterMs: z.number().int() }) },
    stop: { input: z.strictObject({ name }), output: z.boolean() },
    ring: { input: z.strictObject({ name }) },
    count: { input: z.strictObject({}), output: z.number().int(), readOnly: true },
  },
});
type Tower = z.output<typeof towerProtocol.state>;

const Tower = towerProtocol.implement({
  initial: () => ({ bells: {} }),
  on: {
    arm: (turn, { bells }, { name, afterMs }, { now }) =>
      turn
        .next(
          {
            bells: { ...bells, [name]: { due: now + afterMs, rung: 0, early: 0, stopped: false } },
          },
          { timers: [{ name, afterMs, command: "ring", input: { name } }] },
        )
        .reply(),
    stop: (turn, { bells }, { name }) => {
      const known = bells[name];
      if (!known || known.rung > 0) return turn.reply(false);
      return turn
        .next(
          { bells: { ...bells, [name]: { ...known, stopped: true } } },
          { timers: [{ name, cancel: true }] },
        )
        .reply(true);
    },
    ring: (turn, { bells }, { name }, { now }) => {
      const known = bells[name] ?? {
        due: Number.POSITIVE_INFINITY,
        rung: 0,
        early: 0,
        stopped: false,
      };
      const early = Math.max(known.early, known.due - now);
      return turn
        .next({ bells: { ...bells, [name]: { ...known, early, rung: known.rung + 1 } } })
        .reply();
    },
    count: (turn, { bells }) => turn.reply(Object.keys(bells).length),
  },
});

const towers = ["north", "east", "south", "west"];
const askMs = 4_000;
/** The owner's idea of Redis time may be off by the way there and back, and jumps with its clock. */
const mostEarlyMs = 250;

class Sexton {
  readonly #world: World;
  readonly #process: SimProcess;
  readonly #stopped: Set<string>;

  constructor(world: World, process: SimProcess, stopped: Set<string>) {
    this.#world = world;
    this.#process = process;
    this.#stopped = stopped;
  }

  async run(): Promise<void> {
    const { clock, muster, name: sexton } = this.#process;
    const random = this.#process.random.fork();
    for (let n = 1; this.#isWanted; n++) {
      const tower = random.pick(towers);
      const bellName = `${sexton}/${n}`;
      const { ask } = muster.actor(towerProtocol, tower);
      const afterMs = random.pick([0, random.between(1, 300), random.between(300, 4_000)]);
      await this.#try(ask.arm({ name: bellName, afterMs }, { timeoutMs: askMs }));
      if (random.chance(0.2)) {
        const isStopped = await this.#try(ask.stop({ name: bellName }, { timeoutMs: askMs }));
        if (isStopped === true) this.#stopped.add(`${tower} ${bellName}`);
      }
      await new Promise<void>((resolve) => {
        clock.after(random.between(50, 400), resolve);
      });
    }
  }

  get #isWanted(): boolean {
    return this.#world.isActive && this.#process.state === "running";
  }

  async #try<T>(asked: Promise<T>): Promise<T | undefined> {
    const { promises, violations } = this.#world;
    try {
      return await promises.watch(this.#process, askMs, "a command to a tower", asked);
    } catch (error) {
      if (!isMusterError(error)) violations.add("error", String(error));
      return undefined;
    }
  }
}

/** Towers of bells, and their sextons. */
export const bells: FeatureFactory = (world): Feature => {
  const { violations, store } = world;
  /** Bells that were acknowledged as stopped before they rang. */
  const stopped = new Set<string>();
  const check = (tower: string, state: Tower | undefined) => {
    for (const [name, { rung, early, stopped: isStopped }] of Object.entries(state?.bells ?? {})) {
      const what = `bell ${name} of ${tower}`;
      if (rung > 1) violations.add("I12", `${what} has rung ${rung} times`);
      if (rung > 0 && isStopped) violations.add("I12", `${what} has rung after it was stopped`);
      if (early > mostEarlyMs && !world.hasClockJumps) {
        violations.add("I12", `${what} has rung ${Math.round(early)} ms early`);
      }
    }
  };
  const stored = (tower: string) => store.state("tower", tower) as Tower | undefined;
  return {
    name: "timers",
    compose: (process) => ({
      actors: [observed(Tower as unknown as ActorKind, process, world.lease)],
    }),
    began: (process) => void new Sexton(world, process, stopped).run(),
    states: { tower: (id, state) => check(id, state as Tower | undefined) },
    lost: () => stopped.clear(),
    probes: () =>
      towers.map((id) => ({
        name: `tower ${id}`,
        ask: ({ muster }) => muster.actor(towerProtocol, id).ask.count({}, { timeoutMs: 1_000 }),
      })),
    unsettled: () =>
      towers.flatMap((tower) =>
        Object.entries(stored(tower)?.bells ?? {}).flatMap(([name, bell]): Finding[] => {
          const what = `bell ${name} of ${tower}`;
          if (stopped.has(`${tower} ${name}`) && !bell.stopped) {
            return [{ invariant: "I2", detail: `${what} was stopped, and is not` }];
          }
          if (bell.rung > 0 || bell.stopped) return [];
          return [{ invariant: "I12", detail: `${what} has not rung` }];
        }),
      ),
    counts: () => {
      const all = towers.flatMap((tower) => Object.values(stored(tower)?.bells ?? {}));
      return { bells: all.length };
    },
  };
};
