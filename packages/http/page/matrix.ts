/** The matrix apps × nodes: what is wanted in the first columns, then what each node really has. */
import type { AppRow, AppSummary, NodeView } from "@muster/core";
import { type Details, detailsOfIntent, detailsOfRow } from "./details.ts";
import { drawMark, el, reconcile, setText, showMark } from "./dom.ts";
import { markOfDesired, markOfState, markOfStatus } from "./marks.ts";
import { type Act, goLink, showAct } from "./ui.ts";
import { ahead, since, words } from "./words.ts";

export interface MatrixFacts {
  readonly apps: readonly AppSummary[];
  readonly nodes: readonly NodeView[];
}

export interface MatrixOptions {
  readonly table: HTMLTableElement;
  now(): number;
  /** What the button of the app's row does. */
  actOf(app: AppSummary): Act;
}

export interface Matrix {
  show(facts: MatrixFacts): void;
  /** Renews what changes with time alone. */
  tick(): void;
  detailsOf(cell: Element): Details | undefined;
}

interface Column {
  readonly id: string;
  readonly node: NodeView | undefined;
}

/** A row may speak of a node that the list of nodes, asked for apart, does not have yet. */
export const columnsOf = ({ apps, nodes }: MatrixFacts): readonly Column[] => {
  const known = new Map<string, NodeView | undefined>(nodes.map((node) => [node.id, node]));
  for (const app of apps) {
    for (const { nodeId } of app.nodes ?? []) if (!known.has(nodeId)) known.set(nodeId, undefined);
  }
  return [...known].map(([id, node]) => ({ id, node })).sort((a, b) => (a.id < b.id ? -1 : 1));
};

const focusable = { tabindex: "-1", "data-stop": "" } as const;

const head = (text: string): HTMLTableCellElement =>
  el("th", { role: "columnheader", attributes: { scope: "col" } }, text);

