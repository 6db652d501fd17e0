/** The kinds of actors this node can run. */
import type { z } from "zod";
import type { ActorKind, CommandSpec, CommandSpecs } from "../define-actor.ts";
import { MusterError } from "../errors.ts";
import { effectProblem } from "./effect-policy.ts";
import { Letters, letterKind } from "./letter-kind.ts";

/** A kind with its types erased: what the engine works with. */
export type AnyKind = ActorKind<z.ZodType, CommandSpecs>;

export class Kinds {
  readonly #kinds = new Map<string, AnyKind>();

  constructor(kinds: readonly AnyKind[]) {
    for (const kind of kinds) {
      if (this.#kinds.has(kind.kind)) {
        throw new MusterError("OPTIONS_INVALID", `The actor kind "${kind.kind}" is given twice.`);
      }
      checkKind(kind);
      this.#kinds.set(kind.kind, kind);
    }
  }

  get(kind: string): AnyKind | undefined {
    return this.#kinds.get(kind) ?? (kind === letterKind ? Letters : undefined);
  }

  names(): readonly string[] {
    return [...this.#kinds.keys()].sort();
  }

  /** Kinds that publish a list row. */
  withView(): readonly AnyKind[] {
    return [...this.#kinds.values()].filter((kind) => kind.implementation.view !== undefined);
  }
}

/** What types cannot tell: commands that are only named, and kinds written in JavaScript. */
const checkKind = (kind: AnyKind): void => {
  const problem = (what: string) =>
    new MusterError("OPTIONS_INVALID", `The actor kind "${kind.kind}" ${what}.`);
  const { on, effects, view, version = 1, migrate } = kind.implementation;
  if (!Number.isSafeInteger(version) || version < 1) {
    throw problem(`has the version ${version}, which is no whole number above 0`);
  }
  if (version > 1 && !migrate) throw problem(`has the version ${version} and no migrate`);
  for (const command of Object.keys(kind.commands)) {
    if (!Object.hasOwn(on, command)) throw problem(`has no handler for "${command}"`);
  }
  for (const [name, effect] of Object.entries(effects ?? {})) {
    const wrong = effectProblem(effect);
    if (wrong) throw problem(`has an effect "${name}" whose ${wrong}`);
    for (const command of [effect.then, effect.failed]) {
      if (commandOf(kind, command)) continue;
      throw problem(`has no command "${command}", to which its effect "${name}" is to be told`);
    }
  }
  if (kind.implementation.row && !view) throw problem("gives the shape of a row but no view");
};

/** Looks a command up without trusting its name: `__proto__` and its like are no commands. */
export const commandOf = (kind: AnyKind, command: string): CommandSpec | undefined =>
  Object.hasOwn(kind.commands, command) ? kind.commands[command] : undefined;

/** Field path to message, for answers about invalid input. */
export const fieldErrorsOf = (error: z.ZodError): Readonly<Record<string, string>> => {
  const fields: Record<string, string> = {};
  for (const issue of error.issues) fields[issue.path.join(".") || "input"] ??= issue.message;
  return fields;
};
