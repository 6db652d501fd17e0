/** Local actors of nact, in memory: the same counters and the same calls. */
import { dispatch, query, type Ref, spawn, start } from "nact";
import { runConcurrently, serveVerbs, timed } from "./serve-verbs.ts";

interface Add {
  readonly by: number;
  readonly sender?: Ref<number>;
}
const system = start();
const refs = new Map<string, Ref<Add>>();
const counter = (id: string): Ref<Add> => {
  const known = refs.get(id);
  if (known !== undefined) return known;
  const made = spawn(
    system,
    (state: { readonly value: number } = { value: 0 }, message: Add) => {
      const value = state.value + message.by;
      if (message.sender !== undefined) dispatch(message.sender, value);
      return { value };
    },
    id,
  ) as Ref<Add>;
  refs.set(id, made);
  return made;
};
const ask = (id: string, by: number): Promise<number> =>
  query(counter(id), (sender: Ref<number>) => ({ by, sender }), 2_000) as Promise<number>;

serveVerbs({
  asks: (args: { readonly actors: number; readonly count: number; readonly inFlight: number }) =>
    timed(() => runConcurrently(args.count, args.inFlight, (n) => ask(`a-${n % args.actors}`, 1))),
  /** Messages without answer; ends with one answer from each actor. */
  tells: (args: { readonly actors: number; readonly count: number; readonly inFlight: number }) =>
    timed(async () => {
      await runConcurrently(args.count, args.inFlight, async (n) =>
        dispatch(counter(`a-${n % args.actors}`), { by: 1 }),
      );
      for (let n = 0; n < args.actors; n++) await ask(`a-${n}`, 0);
    }),
});