export const createMatrix = ({ table, now, actOf }: MatrixOptions): Matrix => {
  const headRow = el("tr", { role: "row" });
  const body = el("tbody", { role: "rowgroup" });
  // Said outright, since at small widths the style takes table layout away.
  table.setAttribute("role", "grid");
  table.append(el("thead", { role: "rowgroup" }, headRow), body);
  const details = new WeakMap<Element, () => Details>();
  const waiting = new Map<HTMLElement, AppRow>();
  let columns: readonly Column[] = [];

  const showRetry = (target: HTMLElement, row: AppRow): void => {
    const passed = since(row.nextAttemptAt, now());
    setText(target, passed === undefined ? "" : `retry ${ahead(-passed)}`);
    target.hidden = passed === undefined;
  };

  const showCell = (cell: HTMLElement, row: AppRow | undefined): void => {
    const [status, tags] = cell.children;
    if (!(status instanceof HTMLElement) || !(tags instanceof HTMLElement)) return;
    const [drift, stale, retry] = tags.children as unknown as readonly HTMLElement[];
    if (!drift || !stale || !retry) return;
    const text = row ? words(row.initStatus) : "no row";
    showMark(status, markOfStatus(row?.initStatus ?? "unknown"), text);
    cell.classList.toggle("drift", row !== undefined && !row.converged);
    cell.classList.toggle("stale", row?.stale === true);
    drift.hidden = row?.converged !== false;
    stale.hidden = row?.stale !== true;
    if (row) {
      details.set(cell, () => detailsOfRow(row, now()));
      waiting.set(retry, row);
      showRetry(retry, row);
    } else {
      details.delete(cell);
      waiting.delete(retry);
      retry.hidden = true;
    }
  };

  const makeCell = ({ id }: Column): HTMLElement =>
    el(
      "td",
      { role: "gridcell", class: "cell", attributes: { ...focusable, "data-label": id } },
      el("span", { class: "status" }),
      el(
        "span",
        { class: "tags" },
        el("span", { class: "tag drifted" }, "drift"),
        el("span", { class: "tag" }, "stale"),
        el("span", { class: "tag" }),
      ),
    );

  const makeApp = (app: AppSummary): HTMLElement =>
    el(
      "tr",
      { role: "row", attributes: { tabindex: "-1", "data-row": "" } },
      el(
        "th",
        { role: "rowheader", class: "app", attributes: { scope: "row" } },
        el("span", { class: "name" }, goLink({ app: app.id }, app.id)),
        el("span", { class: "sub" }),
      ),
      el(
        "td",
        {
          role: "gridcell",
          class: "desired",
          attributes: { ...focusable, "data-label": "desired" },
        },
        el("span", { class: "status" }),
        el("span", { class: "sub" }),
      ),
    );

  const makeButton = (): HTMLElement =>
    el("td", { role: "gridcell", class: "act" }, el("button", { attributes: { ...focusable } }));

  const showButton = (cell: HTMLElement, app: AppSummary): void => {
    const button = cell.firstElementChild as HTMLButtonElement;
    button.hidden = app.desiredStatus === "uninstalled";
    showAct(button, actOf(app));
  };

  const showApp = (row: HTMLElement, app: AppSummary): void => {
    const [name, desired] = row.children;
    if (!name?.lastElementChild || !desired?.firstElementChild || !desired.lastElementChild) return;
    setText(name.lastElementChild, app.version);
    showMark(
      desired.firstElementChild as HTMLElement,
      markOfDesired(app.desiredStatus),
      app.desiredStatus,
    );
    const held = [
      app.management === "enforce" ? undefined : app.management,
      app.paused && "paused",
      app.acknowledged && "acknowledged",
      app.rollout && `roll-out: ${app.rollout.phase}`,
      app.uninstall && words(app.uninstall.phase.replaceAll("-", " ")),
    ].filter((part) => part !== undefined);
    setText(desired.lastElementChild, [`generation ${app.generation}`, ...held].join(", "));
    details.set(desired, () => detailsOfIntent(app, now()));
    const rows = new Map(app.nodes?.map((one) => [String(one.nodeId), one]));
    const cells: readonly (Column | "button")[] = ["button", ...columns];
    reconcile(row, cells, {
      skip: 2,
      keyOf: (cell) => (cell === "button" ? "act" : `node ${cell.id}`),
      make: (cell) => (cell === "button" ? makeButton() : makeCell(cell)),
      update: (element, cell) =>
        cell === "button" ? showButton(element, app) : showCell(element, rows.get(cell.id)),
    });
  };

  const makeHead = ({ id }: Column): HTMLElement =>
    el(
      "th",
      { role: "columnheader", attributes: { scope: "col" } },
      el("span", { class: "name" }, id),
      el("span", { class: "sub" }),
    );

  const showHead = (cell: HTMLElement, { node }: Column): void => {
    const sub = cell.lastElementChild;
    if (!(sub instanceof HTMLElement)) return;
    const state = node?.state ?? "unknown";
    const here = node?.isLocal ? ", this node" : "";
    const text = `${state}${here}`;
    if (sub.dataset["shown"] === text) return;
    sub.dataset["shown"] = text;
    sub.replaceChildren(drawMark(markOfState(state)), text);
  };

  headRow.append(head("App"), head("Desired"));

  return {
    show: (facts) => {
      columns = columnsOf(facts);
      waiting.clear();
      const heads: readonly (Column | "change")[] = ["change", ...columns];
      reconcile(headRow, heads, {
        skip: 2,
        keyOf: (one) => (one === "change" ? one : `node ${one.id}`),
        make: (one) => (one === "change" ? head("Change") : makeHead(one)),
        update: (element, one) => {
          if (one !== "change") showHead(element, one);
        },
      });
      reconcile(body, facts.apps, { keyOf: ({ id }) => id, make: makeApp, update: showApp });
    },
    tick: () => {
      for (const [target, row] of waiting) showRetry(target, row);
    },
    detailsOf: (cell) => details.get(cell)?.(),
  };
};
