/** What the page shows, kept in its address, so that it can be passed on and reloaded. Pure. */

export const views = ["apps", "nodes", "alerts", "reconciler", "events", "letters"] as const;
export type ViewName = (typeof views)[number];
export type Sort = "id" | "problems";

export interface Address {
  readonly view: ViewName;
  /** The app whose panel is open. */
  readonly app: string;
  /** The dead letter that is open. */
  readonly letter: string;
  /** Part of an app's id. */
  readonly q: string;
  readonly drifted: boolean;
  readonly desired: string;
  readonly sort: Sort;
  /** Closed alerts, or resolved letters, too. */
  readonly all: boolean;
  /** Types of events, with commas between. */
  readonly types: string;
  /** What events are about. */
  readonly subject: string;
}

export const home: Address = {
  view: "apps",
  app: "",
  letter: "",
  q: "",
  drifted: false,
  desired: "",
  sort: "id",
  all: false,
  types: "",
  subject: "",
};

const maxText = 600;

export const parseAddress = (search: string): Address => {
  const given = new URLSearchParams(search);
  const text = (name: string, most = 100): string => (given.get(name) ?? "").slice(0, most);
  return {
    view: views.find((name) => name === given.get("view")) ?? "apps",
    app: text("app"),
    letter: text("letter"),
    q: text("q"),
    drifted: given.get("drifted") === "true",
    desired:
      ["enabled", "disabled", "uninstalled"].find((one) => one === given.get("desired")) ?? "",
    sort: given.get("sort") === "problems" ? "problems" : "id",
    all: given.get("all") === "true",
    types: text("types", maxText),
    subject: text("subject", maxText),
  };
};

type Pairs = readonly (readonly [name: string, value: string | boolean])[];

export const queryOf = (pairs: Pairs): string => {
  const search = new URLSearchParams();
  for (const [name, value] of pairs) {
    if (value !== "" && value !== false) search.set(name, String(value));
  }
  return search.size > 0 ? `?${search}` : "";
};

/** The query of the page's own address; what is as at first is left out. */
export const searchOf = (address: Address): string =>
  queryOf(Object.entries(address).filter(([name, value]) => value !== home[name as keyof Address]));

export const firstLimit = 100;
export const maxLimit = 500;

/** The path that answers with the apps asked for. */
export const appsPathOf = ({ q, drifted, desired }: Address, limit: number): string =>
  `v1/apps${queryOf([
    ["include", "nodes"],
    ["limit", String(limit)],
    ["q", q],
    ["drifted", drifted],
    ["desired", desired],
  ])}`;

export const isFiltered = ({ q, drifted, desired }: Address): boolean =>
  q !== "" || drifted || desired !== "";
