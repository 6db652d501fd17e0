/** The one line that `demo`, `dev` and `serve` print with `--json` when they are ready. */
import { isRecord, numberAt, parseJson, recordsAt, textAt } from "./json.ts";

export interface ReadyNode {
  readonly id: string;
  readonly url: string;
  readonly pid: number;
}

export interface ReadyLine {
  readonly ready: true;
  readonly nodes: readonly ReadyNode[];
  /** `pid` is `null` for a server this program did not start. */
  readonly redis: { readonly url: string; readonly pid: number | null } | null;
  /** A token to call with; `null` where none is needed, or only hashes of it are known. */
  readonly token: string | null;
}

export const printReadyLine = (line: ReadyLine): string => `${JSON.stringify(line)}\n`;

/** Reads the first node of a ready line; `undefined` for any other line. */
export const parseReadyNode = (line: string): ReadyNode | undefined => {
  const value = parseJson(line);
  if (!isRecord(value) || value["ready"] !== true) return undefined;
  const [node] = recordsAt(value, "nodes");
  if (node === undefined) return undefined;
  const id = textAt(node, "id");
  const url = textAt(node, "url");
  const pid = numberAt(node, "pid");
  return id !== undefined && url !== undefined && pid !== undefined ? { id, url, pid } : undefined;
};
