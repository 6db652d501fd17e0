/** List rows of actors and status rows of nodes, each with the version it belongs to. */
import type { HistoryId, Incarnation, ViewStore } from "@muster/core/ports";
import { foundInPieces } from "./in-pieces.ts";
import type { Argument } from "./link.ts";
import { unexpected } from "./refusal.ts";
import { eachPair, number, statusOf, text, toBuffer } from "./reply.ts";
import { packRows } from "./rows.ts";
import { scripts } from "./scripts.generated.ts";
import type { StoreContext } from "./store-context.ts";

/** Shards or nodes whose rows one script reads, so that no single one holds up the server. */
const listedAtOnce = 8;

export const createViewStore = ({ keys, together, run, publish }: StoreContext): ViewStore => ({
  list: ({ kind, shards }) =>
    foundInPieces(shards, Math.min(together, listedAtOnce), async (piece) => {
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

  versions: ({ kinds, shards }) =>
    foundInPieces(shards, together, async (piece) => {
      const answer = await run({
        script: scripts.versions,
        keys: piece.map((shard) => keys.shard(shard).ver),
        args: kinds,
      });
      const historyId = text(answer[1]) as HistoryId;
      return piece.map((shard, i) => ({
        shard,
        historyId,
        n: kinds.map((_, j) => number(answer[2 + i * kinds.length + j])),
      }));
    }),

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
        // The rows' slot is not the channel's: what the script could not publish follows its answer.
        keys.channels.sharded ? "" : keys.channels.status,
        packRows(rows.map(({ unit, row }) => ({ name: unit, row }))),
        String(put.length / 2),
        ...put,
        ...gone,
      ],
    });
    switch (statusOf(answer)) {
      case "ok": {
        const version = { historyId: text(answer[1]) as HistoryId, n: number(answer[2]) };
        if (keys.channels.sharded) {
          const topic = { topic: "status" } as const;
          void publish(topic, { ...topic, nodeId, incarnation, version, reset, rows });
        }
        return { kind: "written", version };
      }
      case "superseded":
        return { kind: "superseded", incarnation: text(answer[1]) as Incarnation };
      default:
        return unexpected(answer);
    }
  },

  dropStatus: async ({ nodeId, incarnation }) => {
    const { status, ver } = keys.node(nodeId);
    const answer = await run({
      script: scripts.dropStatus,
      keys: [status, ver],
      args: [incarnation],
    });
    return { kind: statusOf(answer) === "superseded" ? "superseded" : "dropped" };
  },

  listStatus: ({ nodes }) =>
    foundInPieces(nodes, Math.min(together, listedAtOnce), async (piece) => {
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

  statusVersions: ({ nodes }) =>
    foundInPieces(nodes, together, async (piece) => {
      const answer = await run({
        script: scripts.statusVersions,
        keys: piece.map((node) => keys.node(node).ver),
        args: [],
      });
      const historyId = text(answer[1]) as HistoryId;
      return piece.map((nodeId, i) => ({
        nodeId,
        version: { historyId, n: number(answer[2 + i]) },
      }));
    }),
});
