/** What the tests of dead letters share: actors that fail until they are mended, on nodes in memory. */
import { z } from "zod";
import { type ActorKind, defineActor } from "../define-actor.ts";
import { type WorldOptions, world } from "../engine/engine-kit.test.ts";

export const clerk = defineActor({
  kind: "clerk",
  state: z.strictObject({ filed: z.array(z.string()) }),
  commands: {
    file: { input: z.strictObject({ form: z.string(), password: z.string().optional() }) },
    filed: { input: z.strictObject({}), output: z.array(z.string()), readOnly: true },
  },
});

/** A cluster whose clerks refuse forms until `mend` is called. */
export const clerks = (options: WorldOptions = {}) => {
  let isMended = false;
  const Clerk = clerk.implement({
    initial: () => ({ filed: [] }),
    on: {
      file: (turn, state, { form, password }) => {
        if (!isMended && form.startsWith("bad")) throw new Error(`no ${form} ${password ?? ""}`);
        return turn.next({ filed: [...state.filed, form] }).reply();
      },
      filed: (turn, state) => turn.reply(state.filed),
    },
  });
  const all = world({ ...options, actors: [Clerk as unknown as ActorKind] });
  return {
    ...all,
    mend: () => {
      isMended = true;
    },
  };
};
export const ops = { name: "ops", role: "admin" } as const;
