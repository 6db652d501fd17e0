/**
 * A message that ends every process that runs it: it is put aside after few of them, what was told
 * behind it is run, and everything else goes on (I8). Only some seeds have one.
 */
import { z } from "zod";
import { type ActorKind, defineActor } from "../../../define-actor.ts";
import { isMusterError } from "../../../errors.ts";
import { randomFor } from "../chance.ts";
import type { Feature, FeatureFactory, World } from "../feature.ts";
import { observed } from "../observed-kind.ts";
import type { SimProcess } from "../process.ts";

const bombProtocol = defineActor({
  kind: "bomb",
  state: z.strictObject({ lines: z.array(z.string()) }),
  commands: {
    write: { input: z.strictObject({ line: z.string() }) },
    explode: { input: z.strictObject({}) },
    lines: { input: z.strictObject({}), output: z.array(z.string()), readOnly: true },
  },
});
type Bomb = z.output<typeof bombProtocol.state>;

const bombThat = (explode: () => void) =>
  bombProtocol.implement({
    initial: () => ({ lines: [] }),
    on: {
      write: (turn, { lines }, { line }) => turn.next({ lines: [...lines, line] }).reply(),
      explode: (turn, { lines }) => {
        explode();
        return turn.next({ lines: [...lines, "survived"] }).reply();
      },
      lines: (turn, { lines }) => turn.reply(lines),
    },
  });

const id = "in-the-cellar";
const share = 0.25;
const downMs = 200;
/** Two take-overs until it is suspected, two starts behind a mark. */
const mostDeaths = 4;
const placeAfterMs = 1_600;

/** Tells the bomb to explode, and something behind it, until both are durable. */
const place = async (world: World, process: SimProcess): Promise<void> => {
  const { tell } = process.muster.actor(bombProtocol, id);
  const told = async (what: string, promise: Promise<void>) => {
    try {
      await world.promises.watch(process, 10_000, what, promise);
      return true;
    } catch (error) {
      if (!isMusterError(error)) world.violations.add("error", String(error));
      return false;
    }
  };
  const isPlaced = await told("a bomb", tell.explode({}));
  if (isPlaced) await told("the line behind it", tell.write({ line: "after" }));
};

/** One bomb in the cluster, or none. */
export const bombs: FeatureFactory = (world): Feature => {
  const { violations, store } = world;
  const isPresent = randomFor(world.seed, "bomb").chance(share);
  let deaths = 0;
  let isPlaced = false;
  const waits = () => (store.shards.get(store.shardOf(id))?.pending ?? 0) > 0;
  if (isPresent) {
    world.clock.after(placeAfterMs, () => {
      const process = world.processes().find(({ state, muster }) => {
        return state === "running" && muster.ready;
      });
      if (!process) return;
      isPlaced = true;
      void place(world, process);
    });
  }
  return {
    name: "bombs",
    compose: (process) => {
      const explode = () => {
        deaths += 1;
        world.trace(`${process.name} exploded`);
        if (deaths > mostDeaths && !world.hasLost) {
          violations.add("I8", `a message has ended ${deaths} processes`);
        }
        world.crash(process, downMs);
      };
      return {
        actors: [observed(bombThat(explode) as unknown as ActorKind, process, world.lease)],
      };
    },
    states: {
      bomb: (_, state) => {
        const { lines } = state as Bomb;
        if (lines.includes("survived")) {
          violations.add("I1", "a process that had ended has written its turn");
        }
      },
    },
    isCalm: () => !isPlaced || !waits(),
    probes: () => [
      {
        name: "the bomb",
        ask: ({ muster }) => muster.actor(bombProtocol, id).ask.lines({}, { timeoutMs: 1_000 }),
      },
    ],
    counts: () => ({ deaths }),
  };
};
