/** Makes a table one stop for Tab; arrow keys, Home and End move among its cells. */

const stops = (row: Element): readonly HTMLElement[] =>
  [...row.querySelectorAll<HTMLElement>("[data-stop]")].filter((stop) => !stop.hidden);

export interface GridKeys {
  /** Sees to it that exactly one cell can be reached by Tab, after rows came or went. */
  refresh(): void;
}

export const createGridKeys = (table: HTMLTableElement): GridKeys => {
  let current: HTMLElement | undefined;
  const choose = (stop: HTMLElement): void => {
    if (current && current !== stop) current.tabIndex = -1;
    stop.tabIndex = 0;
    current = stop;
  };
  table.addEventListener("focusin", ({ target }) => {
    const stop = target instanceof Element ? target.closest<HTMLElement>("[data-stop]") : null;
    if (stop) choose(stop);
  });
  table.addEventListener("keydown", (event) => {
    if (!current || event.altKey || event.ctrlKey || event.metaKey) return;
    const rows = [...table.querySelectorAll("tbody tr")].map(stops);
    const y = rows.findIndex((row) => current && row.includes(current));
    const row = rows[y];
    if (!row) return;
    const x = row.indexOf(current);
    const moves: Readonly<Record<string, HTMLElement | undefined>> = {
      ArrowLeft: row[x - 1],
      ArrowRight: row[x + 1],
      ArrowUp: rows[y - 1]?.[x],
      ArrowDown: rows[y + 1]?.[x],
      Home: row[0],
      End: row.at(-1),
    };
    if (!Object.hasOwn(moves, event.key)) return;
    event.preventDefault();
    moves[event.key]?.focus();
  });
  return {
    refresh: () => {
      if (current?.isConnected && !current.hidden) return;
      current = undefined;
      const first = table.querySelector<HTMLElement>("tbody [data-stop]:not([hidden])");
      if (first) choose(first);
    },
  };
};
