/** What `muster demo --once` plays: steps as data, each with what it does and what must then be seen. */
import {
  all,
  appIs,
  appIsGone,
  appRuns,
  changesAreAccepted,
  changesAreRefused,
  intents,
  intentsAre,
  type Missing,
  nodesAre,
  onEach,
  rowsAreStale,
  shardsAreOwned,
  verdictIs,
} from "./facts.ts";
import { type Expected, healthyApp, leavingApp, samples } from "./samples.ts";
import type { World } from "./world.ts";

export interface Step {
  readonly title: string;
  /** Limit in milliseconds for seeing what must be seen. */
  readonly withinMs: number;
  /** Done once, before anything is looked at. */
  act?(world: World): Promise<void>;
  /** Looked at until nothing is missing. */
  check(world: World): Promise<Missing>;
}

/** Ids that the steps speak of; the scenario needs three nodes. */
const [first, second, third] = ["web-1", "web-2", "web-3"] as const;
const others = (world: World, id: string): readonly string[] =>
  world.ids.filter((one) => one !== id);
const pathOf = (verb: "enable" | "disable"): string => `/v1/apps/${healthyApp}/${verb}`;
const is = (status: string) => (): Expected => ({ status });

const change = async (
  world: World,
  through: string,
  verb: "enable" | "disable",
  reason: string,
) => {
  await world.client(through).post(pathOf(verb), { reason });
};

const allUp =
  (world: World) =>
  (from: string): Promise<Missing> =>
    all([() => nodesAre(world, world.ids, "up")(from), () => shardsAreOwned(world)(from)]);

/** What a node shows from memory proves no recovery: it must get a change through. */
const recovered =
  (world: World, present: "enable" | "disable") =>
  (from: string): Promise<Missing> =>
    all([
      () => changesAreAccepted(world, pathOf(present))(from),
      () => allUp(world)(from),
      () => verdictIs(world, "healthy", "degraded")(from),
    ]);

