/** Cuts a sorted list into pages; a cursor names the last id seen, so that pages do not shift. */
import type { Listing } from "@muster/core";
import { HttpProblem } from "./problem.ts";

export const defaultLimit = 100;

/** The id that a cursor names. @throws HttpProblem `VALIDATION` */
export const readCursor = (cursor: string): string => {
  const text = Buffer.from(cursor, "base64url").toString("utf8");
  if (Buffer.from(text, "utf8").toString("base64url") === cursor) return text;
  throw new HttpProblem("VALIDATION", "The cursor is not one of this API's.", {
    fieldErrors: { cursor: "must be a nextCursor answered before" },
  });
};

export const cursorOf = (id: string): string => Buffer.from(id, "utf8").toString("base64url");

/** The id that a page begins after; one item more than its limit tells whether there is a next page. */
export const pageBounds = (query: {
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}): { readonly limit: number; readonly after?: string } => ({
  limit: (query.limit ?? defaultLimit) + 1,
  ...(query.cursor !== undefined && { after: readCursor(query.cursor) }),
});

/** Answers the page of `listing` after the cursor; items must be sorted by `idOf`. */
export const pageOf = <T>(
  listing: Listing<T>,
  query: { readonly limit?: number | undefined; readonly cursor?: string | undefined },
  idOf: (item: T) => string,
): { items: readonly T[]; nextCursor?: string; asOf: string; stale: boolean } => {
  const { asOf, stale } = listing;
  const after = query.cursor === undefined ? undefined : readCursor(query.cursor);
  const start = after === undefined ? 0 : listing.items.findIndex((item) => idOf(item) > after);
  const limit = query.limit ?? defaultLimit;
  const items = start < 0 ? [] : listing.items.slice(start, start + limit);
  const last = items.at(-1);
  const more = last !== undefined && start + items.length < listing.items.length;
  const nextCursor = more ? cursorOf(idOf(last)) : undefined;
  return { items, ...(nextCursor !== undefined && { nextCursor }), asOf, stale };
};
