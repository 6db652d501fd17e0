/** A kind whose turns and effects are seen from outside: whoever runs one must be within its lease. */
import type { ActorKind, EffectSpec } from "../../define-actor.ts";
import type { LeaseWatch } from "./lease-watch.ts";
import type { SimProcessSeed } from "./process.ts";

type Handler = (...args: readonly unknown[]) => unknown;

export const observed = (
  // biome-ignore lint/suspicious/noExplicitAny: kinds of all shapes are observed alike
  kind: ActorKind<any, any>,
  process: SimProcessSeed,
  lease: LeaseWatch,
): ActorKind => {
  const { implementation } = kind;
  const on = Object.fromEntries(
    Object.entries(implementation.on as Readonly<Record<string, Handler>>).map(
      ([command, handler]) => [
        command,
        (...args: readonly unknown[]) => {
          lease.acts(process, `${kind.kind}.${command}`);
          return handler(...args);
        },
      ],
    ),
  );
  const effects = Object.fromEntries(
    Object.entries(implementation.effects ?? {}).map(([name, effect]: [string, EffectSpec]) => [
      name,
      {
        ...effect,
        run: (...args: Parameters<EffectSpec["run"]>) => {
          lease.acts(process, `the effect ${kind.kind}.${name}`);
          return effect.run(...args);
        },
      },
    ]),
  );
  return {
    ...kind,
    implementation: { ...implementation, on, effects } as ActorKind["implementation"],
  };
};
