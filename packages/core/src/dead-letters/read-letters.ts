/**
 * Letters of all shards in one order: by position, then by shard. Each shard is read in pieces, and
 * what is known of the order of all is given as far as it reaches.
 */
import type { StoredLetter } from "../ports/shard-store.ts";

/** A place in the order of all letters. */
export interface Place {
  readonly position: number;
  readonly shard: number;
}

export const beginning: Place = { position: 0, shard: 0 };

const isBefore = (a: Place, b: Place): boolean =>
  a.position === b.position ? a.shard < b.shard : a.position < b.position;

export const writeCursor = ({ position, shard }: Place): string => `${position}.${shard}`;

/** `undefined` for what is no cursor. */
export const readCursor = (cursor: string): Place | undefined => {
  const [, position, shard] = /^(\d{1,16})\.(\d{1,4})$/.exec(cursor) ?? [];
  return position === undefined ? undefined : { position: Number(position), shard: Number(shard) };
};

export interface Piece {
  readonly letters: readonly (Place & { readonly letter: StoredLetter })[];
  /** Where to go on; absent when there is nothing behind. */
  readonly next?: Place;
}

/** Reads the letters behind a place, as many as a piece of each shard lets be put in order. */
export const readPiece = async (
  shardCount: number,
  after: Place,
  perShard: number,
  read: (shard: number, after: number, limit: number) => Promise<readonly StoredLetter[]>,
): Promise<Piece> => {
  const shards = Array.from({ length: shardCount }, (_, shard) => shard);
  const pieces = await Promise.all(
    shards.map(async (shard) => {
      // The place itself was given: of shards behind it the same position was not.
      const from = shard <= after.shard ? after.position : after.position - 1;
      return { shard, letters: await read(shard, from, perShard) };
    }),
  );
  const all = pieces
    .flatMap(({ shard, letters }) =>
      letters.map((letter) => ({ shard, position: letter.position, letter })),
    )
    .sort((a, b) => (isBefore(a, b) ? -1 : 1));
  // A shard that has more is known up to its last letter here, and so are all together.
  let reach: Place | undefined;
  for (const { shard, letters } of pieces) {
    const last = letters.at(-1);
    if (!last || letters.length < perShard) continue;
    const place = { shard, position: last.position };
    if (!reach || isBefore(place, reach)) reach = place;
  }
  if (!reach) return { letters: all };
  const end = reach;
  return { letters: all.filter((place) => !isBefore(end, place)), next: end };
};
