/** Rows in memory: list rows are read here and written by commits; status rows are written here. */
import type { HistoryId, Incarnation } from "../model/ids.ts";
import type { ViewStore } from "../ports/view-store.ts";
import { emptyStatus, type StatusData } from "./cluster-data.ts";
import { channelOf } from "./hub.ts";
import type { Link } from "./link.ts";
import { publishable } from "./publishable.ts";

type StatusRequest = Parameters<ViewStore["writeStatus"]>[0];
type StatusAnswer = Awaited<ReturnType<ViewStore["writeStatus"]>>;

/** Replaced incarnations that are remembered per node. */
const retiredKept = 16;

const versionOf = (historyId: HistoryId, n: number | undefined) => ({ historyId, n: n ?? 0 });

const registerIncarnation = (status: StatusData, incarnation: Incarnation): void => {
  if (status.incarnation !== "none") status.retired.add(status.incarnation);
  const [oldest] = status.retired;
  if (status.retired.size > retiredKept && oldest) status.retired.delete(oldest);
  status.incarnation = incarnation;
};

const writeStatus = (link: Link, request: StatusRequest): StatusAnswer => {
  const { nodeId, incarnation, seq, reset, rows } = request;
  const status = link.data.status.get(nodeId) ?? emptyStatus();
  const { historyId } = link;
  if (status.incarnation === incarnation) {
    if (seq <= status.seq) return { kind: "written", version: versionOf(historyId, status.n) };
  } else {
    if (!reset || status.retired.has(incarnation)) {
      return { kind: "superseded", incarnation: status.incarnation };
    }
    registerIncarnation(status, incarnation);
  }
  link.data.status.set(nodeId, status);
  if (reset) status.rows.clear();
  for (const { unit, row } of rows) {
    if (row === "removed") status.rows.delete(unit);
    else status.rows.set(unit, row);
  }
  status.seq = seq;
  status.n += 1;
  const version = versionOf(historyId, status.n);
  link.server.hub.publish(channelOf(link.cluster, { topic: "status" }), () => ({
    topic: "status",
    nodeId,
    incarnation,
    version,
    reset,
    ...publishable(rows),
  }));
  return { kind: "written", version };
};

export const memoryViews = (link: Link): ViewStore => ({
  list: ({ kind, shards }) =>
    link.call("list", () =>
      shards.map((shard) => {
        const view = link.data.shards.get(shard)?.views.get(kind);
        return {
          shard,
          version: versionOf(link.historyOf(shard), view?.n),
          rows: view ? [...view.rows].map(([id, row]) => ({ id, row })) : [],
        };
      }),
    ),
  versions: ({ kinds, shards }) =>
    link.call("versions", () =>
      shards.map((shard) => {
        const views = link.data.shards.get(shard)?.views;
        return {
          shard,
          historyId: link.historyOf(shard),
          n: kinds.map((kind) => views?.get(kind)?.n ?? 0),
        };
      }),
    ),
  writeStatus: (request) => link.call("writeStatus", () => writeStatus(link, request)),
  dropStatus: ({ nodeId, incarnation }) =>
    link.call("dropStatus", () => {
      const present = link.data.status.get(nodeId)?.incarnation ?? "none";
      if (present !== "none" && present !== incarnation) return { kind: "superseded" };
      link.data.status.delete(nodeId);
      return { kind: "dropped" };
    }),
  listStatus: ({ nodes }) =>
    link.call("listStatus", () =>
      nodes.map((nodeId) => {
        const status = link.data.status.get(nodeId);
        return {
          nodeId,
          incarnation: status?.incarnation ?? "none",
          version: versionOf(link.historyId, status?.n),
          rows: status ? [...status.rows].map(([unit, row]) => ({ unit, row })) : [],
        };
      }),
    ),
  statusVersions: ({ nodes }) =>
    link.call("statusVersions", () =>
      nodes.map((nodeId) => ({
        nodeId,
        version: versionOf(link.historyId, link.data.status.get(nodeId)?.n),
      })),
    ),
});
