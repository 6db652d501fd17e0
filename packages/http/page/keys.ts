/** Keys of the whole page. None changes anything. */
import type { ViewName } from "./address.ts";

export const keyHelp: readonly (readonly [keys: string, does: string])[] = [
  ["?", "shows this"],
  ["/", "goes to the filter"],
  ["g o", "overview"],
  ["g n", "nodes"],
  ["g a", "alerts"],
  ["g r", "reconciler"],
  ["g e", "events"],
  ["g d", "dead letters"],
  ["j, k", "next and previous row"],
  ["Enter", "opens the row"],
  ["arrows, Home, End", "move within the matrix"],
  ["Esc", "puts away details, a dialog or a panel"],
];

const places: Readonly<Record<string, ViewName>> = {
  o: "apps",
  n: "nodes",
  a: "alerts",
  r: "reconciler",
  e: "events",
  d: "letters",
};

export type KeyWish =
  | { readonly kind: "help" }
  | { readonly kind: "filter" }
  | { readonly kind: "back" }
  | { readonly kind: "row"; readonly step: 1 | -1 }
  | { readonly kind: "open" }
  | { readonly kind: "go"; readonly view: ViewName };

export interface KeyPressed {
  readonly key: string;
  /** Ctrl, Alt or Meta is held. */
  readonly isChord: boolean;
  readonly isTyping: boolean;
}

const ofOne: Readonly<Record<string, KeyWish>> = {
  "?": { kind: "help" },
  "/": { kind: "filter" },
  j: { kind: "row", step: 1 },
  k: { kind: "row", step: -1 },
  Enter: { kind: "open" },
  Escape: { kind: "back" },
};

const togetherMs = 1_500;

/** Makes what reads keys one by one; `g` waits a while for its letter. */
export const createKeyReader = (
  now: () => number,
): ((pressed: KeyPressed) => KeyWish | undefined) => {
  let wentAt: number | undefined;
  return ({ key, isChord, isTyping }) => {
    const isSecond = wentAt !== undefined && now() - wentAt < togetherMs;
    wentAt = undefined;
    if (isChord || (isTyping && key !== "Escape")) return undefined;
    if (isSecond) {
      const view = Object.hasOwn(places, key) ? places[key] : undefined;
      return view && { kind: "go", view };
    }
    if (key === "g") {
      wentAt = now();
      return undefined;
    }
    return Object.hasOwn(ofOne, key) ? ofOne[key] : undefined;
  };
};
