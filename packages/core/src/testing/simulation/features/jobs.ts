/**
 * Effects: each job that was started has one recorded outcome; `rerun` was begun at least once,
 * `interrupt` at most once, and none is begun by a node that is no lawful owner any more (I12).
 */
import { z } from "zod";
import {
  type ActorKind,
  defineActor,
  defineEffect,
  type EffectContext,
} from "../../../define-actor.ts";
import { isMusterError } from "../../../errors.ts";
import type { Feature, FeatureFactory, Finding, World } from "../feature.ts";
import { observed } from "../observed-kind.ts";
import type { SimProcess, SimProcessSeed } from "../process.ts";

const work = z.strictObject({
  /** How long one attempt takes, in milliseconds. */
  takesMs: z.number().int(),
  /** Attempts that fail before one succeeds. */
  failures: z.number().int(),
});
const job = z.strictObject({
  crash: z.enum(["rerun", "interrupt"]),
  done: z.number().int(),
  failed: z.number().int(),
});
const id = z.string();

const deskProtocol = defineActor({
  kind: "desk",
  state: z.strictObject({ jobs: z.record(z.string(), job) }),
  commands: {
    start: { input: z.strictObject({ id, crash: z.enum(["rerun", "interrupt"]), work }) },
    done: { input: z.looseObject({ id }) },
    failed: { input: z.looseObject({ id }) },
    count: { input: z.strictObject({}), output: z.number().int(), readOnly: true },
  },
});
type Desk = z.output<typeof deskProtocol.state>;
type Work = z.output<typeof work>;

/** The work itself, on one process. */
type Run = (input: Work, context: EffectContext) => Promise<{ readonly ok: true }>;

const deskOf = (run: Run) => {
  const effect = (onCrash: "rerun" | "interrupt") =>
    defineEffect({
      input: work,
      output: z.strictObject({ ok: z.literal(true) }),
      retry: { strategy: "exponential", baseMs: 50, maxMs: 400, maxAttempts: 0, jitter: 0.2 },
      timeoutMs: 2_000,
      onCrash,
      // biome-ignore lint/suspicious/noThenProperty: it names a command and cannot be called
      then: "done",
      failed: "failed",
      run,
    });
  const counted = (state: Desk, id: string, outcome: "done" | "failed"): Desk => {
    const known = state.jobs[id] ?? { crash: "rerun", done: 0, failed: 0 };
    return { jobs: { ...state.jobs, [id]: { ...known, [outcome]: known[outcome] + 1 } } };
  };
  return deskProtocol.implement({
    initial: () => ({ jobs: {} }),
    effects: {
      rerun: effect("rerun"),
      interrupt: effect("interrupt"),
    },
    on: {
      start: (turn, { jobs }, { id, crash, work }) =>
        turn
          .next(
            { jobs: { ...jobs, [id]: { crash, done: 0, failed: 0 } } },
            { effects: [{ effect: crash, id, input: work }] },
          )
          .reply(),
      done: (turn, state, { id }) => turn.next(counted(state, id, "done")).reply(),
      failed: (turn, state, { id }) => turn.next(counted(state, id, "failed")).reply(),
      count: (turn, { jobs }) => turn.reply(Object.keys(jobs).length),
    },
  });
};

const desks = ["red", "green", "blue"];
const askMs = 4_000;

/** What was begun, seen from outside: not by the store, not by any fence. */
class Outside {
  readonly #begun = new Map<string, number>();

  begin(key: string): number {
    const count = (this.#begun.get(key) ?? 0) + 1;
    this.#begun.set(key, count);
    return count;
  }

  count(desk: string, crash: string, id: string): number {
    return this.#begun.get(`desk/${desk}\u0000${crash}\u0000${id}`) ?? 0;
  }
}

const workOn =
  ({ clock }: SimProcessSeed, outside: Outside): Run =>
  ({ takesMs, failures }, { signal, idempotencyKey, attempt }) =>
    new Promise((resolve, reject) => {
      outside.begin(idempotencyKey);
      signal.addEventListener("abort", () => reject(signal.reason));
      clock.after(takesMs, () => {
        if (attempt <= failures) reject(new Error(`attempt ${attempt} fails`));
        else resolve({ ok: true });
      });
    });

const clerk = async (world: World, process: SimProcess): Promise<void> => {
  const { clock, muster, name } = process;
  const random = process.random.fork();
  for (let n = 1; world.isActive && process.state === "running"; n++) {
    const crash = random.pick(["rerun", "interrupt"] as const);
    const takesMs = random.pick([0, random.between(1, 100), random.between(100, 1_500)]);
    const failures = crash === "rerun" ? random.pick([0, 0, 1, 2]) : 0;
    const { ask } = muster.actor(deskProtocol, random.pick(desks));
    const input = { id: `${name}/${n}`, crash, work: { takesMs, failures } };
    try {
      const asked = ask.start(input, { timeoutMs: askMs });
      await world.promises.watch(process, askMs, "a command to a desk", asked);
    } catch (error) {
      if (!isMusterError(error)) world.violations.add("error", String(error));
    }
    await new Promise<void>((resolve) => {
      clock.after(random.between(100, 600), resolve);
    });
  }
};

/** Desks with jobs, and their clerks. */
export const jobs: FeatureFactory = (world): Feature => {
  const { violations, store } = world;
  const outside = new Outside();
  const stored = (desk: string) => store.state("desk", desk) as Desk | undefined;
  const check = (desk: string, state: Desk | undefined) => {
    for (const [id, { crash, done, failed }] of Object.entries(state?.jobs ?? {})) {
      if (done + failed > 1) {
        violations.add("I12", `job ${id} of ${desk} has ${done + failed} outcomes`);
      }
      const begun = outside.count(desk, crash, id);
      // A turn that was lost with data runs again, and what it starts as well.
      if (crash === "interrupt" && begun > 1 && !world.hasLost) {
        violations.add("I12", `job ${id} of ${desk} was begun ${begun} times`);
      }
      if (done > 0 && begun === 0) violations.add("I12", `job ${id} of ${desk} was never begun`);
    }
  };
  return {
    name: "effects",
    compose: (process) => ({
      actors: [
        observed(deskOf(workOn(process, outside)) as unknown as ActorKind, process, world.lease),
      ],
    }),
    began: (process) => void clerk(world, process),
    states: { desk: (id, state) => check(id, state as Desk | undefined) },
    probes: () =>
      desks.map((id) => ({
        name: `desk ${id}`,
        ask: ({ muster }) => muster.actor(deskProtocol, id).ask.count({}, { timeoutMs: 1_000 }),
      })),
    unsettled: () =>
      desks.flatMap((desk) =>
        Object.entries(stored(desk)?.jobs ?? {}).flatMap(([id, { done, failed }]): Finding[] =>
          done + failed > 0
            ? []
            : [{ invariant: "I12", detail: `job ${id} of ${desk} has no outcome` }],
        ),
      ),
    counts: () => ({
      jobs: desks.reduce((sum, desk) => sum + Object.keys(stored(desk)?.jobs ?? {}).length, 0),
    }),
  };
};
