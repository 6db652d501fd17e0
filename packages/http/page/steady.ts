/**
 * Keeps a list from jumping: while it is pointed at or used, what is shown stays where it is and only
 * its values change; what came or went waits.
 */

export interface Steady<T> {
  readonly items: readonly T[];
  /** Something came, went or moved that is not shown yet. */
  readonly isWaiting: boolean;
}

/** Decides what a list shows. Pure. */
export const decideSteady = <T>(
  shown: readonly T[],
  latest: readonly T[],
  keyOf: (item: T) => string,
  isHeld: boolean,
): Steady<T> => {
  if (!isHeld || shown.length === 0) return { items: latest, isWaiting: false };
  const renewed = new Map(latest.map((item) => [keyOf(item), item]));
  const items = shown.map((item) => renewed.get(keyOf(item)) ?? item);
  const isSame =
    items.length === latest.length &&
    items.every((item, at) => keyOf(item) === keyOf(latest[at] as T));
  return { items, isWaiting: !isSame };
};

export interface SteadyList<T> {
  show(latest: readonly T[]): void;
  /** Forgets what is shown, as for another question. */
  reset(): void;
}

export interface SteadyOptions<T> {
  readonly box: HTMLElement;
  keyOf(item: T): string;
  render(items: readonly T[]): void;
}

const isUsed = (box: HTMLElement): boolean =>
  (matchMedia("(hover: hover)").matches && box.matches(":hover")) ||
  // By the keyboard; a click leaves the focus behind without anybody looking there.
  box.querySelector(":focus-visible") !== null;

/** Shows a list so; `box` is what must be left alone for changes to come in. */
export const createSteadyList = <T>({ box, keyOf, render }: SteadyOptions<T>): SteadyList<T> => {
  let shown: readonly T[] = [];
  let latest: readonly T[] = [];
  const show = (): void => {
    const steady = decideSteady(shown, latest, keyOf, isUsed(box));
    shown = steady.items;
    box.classList.toggle("waiting", steady.isWaiting);
    render(shown);
  };
  const left = (): void => {
    if (box.classList.contains("waiting")) setTimeout(show, 0);
  };
  box.addEventListener("pointerleave", left);
  box.addEventListener("focusout", left);
  return {
    show: (items) => {
      latest = items;
      show();
    },
    reset: () => {
      shown = [];
    },
  };
};
