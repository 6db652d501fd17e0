/**
 * Hints as bytes. The scripts write `wake`, `replies`, `view`, `status` and `events` themselves, by the same
 * layouts: a few lines of text, then bytes. What cannot be read is dropped: a sweep finds it (I8).
 */
import type {
  BusMessage,
  EntryId,
  EventId,
  HistoryId,
  Incarnation,
  NodeId,
  Topic,
  ViewVersion,
} from "@muster/core/ports";
import { toBuffer } from "./reply.ts";
import { packRows, unpackRows } from "./rows.ts";

const lineFeed = 0x0a;

/** Cuts off `count` lines of text; `undefined` when there are fewer. */
const cutLines = (
  bytes: Buffer,
  count: number,
): { readonly lines: readonly string[]; readonly rest: Buffer } | undefined => {
  const lines: string[] = [];
  let at = 0;
  while (lines.length < count) {
    const end = bytes.indexOf(lineFeed, at);
    if (end < 0) return undefined;
    lines.push(bytes.toString("utf8", at, end));
    at = end + 1;
  }
  return { lines, rest: bytes.subarray(at) };
};

const joinLines = (lines: readonly (string | number)[], rest: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from(`${lines.join("\n")}\n`, "utf8"), rest]);

const packPayloads = (payloads: readonly Uint8Array[]): Buffer =>
  Buffer.concat(
    payloads.flatMap((payload) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(payload.byteLength);
      return [length, payload];
    }),
  );

const unpackPayloads = (packed: Buffer): readonly Uint8Array[] | undefined => {
  const payloads: Uint8Array[] = [];
  let at = 0;
  while (at < packed.length) {
    if (at + 4 > packed.length) return undefined;
    const end = at + 4 + packed.readUInt32BE(at);
    if (end > packed.length) return undefined;
    payloads.push(packed.subarray(at + 4, end));
    at = end;
  }
  return payloads;
};

const versionOf = (historyId: string | undefined, n: string | undefined): ViewVersion => ({
  historyId: historyId as HistoryId,
  n: Number(n),
});

/** Bytes of a message; `undefined` when it is not one of its topic. */
export const encodeMessage = (topic: Topic, message: BusMessage): Buffer | undefined => {
  if (topic.topic !== message.topic) return undefined;
  switch (message.topic) {
    case "wake":
      return joinLines(
        [message.entry?.id ?? "", message.previous ?? "", message.entry?.payloads.length ?? 0],
        packPayloads(message.entry?.payloads ?? []),
      );
    case "replies":
    case "node":
      return toBuffer(message.payload);
    case "view": {
      const rows = message.rows?.map(({ id, row }) => ({ name: id, row }));
      const { historyId, n } = message.version;
      return joinLines([message.shard, historyId, n], rows ? packRows(rows) : Buffer.alloc(0));
    }
    case "status": {
      const rows = message.rows?.map(({ unit, row }) => ({ name: unit, row }));
      const { nodeId, incarnation, version, reset } = message;
      return joinLines(
        [nodeId, incarnation, version.historyId, version.n, reset ? 1 : 0],
        rows ? packRows(rows) : Buffer.alloc(0),
      );
    }
    case "membership":
      return Buffer.from(String(message.version));
    case "events":
      return Buffer.from(message.last);
    case "ownership":
      return Buffer.from(message.shards.join(","));
  }
};

const decodeWake = (topic: Extract<Topic, { topic: "wake" }>, bytes: Buffer) => {
  const cut = cutLines(bytes, 3);
  const payloads = cut && unpackPayloads(cut.rest);
  if (!cut || payloads?.length !== Number(cut.lines[2])) return undefined;
  const { shard } = topic;
  if (payloads.length === 0) return { topic: "wake", shard } as const;
  const [id, previous] = cut.lines as readonly EntryId[] as readonly [EntryId, EntryId];
  return { topic: "wake", shard, entry: { id, payloads }, previous } as const;
};

const decodeView = (
  topic: Extract<Topic, { topic: "view" }>,
  bytes: Buffer,
): BusMessage | undefined => {
  const cut = cutLines(bytes, 3);
  const unpacked = cut && unpackRows(cut.rest);
  if (!cut || !unpacked || unpacked.kind === "corrupt") return undefined;
  const [shard, historyId, n] = cut.lines;
  return {
    topic: "view",
    kind: topic.kind,
    shard: Number(shard),
    version: versionOf(historyId, n),
    ...(unpacked.kind === "rows" && {
      rows: unpacked.rows.map(({ name, row }) => ({ id: name, row })),
    }),
  };
};

const decodeStatus = (bytes: Buffer): BusMessage | undefined => {
  const cut = cutLines(bytes, 5);
  const unpacked = cut && unpackRows(cut.rest);
  if (!cut || !unpacked || unpacked.kind === "corrupt") return undefined;
  const [nodeId, incarnation, historyId, n, reset] = cut.lines;
  return {
    topic: "status",
    nodeId: nodeId as NodeId,
    incarnation: incarnation as Incarnation,
    version: versionOf(historyId, n),
    reset: reset === "1",
    ...(unpacked.kind === "rows" && {
      rows: unpacked.rows.map(({ name, row }) => ({ unit: name, row })),
    }),
  };
};

/** Reads a message of a topic; `undefined` when it cannot be understood. */
export const decodeMessage = (topic: Topic, bytes: Buffer): BusMessage | undefined => {
  switch (topic.topic) {
    case "wake":
      return decodeWake(topic, bytes);
    case "replies":
    case "node":
      return { topic: topic.topic, payload: bytes };
    case "view":
      return decodeView(topic, bytes);
    case "status":
      return decodeStatus(bytes);
    case "membership":
      return { topic: "membership", version: Number(bytes.toString()) };
    case "events":
      return { topic: "events", last: bytes.toString() as EventId };
    case "ownership": {
      const shards = bytes.toString();
      return { topic: "ownership", shards: shards === "" ? [] : shards.split(",").map(Number) };
    }
  }
};
