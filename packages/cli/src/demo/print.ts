/** What the demo prints for people. Pure. */
import { formatDuration } from "../duration.ts";
import type { Paint } from "../output/style.ts";
import type { ReadyNode } from "../ready-line.ts";
import type { StepResult } from "./play.ts";
import { healthyApp, type Sample } from "./samples.ts";

export interface Addresses {
  readonly nodes: readonly ReadyNode[];
  readonly redis: { readonly url: string; readonly pid: number };
  readonly folder: string;
  readonly samples: readonly Sample[];
  /** How this program is called here: `npx muster`. */
  readonly command: string;
  /** After how long a node that died is started again. */
  readonly returnMs: number;
}

const columns = (rows: readonly (readonly string[])[]): readonly string[] => {
  const widths =
    rows[0]?.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    row.map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at] ?? 0))).join("  "),
  );
};

/** Where everything is. */
export const addressesText = ({ nodes, redis, folder }: Addresses, paint: Paint): string => {
  const rows = [
    ...nodes.map(({ id, url, pid }) => [id, url, `process ${pid}`]),
    ["redis", redis.url, `process ${redis.pid}`],
    ["logs", folder, ""],
  ];
  const lines = columns(rows).map((line) => `  ${line.trimEnd()}`);
  return [paint.bold(`${nodes.length} nodes on a private Redis`), ...lines, ""].join("\n");
};

/** What to try, in another terminal. */
export const nextText = (addresses: Addresses, paint: Paint): string => {
  const { nodes, samples, command, returnMs } = addresses;
  const at = (index: number): ReadyNode | undefined => nodes[Math.min(index, nodes.length - 1)];
  const base = at(0)?.url ?? "";
  const other = at(1)?.url ?? "";
  const last = at(nodes.length - 1);
  const url = base === "http://127.0.0.1:7300" ? "" : ` --url ${base}`;
  const tries = [
    [`${command} status${url}`, "the verdict, and what is wrong"],
    [`${command} apps${url}`, `${samples.length} sample apps, as they are wanted`],
    [`${command} apps status flaky-webhook${url}`, "what each node really has, and why"],
    [
      `${command} apps disable ${healthyApp} --reason "to see it" --url ${other}`,
      "a change through one node reaches all",
    ],
    [
      `kill -9 ${last?.pid}`,
      `${last?.id} is suspect, then comes back after ${formatDuration(returnMs)}`,
    ],
    [`${command} nodes --watch${url}`, "to watch it"],
  ];
  return [
    "Try in another terminal:",
    ...columns(tries).map((line) => `  ${line}`),
    `The dashboard and the API are at ${nodes.map(({ url: address }) => address).join(", ")}`,
    paint.dim("Ctrl-C ends everything."),
    "",
  ].join("\n");
};

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

/** A step that was played. */
export const stepText = ({ title, seen, tookMs, missing }: StepResult, paint: Paint): string => {
  const mark = seen ? paint.good("✓") : paint.bad("✗");
  const why = missing === undefined ? "" : `\n    ${paint.bad(missing)}`;
  return `${mark} ${title} ${paint.dim(`(${seconds(tookMs)})`)}${why}\n`;
};

/** How the whole scenario went. */
export const summaryText = (
  results: readonly StepResult[],
  tookMs: number,
  paint: Paint,
): string => {
  const failed = results.filter(({ seen }) => !seen).length;
  const words = `${results.length - failed} of ${results.length} steps seen in ${seconds(tookMs)}`;
  return `${failed === 0 ? paint.good(words) : paint.bad(words)}\n`;
};
