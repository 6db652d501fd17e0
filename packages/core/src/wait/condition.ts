/** What can be waited for, and how people write it. */
import { MusterError } from "../errors.ts";
import { idPattern } from "../model/ids.ts";

/** What an app is waited to be. `enabled` and `disabled` mean intent and convergence. */
export type AppCondition = "converged" | "enabled" | "disabled" | "gone";

export type WaitCondition =
  /** The verdict is `healthy`. */
  | { readonly kind: "healthy" }
  /** At least so many nodes are up. */
  | { readonly kind: "nodes"; readonly count: number }
  | {
      readonly kind: "app";
      readonly id: string;
      readonly state: AppCondition;
      /** Only the intent of this generation is meant: a newer one ends the wait as superseded. */
      readonly generation?: number;
    }
  /** The node owns no shard any more. */
  | { readonly kind: "drained"; readonly node: string }
  /** Every app is as it should be on every live node. */
  | { readonly kind: "drift" }
  /** Nothing lies among the dead letters that nobody replayed or resolved, and none waits for room. */
  | { readonly kind: "dead-letters" };

const forms =
  "healthy, nodes=N, app/ID=converged|enabled|disabled|gone, drained=NODE, drift=0 or dead-letters=0";

const appStates: ReadonlySet<string> = new Set(["converged", "enabled", "disabled", "gone"]);
const isAppState = (text: string): text is AppCondition => appStates.has(text);

const refused = (text: string): MusterError =>
  new MusterError("VALIDATION", `"${text.slice(0, 200)}" is no condition to wait for.`, {
    fieldErrors: { for: `must be ${forms}` },
    hint: `Conditions are ${forms}.`,
  });

/**
 * Reads a condition such as `app/crm=converged`.
 * @throws MusterError `VALIDATION` naming the forms there are
 */
export const parseCondition = (text: string): WaitCondition => {
  if (text === "healthy") return { kind: "healthy" };
  const equals = text.indexOf("=");
  const subject = text.slice(0, Math.max(0, equals));
  const value = text.slice(equals + 1);
  if (subject === "nodes" && /^[1-9]\d{0,3}$/.test(value)) {
    return { kind: "nodes", count: Number(value) };
  }
  if (subject === "drift" && value === "0") return { kind: "drift" };
  if (subject === "dead-letters" && value === "0") return { kind: "dead-letters" };
  if (subject === "drained" && idPattern.test(value)) return { kind: "drained", node: value };
  const id = subject.startsWith("app/") ? subject.slice(4) : "";
  if (idPattern.test(id) && isAppState(value)) return { kind: "app", id, state: value };
  throw refused(text);
};

/** Writes a condition as {@link parseCondition} reads it. */
export const conditionText = (condition: WaitCondition): string => {
  switch (condition.kind) {
    case "healthy":
      return "healthy";
    case "nodes":
      return `nodes=${condition.count}`;
    case "drained":
      return `drained=${condition.node}`;
    case "drift":
      return "drift=0";
    case "dead-letters":
      return "dead-letters=0";
    case "app":
      return `app/${condition.id}=${condition.state}`;
  }
};
