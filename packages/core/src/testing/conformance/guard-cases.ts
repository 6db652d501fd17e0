import type { Incarnation, NodeId } from "../../model/ids.ts";
import type { Backend } from "../../ports/backend.ts";
import type { Term } from "../../ports/guard.ts";
import { assertEqual, assertThat } from "./assert.ts";
import type { ConformanceCase, ConformanceContext } from "./context.ts";

const role = "reconciler";
const long = 60_000;

const open = (context: ConformanceContext, id: string): Promise<Backend> =>
  context.open({ nodeId: id as NodeId, incarnation: `${id}-life` as Incarnation });

const elect = async (backend: Backend, ttlMs = long): Promise<Term> => {
  const answer = await backend.guard.elect({ role, ttlMs });
  if (answer.kind !== "elected") throw new Error(`the role is ${answer.kind}`);
  return answer.term;
};

/** Elects once the former term has run out, by whatever clock the store keeps for it. */
const electWhenFree = async (context: ConformanceContext, backend: Backend): Promise<Term> => {
  for (let i = 0; i < 500; i++) {
    const answer = await backend.guard.elect({ role, ttlMs: long });
    if (answer.kind === "elected") return answer.term;
    await context.advance(10);
    await context.settle();
  }
  throw new Error("the role never became free");
};

const equal = (found: unknown, wanted: unknown): void => assertEqual(found, wanted, "the answer");
const ok: (fact: boolean, what: string) => void = (fact, what) =>
  assertThat(fact, `not so: ${what}`);

/** What every {@link Guard} does. */
export const guardCases: readonly ConformanceCase[] = [
  {
    title: "a role is held by one, until it is given back",
    run: async (context) => {
      const [one, two] = [await open(context, "web-1"), await open(context, "web-2")];
      const term = await elect(one);
      equal((await two.guard.elect({ role, ttlMs: long })).kind, "held");
      equal((await one.guard.elect({ role, ttlMs: long })).kind, "held");
      await one.guard.resign({ term });
      const next = await elect(two);
      ok(next.fence > term.fence, "each election has a higher fence");
      ok(next.token !== term.token, "each term has a token of its own");
    },
  },
  {
    title: "roles are apart from each other",
    run: async (context) => {
      const one = await open(context, "web-1");
      await elect(one);
      equal((await one.guard.elect({ role: "other", ttlMs: long })).kind, "elected");
    },
  },
  {
    title: "a term that has run out goes to the next, and cannot be extended",
    run: async (context) => {
      const [one, two] = [await open(context, "web-1"), await open(context, "web-2")];
      const term = await elect(one, 50);
      const next = await electWhenFree(context, two);
      ok(next.fence > term.fence, "the next term has a higher fence");
      equal(await one.guard.extend({ term, ttlMs: long }), { kind: "lost" });
      await one.guard.resign({ term });
      equal((await one.guard.elect({ role, ttlMs: long })).kind, "held");
    },
  },
  {
    title: "an extended term keeps its fence and others out",
    run: async (context) => {
      const [one, two] = [await open(context, "web-1"), await open(context, "web-2")];
      const term = await elect(one, 1_000);
      equal(await one.guard.extend({ term, ttlMs: long }), { kind: "extended" });
      await context.advance(1_100);
      equal((await two.guard.elect({ role, ttlMs: long })).kind, "held");
      equal(await one.guard.extend({ term, ttlMs: long }), { kind: "extended" });
    },
  },
  {
    title: "a fence is not given again after all data is gone",
    needs: "loseData",
    run: async (context) => {
      const one = await open(context, "web-1");
      const term = await elect(one);
      await context.loseData?.();
      await context.advance(5);
      ok((await elect(one)).fence > term.fence, "the fence went on growing");
    },
  },
];
