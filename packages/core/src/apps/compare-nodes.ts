/** What two nodes have different of the same apps. Pure. */
import type { AppRow } from "./model.ts";

/** The parts of a row that ought to be the same on every node. */
const fields = [
  "version",
  "packageDigest",
  "settingsHash",
  "runtime",
  "initStatus",
  "observedGeneration",
] as const;
export type ComparedField = (typeof fields)[number];

export interface Difference {
  readonly field: ComparedField;
  readonly a: string | number | null;
  readonly b: string | number | null;
}

/** One app that two nodes have differently. */
export interface NodeDifference {
  readonly appId: string;
  readonly differences: readonly Difference[];
  /** The most telling difference in words. */
  readonly sentence: string;
}

/** Enabled by hand or at start is the same to whoever uses the app. */
const sameStatus = (a: AppRow, b: AppRow): boolean =>
  a.initStatus === b.initStatus ||
  (a.converged && b.converged && a.desiredStatus === b.desiredStatus);

const differs = (field: ComparedField, a: AppRow, b: AppRow): boolean =>
  field === "initStatus" ? !sameStatus(a, b) : a[field] !== b[field];

const sentenceOf = (a: AppRow, b: AppRow, differences: readonly Difference[]): string => {
  const has = (field: ComparedField): boolean =>
    differences.some((difference) => difference.field === field);
  const reason = (row: AppRow): string => (row.reason ? ` (${row.reason.code})` : "");
  if (has("version")) {
    return `${a.nodeId} has version ${a.version ?? "none"}, ${b.nodeId} has ${b.version ?? "none"}`;
  }
  if (has("packageDigest")) return `${b.nodeId} loads a different build than ${a.nodeId}`;
  if (has("settingsHash")) return `${b.nodeId} runs with other settings than ${a.nodeId}`;
  if (has("initStatus")) {
    return `${a.nodeId} is ${a.initStatus}${reason(a)}, ${b.nodeId} is ${b.initStatus}${reason(b)}`;
  }
  if (has("observedGeneration")) {
    const behind = (a.observedGeneration ?? 0) < (b.observedGeneration ?? 0) ? a : b;
    return `${behind.nodeId} has not acted on the present intent yet`;
  }
  return `${a.nodeId} runs it on ${a.runtime}, ${b.nodeId} on ${b.runtime}`;
};

/** Compares one app on two nodes; `undefined` when both have the same. */
export const compareRows = (a: AppRow, b: AppRow): NodeDifference | undefined => {
  const differences = fields
    .filter((field) => differs(field, a, b))
    .map((field) => ({ field, a: a[field], b: b[field] }));
  if (differences.length === 0) return undefined;
  return { appId: a.appId, differences, sentence: sentenceOf(a, b, differences) };
};

/** Names what nodes have different of one app: each value with the nodes that have it. */
export const groupDifferences = (
  rows: readonly AppRow[],
): readonly {
  readonly field: ComparedField;
  readonly values: readonly {
    readonly value: string | number | null;
    readonly nodes: readonly string[];
  }[];
}[] => {
  const reported = rows.filter(({ reportedAt }) => reportedAt !== null);
  return (["version", "packageDigest", "settingsHash", "runtime"] as const).flatMap((field) => {
    const groups = new Map<string | number | null, string[]>();
    for (const row of reported) {
      // A node that has nothing loaded has no build to differ in.
      if (row[field] === null) continue;
      const nodes = groups.get(row[field]);
      if (nodes) nodes.push(row.nodeId);
      else groups.set(row[field], [row.nodeId]);
    }
    if (groups.size < 2) return [];
    return [{ field, values: [...groups].map(([value, nodes]) => ({ value, nodes })) }];
  });
};
