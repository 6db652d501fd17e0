/** List rows of actors and status rows of nodes, each with the version it belongs to. */
import type { HistoryId, Incarnation, ShardId, ViewStore } from "@muster/core/ports";
import type { Argument } from "./link.ts";
import { unexpected } from "./refusal.ts";
import { eachPair, number, statusOf, text, toBuffer } from "./reply.ts";
import { packRows } from "./rows.ts";
import { scripts } from "./scripts.generated.ts";
import type { StoreContext } from "./store-context.ts";

/** Shards or nodes whose rows one script reads, so that no single one holds up the server. */
const listedAtOnce = 8;

const inPieces = async <T, R>(
  items: readonly T[],
  read: (piece: readonly T[]) => Promise<readonly R[]>,
): Promise<readonly R[]> => {
  const pieces: Promise<readonly R[]>[] = [];
  for (let from = 0; from < items.length; from += listedAtOnce) {
    pieces.push(read(items.slice(from, from + listedAtOnce)));
  }
  return (await Promise.all(pieces)).flat();
};

export const createViewStore = ({ keys, run }: StoreContext): ViewStore => ({
  list: ({ kind, shards }) =>
    inPieces<ShardId, Awaited<ReturnType<ViewStore["list"]>>[number]>(shards, async (piece) => {
      const answer = await run({
        script: scripts.listRows,
        keys: piece.flatMap((shard) => {
          const k = keys.shard(shard);
          return [k.ver, k.view(kind)];
        }),
        args: [kind],
      });
      const historyId = text(answer[1]) as HistoryId;
      return piece.map((shard, i) => {
        const rows: { id: string; row: Uint8Array }[] = [];
        eachPair(answer[3 + 2 * i], (id, row) => rows.push({ id: text(id), row }));
        return { shard, version: { historyId, n: number(answer[2 + 2 * i]) }, rows };
      });
    }),

  versions: async ({ kinds, shards }) => {
    if (shards.length === 0) return [];
    const answer = await run({
      script: scripts.versions,
      keys: shards.map((shard) => keys.shard(shard).ver),
      args: kinds,
    });
    const historyId = text(answer[1]) as HistoryId;
    return shards.map((shard, i) => ({
      shard,
      historyId,
      n: kinds.map((_, j) => number(answer[2 + i * kinds.length + j])),
    }));
  },

  writeStatus: async ({ nodeId, incarnation, seq, reset, rows }) => {
    const { status, ver } = keys.node(nodeId);
    const put: Argument[] = [];
    const gone: Argument[] = [];
    for (const { unit, row } of rows) {
      if (row === "removed") gone.push(unit);
      else put.push(unit, toBuffer(row));
    }
    const answer = await run({
      script: scripts.writeStatus,
      keys: [status, ver],
      args: [
        nodeId,
        incarnation,
        String(seq),
        reset ? "1" : "0",
        keys.channel({ topic: "status" }),
        packRows(rows.map(({ unit, row }) => ({ name: unit, row }))),
        String(put.length / 2),
        ...put,
        ...gone,
      ],
    });
    switch (statusOf(answer)) {
      case "ok":
        return {
          kind: "written",
          version: { historyId: text(answer[1]) as HistoryId, n: number(answer[2]) },
        };
      case "superseded":
        return { kind: "superseded", incarnation: text(answer[1]) as Incarnation };
      default:
        return unexpected(answer);
    }
  },

  listStatus: ({ nodes }) =>
    inPieces(nodes, async (piece) => {
      const answer = await run({
        script: scripts.listStatus,
        keys: piece.flatMap((node) => {
          const { ver, status } = keys.node(node);
          return [ver, status];
        }),
        args: [],
      });
      const historyId = text(answer[1]) as HistoryId;
      return piece.map((nodeId, i) => {
        const at = 2 + 3 * i;
        const incarnation = answer[at + 1];
        const rows: { unit: string; row: Uint8Array }[] = [];
        eachPair(answer[at + 2], (unit, row) => rows.push({ unit: text(unit), row }));
        return {
          nodeId,
          incarnation: (incarnation === null ? "none" : text(incarnation)) as Incarnation,
          version: { historyId, n: number(answer[at]) },
          rows,
        };
      });
    }),

  statusVersions: async ({ nodes }) => {
    if (nodes.length === 0) return [];
    const answer = await run({
      script: scripts.statusVersions,
      keys: nodes.map((node) => keys.node(node).ver),
      args: [],
    });
    const historyId = text(answer[1]) as HistoryId;
    return nodes.map((nodeId, i) => ({ nodeId, version: { historyId, n: number(answer[2 + i]) } }));
  },
});
