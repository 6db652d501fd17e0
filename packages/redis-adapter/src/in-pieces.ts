/**
 * Reads many shards or nodes by as many scripts as it takes. A server that does not answer holds up
 * what it holds and nothing else; when none does, the call fails as a single one would.
 */

/** Answers in the order of `items`, `undefined` for what could not be read. Rejects when nothing could. */
export const inPieces = async <T, R>(
  items: readonly T[],
  most: number,
  read: (piece: readonly T[]) => Promise<readonly R[]>,
): Promise<readonly (R | undefined)[]> => {
  const pieces: (readonly T[])[] = [];
  for (let from = 0; from < items.length; from += most) {
    pieces.push(items.slice(from, Math.min(from + most, items.length)));
  }
  const settled = await Promise.allSettled(pieces.map(read));
  const failed = settled.find((outcome) => outcome.status === "rejected");
  if (failed && settled.every(({ status }) => status === "rejected")) throw failed.reason;
  return settled.flatMap((outcome, at): readonly (R | undefined)[] =>
    outcome.status === "fulfilled" ? outcome.value : (pieces[at] ?? []).map(() => undefined),
  );
};

/** As {@link inPieces}, without what could not be read. */
export const foundInPieces = async <T, R>(
  items: readonly T[],
  most: number,
  read: (piece: readonly T[]) => Promise<readonly R[]>,
): Promise<readonly R[]> =>
  (await inPieces(items, most, read)).filter((answer) => answer !== undefined);
