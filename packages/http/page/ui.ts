/** Parts that several views are made of. */
import { type Address, home, searchOf } from "./address.ts";
import { type Child, el, reconcile, setAttribute, setText, showMark } from "./dom.ts";
import type { Mark } from "./marks.ts";

/** The address of a view as a link of this page: `.` where nothing is chosen. */
export const hrefOf = (part: Partial<Address>): string => searchOf({ ...home, ...part }) || "?";

/** A link within the page; a plain click changes the view without a new page. */
export const goLink = (part: Partial<Address>, text: string): HTMLAnchorElement =>
  el("a", { attributes: { href: hrefOf(part), "data-go": "" } }, text);

export interface Act {
  readonly label: string;
  /** What it is about, for those who do not see its place. */
  readonly about: string;
  /** Why it cannot be done; `undefined` where it can. */
  readonly refusal: string | undefined;
  readonly isDangerous?: boolean;
  run(): void;
}

/** A button that says why it does nothing, instead of being out of reach. */
export const showAct = (button: HTMLButtonElement, act: Act): void => {
  setText(button, act.label);
  button.type = "button";
  button.classList.toggle("danger", act.isDangerous === true);
  setAttribute(button, "aria-label", `${act.label}: ${act.about}`);
  setAttribute(button, "aria-disabled", act.refusal === undefined ? undefined : "true");
  setAttribute(button, "title", act.refusal);
  button.onclick = () => {
    if (act.refusal === undefined) act.run();
    else button.dispatchEvent(new CustomEvent("refused", { bubbles: true, detail: act.refusal }));
  };
};

export const showActs = (box: Element, acts: readonly Act[]): void =>
  reconcile(box, acts, {
    keyOf: ({ label }) => label,
    make: () => el("button"),
    update: (button, act) => showAct(button as HTMLButtonElement, act),
  });

/** One thing of a list: what it is, since when, what is known of it, what can be done. */
export interface Row {
  readonly key: string;
  readonly mark: Mark;
  /** The mark in words. */
  readonly state: string;
  readonly title: string;
  readonly to?: Partial<Address>;
  readonly when: string;
  /** Lines below; those that are missing are left out. */
  readonly lines: readonly (string | undefined)[];
  readonly acts: readonly Act[];
}

const makeRow = (): HTMLElement =>
  el(
    "li",
    { class: "row", attributes: { tabindex: "-1", "data-row": "" } },
    el("span", { class: "status" }),
    el(
      "div",
      { class: "told" },
      el("p", {}, el("span", { class: "name" }), el("span", { class: "sub when" })),
      el("div", { class: "lines" }),
    ),
    el("div", { class: "acts" }),
  );

const showRow = (element: HTMLElement, row: Row): void => {
  const [status, told, acts] = element.children;
  const [name, when] = told?.firstElementChild?.children ?? [];
  const lines = told?.lastElementChild;
  if (!(status instanceof HTMLElement) || !acts || !name || !when || !lines) return;
  showMark(status, row.mark, row.state);
  if (row.to) {
    const link = name.firstElementChild ?? goLink(row.to, "");
    setAttribute(link, "href", hrefOf(row.to));
    setText(link, row.title);
    if (!link.parentNode) name.replaceChildren(link);
  } else setText(name, row.title);
  setText(when, row.when);
  const shown = row.lines.filter((line) => line !== undefined && line !== "");
  reconcile(
    lines,
    shown.map((text, at) => ({ text: text ?? "", at })),
    {
      keyOf: ({ at }) => String(at),
      make: () => el("p"),
      update: (line, { text }) => setText(line, text),
    },
  );
  showActs(acts, row.acts);
};

export const showRows = (list: Element, rows: readonly Row[]): void =>
  reconcile(list, rows, { keyOf: ({ key }) => key, make: makeRow, update: showRow });

export type Fact = readonly [label: string, text: string | undefined];

/** Pairs of words; those without a text are left out. */
export const showFacts = (list: Element, facts: readonly Fact[]): void =>
  reconcile(
    list,
    facts.filter(([, text]) => text !== undefined),
    {
      keyOf: ([label]) => label,
      make: ([label]) => el("div", {}, el("dt", {}, label), el("dd")),
      update: (element, [, text]) => {
        if (element.lastElementChild) setText(element.lastElementChild, text ?? "");
      },
    },
  );

/** Says what is not there, and why. */
export const blank = (title: string, ...rest: readonly Child[]): HTMLElement =>
  el("div", { class: "panel blank" }, el("h3", {}, title), ...rest);

export const snippet = (text: string): HTMLElement => el("pre", {}, el("code", {}, text));

export interface TableColumn<T> {
  readonly label: string;
  show(cell: HTMLElement, item: T): void;
}

/** A table that becomes cards where there is no room; the first column names the row. */
export const createTable = <T>(
  labelledBy: string,
  columns: readonly TableColumn<T>[],
  keyOf: (item: T) => string,
): { readonly box: HTMLElement; show(items: readonly T[]): void } => {
  const body = el("tbody", { role: "rowgroup" });
  const heads = columns.map(({ label }) =>
    el("th", { role: "columnheader", attributes: { scope: "col" } }, label),
  );
  const table = el(
    "table",
    { class: "cards", role: "table", attributes: { "aria-labelledby": labelledBy } },
    el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, ...heads)),
    body,
  );
  const make = (): HTMLElement =>
    el(
      "tr",
      { role: "row", attributes: { tabindex: "-1", "data-row": "" } },
      ...columns.map(({ label }, at) =>
        at === 0
          ? el("th", { role: "rowheader", attributes: { scope: "row" } })
          : el("td", { role: "cell", attributes: { "data-label": label } }),
      ),
    );
  const update = (row: HTMLElement, item: T): void => {
    for (const [at, column] of columns.entries()) {
      const cell = row.children[at];
      if (cell instanceof HTMLElement) column.show(cell, item);
    }
  };
  return {
    box: el("div", { class: "scroll" }, table),
    show: (items) => reconcile(body, items, { keyOf, make, update }),
  };
};