/** Makes the steps. What one step has to remember for another stays inside. */
export const createScenario = (): readonly Step[] => {
  let before: ReadonlyMap<string, string> = new Map();
  return [
    {
      title: "all nodes are up, know each other and own every shard",
      withinMs: 10_000,
      check: (world) => onEach(world.ids, allUp(world)),
    },
    ...samples.map(
      (sample): Step => ({
        title: `${sample.id} ${sample.shows}: every node says ${sample.expected(second).status}${
          sample.expected(second).status === sample.expected(first).status
            ? ""
            : `, or ${sample.expected(first).status} where it runs`
        }`,
        withinMs: 10_000,
        check: (world) => onEach(world.ids, appIs(world, sample.id, world.ids, sample.expected)),
      }),
    ),
    ...samples.flatMap(({ given, id }): readonly Step[] =>
      given === undefined
        ? []
        : [
            {
              title: `${id} is given ${given.what} through ${third}, and runs on every node at once`,
              withinMs: 5_000,
              act: async (world) => {
                const body = { ...given.body, reason: `the demo gives ${given.what}` };
                await world.client(third).post(`/v1/apps/${id}/${given.verb}`, body);
              },
              check: (world) => onEach(world.ids, appIs(world, id, world.ids, is("auto_enabled"))),
            },
          ],
    ),
    {
      title: `${healthyApp} is disabled through ${second}, and stops on every node`,
      withinMs: 5_000,
      act: (world) => change(world, second, "disable", "the demo switches it off"),
      check: (world) =>
        onEach(world.ids, appIs(world, healthyApp, world.ids, is("manually_disabled"))),
    },
    {
      title: `${healthyApp} is enabled through ${second}, and runs on every node`,
      withinMs: 5_000,
      act: (world) => change(world, second, "enable", "the demo switches it on"),
      check: (world) =>
        onEach(world.ids, appIs(world, healthyApp, world.ids, is("manually_enabled"))),
    },
    {
      title: `${third} is killed (kill -9): shown suspect or lost, its row stale, its shards taken over`,
      withinMs: 10_000,
      act: (world) => world.node(third).kill(),
      check: (world) =>
        onEach(others(world, third), (from) =>
          all([
            () => nodesAre(world, [third], "suspect", "lost")(from),
            () => rowsAreStale(world, healthyApp, third)(from),
            () => shardsAreOwned(world)(from),
          ]),
        ),
    },
    {
      title: `a change is accepted and followed while ${third} is gone`,
      withinMs: 5_000,
      act: (world) => change(world, first, "disable", "one node is gone"),
      check: (world) => {
        const rest = others(world, third);
        return onEach(rest, appIs(world, healthyApp, rest, is("manually_disabled")));
      },
    },
    {
      title: `${third} comes back and does what it has missed`,
      withinMs: 10_000,
      act: (world) => world.start(third),
      check: (world) =>
        onEach(world.ids, (from) =>
          all([
            () => allUp(world)(from),
            () => appIs(world, healthyApp, world.ids, is("manually_disabled"))(from),
          ]),
        ),
    },
    {
      title: `${second} is frozen (SIGSTOP): shown suspect or lost, its row stale`,
      withinMs: 10_000,
      act: async (world) => world.node(second).freeze(),
      check: (world) =>
        onEach(others(world, second), (from) =>
          all([
            () => nodesAre(world, [second], "suspect", "lost")(from),
            () => rowsAreStale(world, healthyApp, second)(from),
            () => shardsAreOwned(world)(from),
          ]),
        ),
    },
    {
      title: `${second} is thawed and does what was changed meanwhile`,
      withinMs: 10_000,
      act: async (world) => {
        await change(world, first, "enable", "while one node is frozen");
        world.node(second).thaw();
      },
      check: (world) =>
        onEach(world.ids, (from) =>
          all([() => allUp(world)(from), () => appRuns(world, healthyApp, world.ids)(from)]),
        ),
    },
    {
      title: "Redis is away: every node says so and refuses changes within a second",
      withinMs: 10_000,
      act: async (world) => world.redis.freeze(),
      // What is refused would alter nothing: a change already on its way may still arrive later.
      check: (world) =>
        onEach(world.ids, (from) =>
          all([
            () => changesAreRefused(world, pathOf("enable"))(from),
            () => verdictIs(world, "unknown")(from),
          ]),
        ),
    },
    {
      title: "Redis is back: the nodes recover by themselves",
      withinMs: 15_000,
      act: async (world) => world.redis.thaw(),
      check: (world) => onEach(world.ids, recovered(world, "enable")),
    },
    {
      title: `changes are accepted again: ${healthyApp} is disabled through ${third}`,
      withinMs: 5_000,
      act: (world) => change(world, third, "disable", "Redis is back"),
      check: (world) =>
        onEach(world.ids, appIs(world, healthyApp, world.ids, is("manually_disabled"))),
    },
    {
      title: "Redis is killed and started again: the nodes recover, and no intent has changed",
      withinMs: 15_000,
      act: async (world) => {
        before = await intents(world, first);
        await world.redis.kill();
        await world.redis.start();
      },
      check: (world) =>
        onEach(world.ids, (from) =>
          all([() => recovered(world, "disable")(from), () => intentsAre(world, before)(from)]),
        ),
    },
    {
      title: "all nodes stop in order and start again: no intent has changed",
      withinMs: 15_000,
      act: async (world) => {
        before = await intents(world, first);
        await world.stop(...world.ids);
        await world.start(...world.ids);
      },
      check: (world) =>
        onEach(world.ids, (from) =>
          all([() => allUp(world)(from), () => intentsAre(world, before)(from)]),
        ),
    },
    {
      title: "every app comes to the same again",
      withinMs: 10_000,
      check: (world) =>
        onEach(world.ids, (from) =>
          all(
            samples.map(({ expected, given, id }) => {
              const later = given === undefined ? expected : is("auto_enabled");
              const wanted = id === healthyApp ? is("manually_disabled") : later;
              return () => appIs(world, id, world.ids, wanted)(from);
            }),
          ),
        ),
    },
    {
      title: `${leavingApp} is uninstalled through ${second}: torn down everywhere, and listed by no node`,
      withinMs: 10_000,
      act: async (world) => {
        const reason = "the demo takes it away";
        await world.client(second).delete(`/v1/apps/${leavingApp}`, { reason });
      },
      check: (world) => onEach(world.ids, appIsGone(world, leavingApp)),
    },
  ];
};
