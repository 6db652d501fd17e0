/** What is told in words: explanations, differences between nodes, what would change. Pure. */
import { type JsonRecord, numberAt, recordAt, recordsAt, textAt } from "../json.ts";
import type { TextOptions } from "./app-columns.ts";
import { plainText } from "./plain-text.ts";
import { paintConverged, paintInitStatus } from "./status-colors.ts";
import { type Column, renderTable } from "./table.ts";

const shownValue = (value: unknown): string => (value === null ? "none" : String(value));

/** Digests and hashes are told apart by their first characters. */
const short = (value: unknown): string => {
  const text = shownValue(value);
  return text.length > 24 ? `${text.slice(0, 23)}…` : text;
};

export const compareColumns = (a: string, b: string): readonly Column[] => {
  const side = (key: "a" | "b") => (item: JsonRecord) =>
    recordsAt(item, "differences")
      .map((difference) => `${textAt(difference, "field") ?? "?"} ${short(difference[key])}`)
      .join(", ");
  return [
    { head: "APP", cell: (item) => textAt(item, "appId") },
    { head: a.toUpperCase(), wide: true, cell: side("a") },
    { head: b.toUpperCase(), wide: true, cell: side("b") },
    { head: "DIFFERENCE", cell: (item) => textAt(item, "sentence") },
  ];
};

export const diffColumns: readonly Column[] = [
  { head: "APP", cell: (item) => textAt(item, "appId") },
  { head: "NODE", cell: (item) => textAt(item, "nodeId") },
  {
    head: "WANTED, FOUND",
    cell: (item) =>
      recordsAt(item, "differences")
        .map(
          (difference) =>
            `${textAt(difference, "field") ?? "?"}: ${textAt(difference, "wanted") ?? "?"}, ${textAt(difference, "found") ?? "?"}`,
        )
        .join("; "),
  },
  { head: "NEXT", cell: (item) => textAt(recordAt(item, "next"), "sentence") },
];

const nodeColumns: readonly Column[] = [
  { head: "NODE", cell: (node) => textAt(node, "nodeId") },
  { head: "STATUS", cell: (node) => textAt(node, "initStatus"), paint: paintInitStatus },
  {
    head: "AGREED",
    cell: (node) => (node["converged"] === true ? "yes" : "no"),
    paint: paintConverged,
  },
  { head: "TRIES", cell: (node) => numberAt(node, "attemptCount") },
  { head: "NODE STATE", wide: true, cell: (node) => textAt(node, "nodeState") },
  {
    head: "LAST ERROR",
    wide: true,
    cell: (node) => textAt(recordsAt(node, "attempts").at(-1) ?? {}, "error"),
  },
  { head: "NEXT", cell: (node) => textAt(recordAt(node, "next"), "sentence") },
];

/** The sentence first, then a row per node, what differs between them, and what to run. */
export const explanationText = (
  explanation: JsonRecord,
  { wide, paint, flags }: TextOptions,
): string => {
  const nodes = recordsAt(explanation, "nodes");
  const table = renderTable(nodeColumns, nodes, { wide, headers: flags.headers, paint });
  const differences = recordsAt(explanation, "differences").map((difference) => {
    const groups = recordsAt(difference, "values").map((group) => {
      const names = Array.isArray(group["nodes"]) ? group["nodes"].map(String) : [];
      return `${short(group["value"])} on ${names.join(", ")}`;
    });
    return `  ${plainText(textAt(difference, "field") ?? "?")} differs: ${plainText(groups.join("; "))}`;
  });
  const command = textAt(explanation, "command");
  return [
    plainText(textAt(explanation, "sentence") ?? ""),
    ...(nodes.length > 0 ? ["", table.trimEnd()] : []),
    ...(differences.length > 0 ? ["", ...differences] : []),
    ...(command === undefined ? [] : ["", `run: ${paint.bold(plainText(command))}`]),
    "",
  ].join("\n");
};
