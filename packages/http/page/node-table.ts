/** The table of nodes. */
import type { NodeView } from "@muster/core";
import { el, reconcile, setAttribute, setText, showMark } from "./dom.ts";
import { markOfState } from "./marks.ts";
import { showAct } from "./ui.ts";
import { ago, bytes, duration, since } from "./words.ts";

export type NodeVerb = "drain" | "undrain";

export interface NodeTableOptions {
  readonly table: HTMLTableElement;
  now(): number;
  /** Why nothing can be changed; `undefined` where it can. */
  refusal(): string | undefined;
  change(node: NodeView, verb: NodeVerb): void;
}

export interface NodeTable {
  show(nodes: readonly NodeView[]): void;
  /** Renews what changes with time alone. */
  tick(): void;
}

interface TextColumn {
  readonly label: string;
  text(node: NodeView, now: number): string;
}

const columns: readonly TextColumn[] = [
  {
    label: "Lease age",
    // As answered: between two answers a heartbeat may have come that this page cannot know of.
    text: ({ leaseAgeMs }) => duration(leaseAgeMs),
  },
  { label: "Incarnation", text: ({ incarnation }) => incarnation.slice(0, 6) },
  { label: "Shards", text: ({ shards }) => String(shards) },
  { label: "Memory", text: ({ memoryBytes }) => bytes(memoryBytes) },
  { label: "Loop lag", text: ({ loopLagMs }) => `${Math.round(loopLagMs)} ms` },
  { label: "Version", text: ({ version, runtime }) => `${version}, ${runtime}` },
  { label: "Process", text: ({ host, pid }) => `${host}, ${pid}` },
  { label: "Started", text: ({ startedAt }, now) => ago(since(startedAt, now) ?? 0) },
];

const head = (text: string): HTMLElement =>
  el("th", { role: "columnheader", attributes: { scope: "col" } }, text);

export const createNodeTable = ({ table, now, refusal, change }: NodeTableOptions): NodeTable => {
  const body = el("tbody", { role: "rowgroup" });
  const labels = ["Node", "State", ...columns.map(({ label }) => label), "Change"];
  // Said outright, since at small widths the style takes table layout away.
  table.setAttribute("role", "table");
  table.append(
    el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, ...labels.map(head))),
    body,
  );
  let shown: readonly NodeView[] = [];

  const cell = (label: string, ...children: readonly Node[]): HTMLElement =>
    el("td", { role: "cell", attributes: { "data-label": label } }, ...children);

  const make = (node: NodeView): HTMLElement =>
    el(
      "tr",
      { role: "row", attributes: { tabindex: "-1", "data-row": "" } },
      el(
        "th",
        { role: "rowheader", attributes: { scope: "row" } },
        el("span", { class: "name" }, node.id),
        el("span", { class: "sub" }),
      ),
      cell("State", el("span", { class: "status" })),
      ...columns.map(({ label }) => cell(label)),
      el("td", { role: "cell", class: "act" }, el("button")),
    );

  const update = (row: HTMLElement, node: NodeView): void => {
    const [name, state, ...rest] = row.children;
    const sub = name?.lastElementChild;
    const status = state?.firstElementChild;
    const button = rest.at(-1)?.firstElementChild;
    if (!sub || !(status instanceof HTMLElement) || !(button instanceof HTMLButtonElement)) return;
    setText(sub, node.isLocal ? "this node" : "");
    const drained = node.cordoned ? ", drained" : "";
    showMark(status, markOfState(node.state), `${node.state}${drained}`);
    for (const [at, column] of columns.entries()) {
      const target = rest[at];
      if (target) setText(target, column.text(node, now()));
    }
    const incarnation = rest[columns.findIndex(({ label }) => label === "Incarnation")];
    if (incarnation) setAttribute(incarnation, "title", node.incarnation);
    const verb: NodeVerb = node.cordoned ? "undrain" : "drain";
    showAct(button, {
      label: verb === "drain" ? "Drain…" : "Undrain…",
      about: node.id,
      refusal: refusal(),
      run: () => change(node, verb),
    });
  };

  const show = (nodes: readonly NodeView[]): void => {
    shown = nodes;
    reconcile(body, nodes, { keyOf: ({ id }) => id, make, update });
  };
  return { show, tick: () => show(shown) };
};
