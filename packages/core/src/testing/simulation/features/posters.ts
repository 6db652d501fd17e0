/**
 * List rows: what every node holds of a kind never goes back, and is what the store holds when all
 * has come to rest, whatever hints were lost (I10).
 */
import { z } from "zod";
import { type ActorKind, defineActor } from "../../../define-actor.ts";
import { isMusterError } from "../../../errors.ts";
import type { Feature, FeatureFactory, Finding, World } from "../feature.ts";
import { observed } from "../observed-kind.ts";
import type { SimProcess } from "../process.ts";

const posterProtocol = defineActor({
  kind: "poster",
  state: z.strictObject({ version: z.number().int() }),
  commands: {
    post: { input: z.strictObject({}), output: z.number().int() },
    tear: { input: z.strictObject({}) },
  },
});
type Row = { readonly version: number };

const Poster = posterProtocol.implement({
  initial: () => ({ version: 0 }),
  // Every seventh version is bare: rows are removed, and come again.
  view: ({ version }) => (version % 7 === 0 ? undefined : { version }),
  on: {
    post: (turn, { version }) => turn.next({ version: version + 1 }).reply(version + 1),
    tear: (turn, { version }) => turn.next({ version: 7 * Math.ceil((version + 1) / 7) }).reply(),
  },
});

const ids = ["p1", "p2", "p3", "p4", "p5", "p6"];
const askMs = 4_000;
/** Kinds with a view that other features bring. */
const kinds = ["poster", "ledger", "app"];

const bill = async (world: World, process: SimProcess): Promise<void> => {
  const { clock, muster } = process;
  const random = process.random.fork();
  while (world.isActive && process.state === "running") {
    const { ask } = muster.actor(posterProtocol, random.pick(ids));
    const options = { timeoutMs: askMs };
    try {
      const asked: Promise<unknown> = random.chance(0.9)
        ? ask.post({}, options)
        : ask.tear({}, options);
      await world.promises.watch(process, askMs, "a command to a poster", asked);
    } catch (error) {
      if (!isMusterError(error)) world.violations.add("error", String(error));
    }
    await new Promise<void>((resolve) => {
      clock.after(random.between(20, 500), resolve);
    });
  }
};

const viewOf = ({ muster }: SimProcess, kind: string) => {
  try {
    return muster.view<unknown>({ kind });
  } catch {
    return undefined;
  }
};

/** How the rows that a node holds of a kind differ from those stored. */
const unlike = (world: World, process: SimProcess, kind: string): Finding[] => {
  const view = viewOf(process, kind);
  if (!view) return [];
  const stored = world.store.rows(kind);
  const what = `${process.name} of the kind ${kind}`;
  const seen = new Map(view.entries());
  const differs = [...new Set([...stored.keys(), ...seen.keys()])].filter((id) => {
    if (JSON.stringify(stored.get(id)) === JSON.stringify(seen.get(id))) return false;
    // A row lost with data is no removed one: it is shown as lost.
    return !(world.hasLost && !stored.has(id));
  });
  const findings = differs.map(
    (id): Finding => ({ invariant: "I10", detail: `the view on ${what}: ${id} is not as stored` }),
  );
  if (view.stale) findings.push({ invariant: "I10", detail: `the view on ${what} is stale` });
  return findings;
};

/** Posters, put up by every node and seen on every node. */
export const posters: FeatureFactory = (world): Feature => {
  const follow = (process: SimProcess) => {
    const last = new Map<string, number>();
    viewOf(process, "poster")?.onChange((id, row) => {
      const { version } = (row as Row | undefined) ?? { version: 0 };
      const before = last.get(id) ?? 0;
      if (version === 0) return;
      last.set(id, version);
      if (version < before && !world.hasLost) {
        const detail = `${process.name} saw ${id} go back from ${before} to ${version}`;
        world.violations.add("I10", detail);
      }
    });
  };
  return {
    name: "views",
    compose: (process) => ({
      actors: [observed(Poster as unknown as ActorKind, process, world.lease)],
    }),
    began: (process) => {
      follow(process);
      void bill(world, process);
    },
    unsettled: () =>
      world.processes().flatMap((process) => kinds.flatMap((kind) => unlike(world, process, kind))),
  };
};
