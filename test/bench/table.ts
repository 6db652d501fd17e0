/** The bench's answer as a table for people. */
import type { RowResult } from "./row.ts";

const number = (value: number | null): string =>
  value === null
    ? "–"
    : value >= 100
      ? Math.round(value).toLocaleString("en")
      : value >= 1
        ? value.toFixed(1)
        : value.toFixed(3);
const side = (value: number | null, spread: readonly [number, number] | null): string =>
  value === null || spread === null
    ? "–"
    : `${number(value)} [${number(spread[0])} … ${number(spread[1])}]`;

/** Lays results out in columns; notes stand under their row. */
export const table = (results: readonly RowResult[]): string => {
  const head = [
    "row",
    "runtime",
    "ours [spread]",
    "peer [spread]",
    "unit",
    "ratio",
    "target",
    "met",
  ];
  const lines = results.map((result) => [
    result.id,
    result.runtime,
    side(result.ours, result.oursSpread),
    side(result.peer, result.peerSpread),
    result.unit,
    result.ratio === null ? "–" : `${result.ratio.toFixed(2)}×`,
    result.target,
    result.met ? "yes" : "NO",
  ]);
  const widths = head.map((title, column) =>
    Math.max(title.length, ...lines.map((line) => line[column]?.length ?? 0)),
  );
  const layOut = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  const body = lines.flatMap((line, i) => [
    layOut(line),
    ...(results[i]?.notes ?? []).map((note) => `    ${note}`),
  ]);
  return [layOut(head), ...body].join("\n");
};
