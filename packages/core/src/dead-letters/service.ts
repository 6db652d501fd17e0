/** Reads of dead letters: from the backend shard by shard, counts from what every node has in memory. */
import type { LetterCounts } from "../engine/letter-desk.ts";
import { letterKind } from "../engine/letter-kind.ts";
import type { Node } from "../engine/node.ts";
import { MusterError } from "../errors.ts";
import { isoInstant } from "../model/instant.ts";
import type { Backend } from "../ports/backend.ts";
import { letterView, payloadOf } from "./letter-view.ts";
import type {
  DeadLetter,
  DeadLetterCount,
  DeadLetterDetail,
  DeadLetterFilter,
  DeadLetterPage,
  DeadLetterQuery,
  DeadLettersService,
} from "./model.ts";
import { beginning, type Place, readCursor, readPiece, writeCursor } from "./read-letters.ts";

const defaultLimit = 100;
const mostListed = 500;
/** Pieces that one list reads; what matches rarely takes several pages. */
const mostPieces = 20;

const invalid = (op: string, field: string, message: string): MusterError =>
  new MusterError("VALIDATION", `${op}: ${field} ${message}.`, {
    op,
    outcome: "not-applied",
    fieldErrors: { [field]: message },
  });

export const letterNotFound = (op: string, id: string): MusterError =>
  new MusterError("DEAD_LETTER_NOT_FOUND", `There is no dead letter "${id}".`, {
    op,
    outcome: "not-applied",
    hint: "List them with `muster dead-letters list`; resolved ones make room for new ones.",
  });

/** The shard that a letter's id names; `undefined` for what is no id of this cluster. */
export const shardOfLetter = (id: string, shardCount: number): number | undefined => {
  const digits = /^(\d{1,4})\../.exec(id)?.[1];
  const shard = Number(digits);
  return digits !== undefined && shard < shardCount ? shard : undefined;
};

/** Lets errors of ours pass, and tells any other as a backend that did not answer. */
export const orUnavailable = async <T>(op: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof MusterError) throw cause;
    throw new MusterError("BACKEND_UNAVAILABLE", `${op}: the backend did not answer.`, {
      op,
      cause,
      // A change reads the letter first: it has sent nothing yet.
      outcome: "not-applied",
      retryAfterMs: 1_000,
    });
  }
};

export const matches = (letter: DeadLetter, filter: DeadLetterFilter): boolean => {
  const { unresolved, kind, actor, reason, work, app } = filter;
  if (unresolved === true && letter.resolution !== null) return false;
  if (kind !== undefined && letter.kind !== kind) return false;
  if (actor !== undefined && `${letter.kind}/${letter.actorId}` !== actor) return false;
  if (reason !== undefined && letter.reason !== reason) return false;
  if (work !== undefined && letter.work !== work) return false;
  return app === undefined || letter.appId === app;
};

const cursorOf = (op: string, cursor: string | undefined): Place => {
  if (cursor === undefined) return beginning;
  const place = readCursor(cursor);
  if (place) return place;
  throw invalid(op, "cursor", "must be a nextCursor answered before");
};

export const limitOf = (op: string, limit = defaultLimit): number => {
  if (Number.isSafeInteger(limit) && limit >= 1 && limit <= mostListed) return limit;
  throw invalid(op, "limit", `must be a whole number from 1 to ${mostListed}`);
};

/** Letters with their places, and where to go on. */
export interface FoundLetters {
  readonly found: readonly { readonly letter: DeadLetter; readonly place: Place }[];
  readonly next: Place | undefined;
}

export interface DeadLetterReads extends DeadLettersService {
  /** Finds letters for which `may` says so too. */
  find(
    op: string,
    query: DeadLetterQuery,
    may: (letter: DeadLetter) => boolean,
  ): Promise<FoundLetters>;
  /** Makes a page of them. */
  pageOf(found: FoundLetters): DeadLetterPage;
}

export const createDeadLettersService = (node: Node, backend: Backend): DeadLetterReads => {
  const find: DeadLetterReads["find"] = async (op, query, may) => {
    const limit = limitOf(op, query.limit);
    const openOnly = query.unresolved === true;
    let place: Place | undefined = cursorOf(op, query.cursor);
    const refused = node.unavailable();
    if (refused) throw refused;
    const found: FoundLetters["found"][number][] = [];
    return orUnavailable(op, async () => {
      for (let n = 0; n < mostPieces && place; n++) {
        const piece = await readPiece(node.shardCount, place, limit, (shard, after, most) =>
          backend.shards.listDead({ shard, after, limit: most, openOnly }),
        );
        place = piece.next;
        for (const { shard, position, letter } of piece.letters) {
          const shown = letterView(shard, letter);
          if (!matches(shown, query) || !may(shown)) continue;
          found.push({ letter: shown, place: { shard, position } });
          if (found.length < limit) continue;
          const isLast = !piece.next && letter === piece.letters.at(-1)?.letter;
          place = isLast ? undefined : { shard, position };
          n = mostPieces;
          break;
        }
      }
      return { found, next: place };
    });
  };
  const pageOf = ({ found, next }: FoundLetters): DeadLetterPage => ({
    items: found.map(({ letter }) => letter),
    ...(next && { nextCursor: writeCursor(next) }),
    asOf: isoInstant(node.now()),
    stale: false,
  });

  return {
    find,
    pageOf,
    list: async (query = {}) => pageOf(await find("deadLetters.list", query, () => true)),
    get: async (id): Promise<DeadLetterDetail> => {
      const op = "deadLetters.get";
      const shard = shardOfLetter(id, node.shardCount);
      if (shard === undefined) throw letterNotFound(op, id);
      const refused = node.unavailable();
      if (refused) throw refused;
      const [letter] = await orUnavailable(op, () => backend.shards.listDead({ shard, ids: [id] }));
      if (!letter?.body) throw letterNotFound(op, id);
      const { head, body } = letter;
      return { ...letterView(shard, letter), ...payloadOf(head, body), bytes: body };
    },
    count: (): DeadLetterCount => {
      const table = node.view(letterKind);
      let unresolved = 0;
      let parked = 0;
      for (const [, row] of table?.entries() ?? []) {
        const { open, parked: waiting } = row as LetterCounts;
        unresolved += open;
        parked += waiting;
      }
      const silentMs = Math.max(0, Math.min(node.membership.silentMs, node.now()));
      const away = node.isAway;
      return {
        unresolved,
        parked,
        asOf: isoInstant(away ? node.now() - silentMs : node.now()),
        stale: away || (table?.stale ?? true),
      };
    },
  };
};
