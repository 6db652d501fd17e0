/** Reasons for the verdict: actor kinds that a node which owns shards cannot run. Pure. */
import type { NodeRecord } from "./model/node-record.ts";

export interface UnknownKind {
  readonly kind: string;
  readonly sentence: string;
}

/** Each kind at fault with a sentence, by its name. */
export const findUnknownKinds = (nodes: readonly NodeRecord[]): readonly UnknownKind[] => {
  const up = nodes.filter(({ state }) => state === "up");
  const known = new Set(up.flatMap(({ info }) => info.kinds));
  const waiting = new Map<string, number>();
  for (const { state, stats } of nodes) {
    if (state !== "up" && state !== "draining") continue;
    for (const [kind, count] of Object.entries(stats.waiting ?? {})) {
      waiting.set(kind, (waiting.get(kind) ?? 0) + count);
    }
  }
  const found: UnknownKind[] = [];
  for (const kind of [...new Set([...known, ...waiting.keys()])].sort()) {
    const count = waiting.get(kind) ?? 0;
    const messages = `${count} ${count === 1 ? "message waits" : "messages wait"}`;
    const owners = up.filter(({ cordoned, info }) => !cordoned && !info.kinds.includes(kind));
    const names = owners.map(({ id }) => id).sort();
    const tell = (sentence: string) => found.push({ kind, sentence });
    if (!known.has(kind)) tell(`no node knows the actor kind "${kind}": ${messages}`);
    else if (names.length > 0) {
      const who = names.length === 1 ? `node ${names[0]} does` : `nodes ${names.join(", ")} do`;
      const told = count > 0 ? `, ${messages}` : "";
      tell(`${who} not know the actor kind "${kind}": asks of it are refused there${told}`);
    } else if (count > 0) {
      tell(`${messages} for a node with a newer version of the actor kind "${kind}"`);
    }
  }
  return found;
};

/** One sentence for each kind at fault. */
export const unknownKinds = (nodes: readonly NodeRecord[]): readonly string[] =>
  findUnknownKinds(nodes).map(({ sentence }) => sentence);
