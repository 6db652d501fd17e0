/** Which apps the matrix shows; kept in the address, so that it can be passed on and reloaded. Pure. */

export interface Filters {
  readonly q: string;
  readonly drifted: boolean;
  readonly limit: number;
}

export const firstLimit = 100;
export const maxLimit = 500;

export const parseFilters = (search: string): Filters => {
  const given = new URLSearchParams(search);
  return {
    q: (given.get("q") ?? "").slice(0, 100),
    drifted: given.get("drifted") === "true",
    limit: firstLimit,
  };
};

const text = (entries: readonly (readonly [string, string])[]): string => {
  const search = new URLSearchParams(entries.map(([name, value]) => [name, value]));
  return search.size > 0 ? `?${search}` : "";
};

const chosen = ({ q, drifted }: Filters): readonly (readonly [string, string])[] => [
  ...(q === "" ? [] : [["q", q] as const]),
  ...(drifted ? [["drifted", "true"] as const] : []),
];

/** The query of the page's own address. */
export const searchOf = (filters: Filters): string => text(chosen(filters));

/** The path that answers with these apps. */
export const pathOf = (filters: Filters): string =>
  `v1/apps${text([["include", "nodes"], ["limit", String(filters.limit)], ...chosen(filters)])}`;

export const isFiltered = ({ q, drifted }: Filters): boolean => q !== "" || drifted;
