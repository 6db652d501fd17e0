/**
 * Deferred asks: whoever is asked to wait is answered by a later turn, once, by whichever owner;
 * a repeat under its key joins the wait (I2, I3, I12).
 */
import { z } from "zod";
import { type ActorKind, type Deferral, deferral, defineActor } from "../../../define-actor.ts";
import { isMusterError } from "../../../errors.ts";
import type { Feature, FeatureFactory, Finding, World } from "../feature.ts";
import { observed } from "../observed-kind.ts";
import type { SimProcess } from "../process.ts";

const ticket = z.string();

const clerkProtocol = defineActor({
  kind: "clerk",
  state: z.strictObject({
    waiting: z.record(z.string(), deferral("wait")),
    served: z.array(z.string()),
  }),
  commands: {
    /** Answers its ticket, when the clerk calls it. */
    wait: { input: z.strictObject({ ticket, afterMs: z.number().int() }), output: z.string() },
    call: { input: z.strictObject({ ticket }) },
    served: { input: z.strictObject({}), output: z.number().int(), readOnly: true },
  },
});
type Clerk = z.output<typeof clerkProtocol.state>;

const without = (waiting: Clerk["waiting"], ticket: string): Clerk["waiting"] =>
  Object.fromEntries(Object.entries(waiting).filter(([each]) => each !== ticket));

const Clerk = clerkProtocol.implement({
  initial: () => ({ waiting: {}, served: [] }),
  on: {
    wait: (turn, { waiting, served }, { ticket, afterMs }, { ask }) =>
      turn
        .next(
          { waiting: { ...waiting, [ticket]: ask }, served },
          { timers: [{ name: ticket, afterMs, command: "call", input: { ticket } }] },
        )
        .defer(),
    call: (turn, { waiting, served }, { ticket }) => {
      const asked: Deferral<"wait"> | undefined = waiting[ticket];
      const next = turn.next({
        waiting: without(waiting, ticket),
        served: [...served, ticket],
      });
      return (asked === undefined ? next : next.answer(asked, ticket)).reply();
    },
    served: (turn, { served }) => turn.reply(served.length),
  },
});

const clerks = ["anna", "otto", "emma"];
const askMs = 6_000;

/** Tickets by what their holders were told. */
class Holders {
  readonly #world: World;
  readonly #told = new Map<string, string>();
  readonly #refused = new Set<string>();
  #losses = 0;

  constructor(world: World) {
    this.#world = world;
  }

  /** Draws a ticket and waits, under its key again where nobody can tell what became of it. */
  async wait(process: SimProcess, ticket: string): Promise<void> {
    const { store, violations, promises } = this.#world;
    const random = process.random.fork();
    const losses = this.#losses;
    const id = random.pick(clerks);
    const input = { ticket, afterMs: random.pick([0, random.between(1, 200), 2_000]) };
    const keyed = random.chance(0.6);
    const options = { timeoutMs: askMs, ...(keyed && { idempotencyKey: ticket }) };
    for (let attempt = 1; attempt <= (keyed ? 3 : 1); attempt++) {
      try {
        const asked = process.muster.actor(clerkProtocol, id).ask.wait(input, options);
        const what = `the wait of ${ticket}`;
        const answer = await promises.watch(process, askMs, what, asked);
        if (answer !== ticket) violations.add("I3", `${ticket} got the answer to ${answer}`);
        const stored = store.state("clerk", id) as Clerk | undefined;
        if (!this.#world.hasLost && !stored?.served.includes(ticket)) {
          violations.add("I2", `${ticket} was answered and is not served by ${id}`);
        }
        // An answer that was under way when its cause was lost is no promise.
        if (losses === this.#losses) this.#told.set(ticket, id);
        return;
      } catch (error) {
        if (!isMusterError(error)) violations.add("error", String(error));
        else if (attempt === 1 && error.outcome === "not-applied") {
          this.#refused.add(ticket);
          return;
        }
      }
    }
  }

  wasRefused(ticket: string): boolean {
    return this.#refused.has(ticket);
  }

  get answered(): number {
    return this.#told.size;
  }

  /** Tickets that were answered by a clerk who knows nothing of them. */
  forgotten(served: (clerk: string) => readonly string[]): readonly string[] {
    return [...this.#told].flatMap(([ticket, id]) => (served(id).includes(ticket) ? [] : [ticket]));
  }

  lost(): void {
    this.#losses += 1;
    this.#told.clear();
  }
}

/** Clerks and people who wait for them. */
export const waits: FeatureFactory = (world): Feature => {
  const { violations, store } = world;
  const holders = new Holders(world);
  const stored = (clerk: string) => store.state("clerk", clerk) as Clerk | undefined;
  const queue = async (process: SimProcess) => {
    for (let n = 1; world.isActive && process.state === "running"; n++) {
      void holders.wait(process, `${process.name}/${n}`);
      await new Promise<void>((resolve) => {
        process.clock.after(process.random.between(50, 700), resolve);
      });
    }
  };
  return {
    name: "deferrals",
    compose: (process) => ({
      actors: [observed(Clerk as unknown as ActorKind, process, world.lease)],
    }),
    began: (process) => void queue(process),
    states: {
      clerk: (id, state) => {
        const { served, waiting } = state as Clerk;
        if (new Set(served).size < served.length) {
          violations.add("I12", `${id} has served a ticket twice`);
        }
        for (const ticket of [...served, ...Object.keys(waiting)]) {
          if (!holders.wasRefused(ticket)) continue;
          violations.add("I3", `${ticket} was said not to be applied and is with ${id}`);
        }
      },
    },
    lost: () => holders.lost(),
    probes: () =>
      clerks.map((id) => ({
        name: `clerk ${id}`,
        ask: ({ muster }) => muster.actor(clerkProtocol, id).ask.served({}, { timeoutMs: 1_000 }),
      })),
    unsettled: () => [
      ...clerks.flatMap((id) =>
        Object.keys(stored(id)?.waiting ?? {}).map(
          (ticket): Finding => ({ invariant: "I12", detail: `${ticket} still waits for ${id}` }),
        ),
      ),
      ...holders
        .forgotten((id) => stored(id)?.served ?? [])
        .map((ticket): Finding => ({ invariant: "I2", detail: `${ticket} was answered and lost` })),
    ],
    counts: () => ({ waits: holders.answered }),
  };
};
