/** A shard's mailbox and what its owner loads: load, fetch, read, append, listDead (I2, I4). */
import type {
  AppendAnswer,
  AppendRequest,
  EntryId,
  MailEntry,
  OutId,
  OutMessage,
  ShardId,
  ShardStore,
  StoredLetter,
  Timer,
} from "@muster/core/ports";
import { inPieces } from "./in-pieces.ts";
import type { Argument, Reply } from "./link.ts";
import { refusalOf, unexpected } from "./refusal.ts";
import { bytes, eachPair, list, number, statusOf, text, toBuffer } from "./reply.ts";
import { scripts } from "./scripts.generated.ts";
import type { StoreContext } from "./store-context.ts";

/** Bytes of mail in one answer, shared by its shards; of each at least one entry is read. */
const maxReadBytes = 8_388_608;
const leastReadBytes = 65_536;
const mostReadBytes = 1_048_576;
/** What one XADD takes inside a script. */
const maxPayloads = 1_900;

/** Field of an outgoing message: its numbering may hold any character, so it comes last. */
export const outField = (message: Omit<OutMessage, "payload">): string =>
  `${message.target}:${message.n}:${message.outId}`;

export const outMessage = (field: string, payload: Buffer): OutMessage => {
  const [, target, n, outId] = /^(-?\d+):(\d+):(.*)$/s.exec(field) ?? [];
  return { target: Number(target), n: Number(n), outId: outId as OutId, payload };
};

export const mailEntry = (reply: Reply | undefined): MailEntry => {
  const [id, fields] = list(reply);
  const payloads: Uint8Array[] = [];
  eachPair(fields, (_, payload) => payloads.push(payload));
  return { id: text(id) as EntryId, payloads };
};

/** What the owner takes no more of; what is no list of names counts as nothing. */
const closedOf = (reply: Reply | undefined): { readonly closed?: readonly string[] } => {
  const json = reply === undefined ? "" : text(reply);
  if (json === "") return {};
  try {
    const names: unknown = JSON.parse(json);
    return Array.isArray(names) && names.every((name) => typeof name === "string")
      ? { closed: names }
      : {};
  } catch {
    return {};
  }
};
type ReadAnswer = Awaited<ReturnType<ShardStore["read"]>>[number];

const readAnswer = (found: readonly Reply[]): ReadAnswer =>
  refusalOf(found) ?? {
    kind: "entries",
    entries: found.slice(2).map(mailEntry),
    more: number(found[1]) === 1,
  };

const appendAnswer = (answer: readonly Reply[]): AppendAnswer => {
  switch (statusOf(answer)) {
    case "ok":
      return {
        kind: "appended",
        last: number(answer[1]),
        ...(answer[2] !== undefined && { entry: text(answer[2]) as EntryId }),
        ...closedOf(answer[3]),
      };
    case "stale":
      return { kind: "stale" };
    case "gap":
      return { kind: "gap", last: number(answer[1]) };
    case "conflict":
      return { kind: "conflict" };
    case "unknown-producer":
      return { kind: "unknown-producer", reaped: number(answer[1]) === 1 };
    case "full":
      return { kind: "full", pending: number(answer[1]) };
    case "lost":
      return { kind: "lost" };
    default:
      return unexpected(answer);
  }
};

const appendArguments = (request: AppendRequest, channel: string): readonly Argument[] => {
  const { source, payloads, count } = request;
  const limit = request.limit === undefined ? "" : String(request.limit);
  const contents = payloads.map(toBuffer);
  if (source.kind === "shard") {
    const { shard, outId, first, lostUpTo = 0 } = source;
    return [String(shard), outId, String(first), String(lostUpTo), limit, channel, ...contents];
  }
  const { producer, number: n, hash } = source;
  const join = Number.parseInt(producer, 10);
  return [producer, String(join), String(n), hash, String(count), limit, channel, ...contents];
};

export const mailboxCalls = (
  context: StoreContext,
): Pick<ShardStore, "load" | "fetch" | "read" | "append" | "listDead"> => {
  const { keys, run } = context;
  return {
    load: async ({ claim }) => {
      const k = keys.shard(claim.shard);
      const answer = await run({
        script: scripts.load,
        keys: [k.own, k.due, k.fx, k.out, k.outn, k.part, k.idem, k.deado, k.asks, k.tries],
        args: [claim.claimId, claim.historyId],
        shard: claim.shard,
      });
      const refusal = refusalOf(answer);
      if (refusal) return refusal;
      const timers: Timer[] = [];
      eachPair(answer[1], (member, due) => timers.push({ member, dueAt: number(due) }));
      const effects: { id: string; record: Uint8Array }[] = [];
      eachPair(answer[2], (id, record) => effects.push({ id: text(id), record }));
      const out: OutMessage[] = [];
      eachPair(answer[3], (field, payload) => out.push(outMessage(text(field), payload)));
      out.sort((left, right) => left.target - right.target || left.n - right.n);
      const outNumbers = new Map<ShardId, number>();
      eachPair(answer[4], (target, n) => outNumbers.set(number(target), number(n)));
      const partial = new Map<EntryId, Uint8Array>();
      eachPair(answer[5], (id, record) => partial.set(text(id) as EntryId, record));
      const deferrals: { id: string; record: Uint8Array }[] = [];
      eachPair(answer[8], (id, record) => deferrals.push({ id: text(id), record }));
      const tries: { id: string; record: Uint8Array }[] = [];
      eachPair(answer[9], (id, record) => tries.push({ id: text(id), record }));
      return {
        kind: "loaded",
        image: {
          timers,
          effects,
          deferrals,
          out,
          outNumbers,
          partial,
          idempotencyCount: number(answer[6]),
          openLetters: number(answer[7]),
          tries,
          lastEntry: text(answer[10]) as EntryId,
        },
      };
    },
    fetch: async ({ claim, actors, idempotencyKeys }) => {
      const k = keys.shard(claim.shard);
      const answer = await run({
        script: scripts.fetch,
        keys: [k.own, k.states, k.idem, k.idemx],
        args: [
          claim.claimId,
          claim.historyId,
          context.time(),
          String(actors.length),
          ...actors,
          ...idempotencyKeys,
        ],
        shard: claim.shard,
      });
      const refusal = refusalOf(answer);
      if (refusal) return refusal;
      const found = (index: number): Uint8Array | "absent" => {
        const value = answer[1 + index];
        return value === null || value === undefined ? "absent" : bytes(value);
      };
      return {
        kind: "fetched",
        states: actors.map((_, i) => found(i)),
        replies: idempotencyKeys.map((_, i) => found(actors.length + i)),
      };
    },
    read: async ({ reads, limit }) => {
      const answers = await inPieces(reads, context.together, async (piece) => {
        const answer = await run({
          script: scripts.read,
          keys: piece.flatMap(({ claim }) => {
            const { own, mail } = keys.shard(claim.shard);
            return [own, mail];
          }),
          args: [
            String(limit),
            String(Math.max(leastReadBytes, Math.min(mostReadBytes, maxReadBytes / reads.length))),
            ...piece.flatMap(({ claim, after }) => [claim.claimId, claim.historyId, after]),
          ],
        });
        return piece.map((_, i) => readAnswer(list(answer[i + 1])));
      });
      return answers.map((answer) => answer ?? { kind: "unanswered" });
    },
    append: async (request) => {
      const { shard, source, payloads } = request;
      if (payloads.length > maxPayloads) {
        throw new RangeError(
          `An append takes at most ${maxPayloads} payloads, not ${payloads.length}.`,
        );
      }
      // An answer may come at once, and where it comes is this shard's own channel.
      if (source.kind === "producer") await context.expectReplies(shard);
      const { own, mail, prod } = keys.shard(shard);
      const call = {
        script: source.kind === "shard" ? scripts.appendOut : scripts.append,
        keys: [own, mail, prod],
        args: appendArguments(request, keys.channels.wake(shard)),
        shard,
      };
      if (source.kind === "shard" || !context.isReplicated) return appendAnswer(await run(call));
      // The owner may hear of it at once: its own commit waits for replicas, too.
      const { answer, isShort } = await context.write(call);
      const told = appendAnswer(answer);
      return isShort && told.kind === "appended" ? { ...told, durability: "short" } : told;
    },
    listDead: async (request) => {
      const { dead, deadb, deado, deadr } = keys.shard(request.shard);
      const byId = "ids" in request;
      const answer = await run({
        script: scripts.listDead,
        keys: [dead, deadb, deado, deadr],
        args: byId
          ? ["ids", ...request.ids]
          : [
              "page",
              String(request.after ?? 0),
              String(Math.min(request.limit, 2_000)),
              request.openOnly ? "1" : "0",
            ],
        shard: request.shard,
      });
      const letters: (StoredLetter & { readonly body?: Uint8Array })[] = [];
      for (let i = 1; i < answer.length; i += byId ? 5 : 4) {
        letters.push({
          id: text(answer[i]),
          position: number(answer[i + 1]),
          open: number(answer[i + 2]) === 1,
          head: bytes(answer[i + 3]),
          ...(byId && { body: bytes(answer[i + 4]) }),
        });
      }
      return letters;
    },
  };
};
