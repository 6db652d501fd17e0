/** Puts the page together: asks the node every second and shows what it says. */
import type { AppSummary, ClusterStatus, NodeView } from "@muster/core";
import { createApi, type Failure } from "./api.ts";
import { byId, setText } from "./dom.ts";
import { firstLimit, isFiltered, maxLimit, parseFilters, pathOf, searchOf } from "./filters.ts";
import { createGridKeys } from "./grid-keys.ts";
import { showLegend } from "./legend.ts";
import { type AppVerb, createMatrix } from "./matrix.ts";
import { createNodeTable, type NodeVerb } from "./node-table.ts";
import { type RoundEnd, startPoll } from "./poll.ts";
import { createPopover } from "./popover.ts";
import { createReasonDialog } from "./reason-dialog.ts";
import { decideScreen } from "./screen.ts";
import { StoreClock } from "./store-clock.ts";
import { showSummary } from "./summary.ts";
import { createTokenStore, isTokenText } from "./token.ts";
import { ago, plural, since } from "./words.ts";

interface Listing<T> {
  readonly items: readonly T[];
  readonly nextCursor?: string;
}

// The page is the root of its mount, with or without the last slash.
const base = location.pathname.endsWith("/") ? location.pathname : `${location.pathname}/`;
const token = createTokenStore(() => sessionStorage);
const api = createApi(base, token.get);
const clock = new StoreClock(Date.now);
const now = (): number => clock.now();

let filters = parseFilters(location.search);
let status: ClusterStatus | undefined;
let apps: Listing<AppSummary> | undefined;
let nodes: Listing<NodeView> | undefined;
let failure: Failure | undefined;
let answeredAt = performance.now();
let wrongToken = false;

const saidMs = 6_000;
let unsay: ReturnType<typeof setTimeout> | undefined;
const say = (text: string): void => {
  clearTimeout(unsay);
  setText(byId("said"), text);
  unsay = setTimeout(() => setText(byId("said"), ""), saidMs);
};

const matrixTable = byId<HTMLTableElement>("matrix");
const ask = createReasonDialog();
const locked = (): void => poll.now();

const changeApp = ({ id, generation }: AppSummary, verb: AppVerb): void => {
  const [title, button, wanted] =
    verb === "enable"
      ? [`Enable ${id}?`, "Enable", "load it and run it"]
      : [`Disable ${id}?`, "Disable", "stop it"];
  ask({
    title,
    button,
    text: `Every node of the cluster will ${wanted}. This becomes generation ${generation + 1}.`,
    send: (reason, key) => api.post(`v1/apps/${encodeURIComponent(id)}/${verb}`, { reason }, key),
    done: () => {
      say(`${id} is to be ${verb}d. Nodes follow.`);
      poll.now();
    },
    locked,
  });
};

const changeNode = ({ id }: NodeView, verb: NodeVerb): void => {
  ask({
    title: verb === "drain" ? `Drain ${id}?` : `Undrain ${id}?`,
    button: verb === "drain" ? "Drain" : "Undrain",
    text:
      verb === "drain"
        ? "Its shards move to other nodes, and it takes no more until it is undrained, also after a restart. Its apps go on running."
        : "It may take shards again.",
    send: (reason, key) => api.post(`v1/nodes/${encodeURIComponent(id)}/${verb}`, { reason }, key),
    done: () => {
      say(`${id} is ${verb}ed.`);
      poll.now();
    },
    locked,
  });
};

const matrix = createMatrix({ table: matrixTable, now, change: changeApp });
const nodeTable = createNodeTable({
  table: byId<HTMLTableElement>("nodes"),
  now,
  change: changeNode,
});
const keys = createGridKeys(matrixTable);
const popover = createPopover({ box: byId("details"), detailsOf: matrix.detailsOf });

const showApps = (): void => {
  const items = apps?.items ?? [];
  const none = items.length === 0;
  const filtered = isFiltered(filters);
  byId("matrix-box").hidden = none;
  byId("empty").hidden = !none || filtered || apps === undefined;
  byId("no-match").hidden = !none || !filtered || apps === undefined;
  const total = status?.apps.total ?? items.length;
  const shown = filtered ? `${items.length} match` : plural(items.length, "app");
  setText(
    byId("count"),
    apps?.nextCursor === undefined
      ? none
        ? ""
        : shown
      : `the first ${items.length} of ${filtered ? "those that match" : total}`,
  );
  byId("more").hidden = apps?.nextCursor === undefined || filters.limit >= maxLimit;
};

const showFresh = (): void => {
  if (status) showSummary(status);
  const shownNodes = nodes?.items ?? [];
  matrix.show({ apps: apps?.items ?? [], nodes: shownNodes });
  nodeTable.show(shownNodes);
  showApps();
  keys.refresh();
};

const showScreen = (): void => {
  const silentMs = performance.now() - answeredAt;
  const ageMs = Math.max(0, since(status?.asOf, now()) ?? 0);
  const screen = decideScreen({
    status,
    failure,
    silentMs,
    ageMs,
    wrongToken,
  });
  const { body } = document;
  body.dataset["screen"] = screen.kind;
  body.classList.toggle("old", screen.kind === "data" && screen.old);
  byId("loading").hidden = screen.kind !== "loading";
  byId("token").hidden = screen.kind !== "token";
  byId("closed").hidden = screen.kind !== "closed";
  byId("data").hidden = screen.kind !== "data";
  byId("head").hidden = screen.kind !== "data";
  byId("forget").hidden = token.get() === undefined || screen.kind === "token";
  const notice = "notice" in screen ? screen.notice : undefined;
  for (const part of document.querySelectorAll<HTMLElement>("[data-notice]")) {
    part.hidden = notice === undefined;
    const [title, text] = part.children;
    if (title) setText(title, notice?.title ?? "");
    if (text) setText(text, notice?.text ?? "");
  }
  if (screen.kind !== "data") document.title = "Muster";
  const age = status?.stale ? ageMs : silentMs;
  setText(byId("updated"), poll.paused ? `paused, updated ${ago(age)}` : `updated ${ago(age)}`);
};

const askAll = async (): Promise<Failure | undefined> => {
  // The status comes first and alone, so that a wrong token is sent once.
  const first = await api.get<ClusterStatus>("v1/status");
  if (first.kind !== "value") return first;
  status = first.value;
  clock.note(status.asOf, status.stale);
  const asked = filters;
  const [appsAnswer, nodesAnswer] = await Promise.all([
    api.getTagged<Listing<AppSummary>>(pathOf(asked)),
    api.get<Listing<NodeView>>("v1/nodes?limit=500"),
  ]);
  if (appsAnswer.kind !== "value") return appsAnswer;
  if (nodesAnswer.kind !== "value") return nodesAnswer;
  if (asked === filters) apps = appsAnswer.value;
  nodes = nodesAnswer.value;
  answeredAt = performance.now();
  return undefined;
};

/** Without a good token nothing stays on the page, and a bad one is not sent again. */
const lockOut = (): void => {
  wrongToken = token.get() !== undefined;
  token.set(undefined);
  status = undefined;
  apps = undefined;
  nodes = undefined;
};

const round = async (): Promise<RoundEnd> => {
  failure = await askAll();
  const isLocked = failure?.kind === "problem" && failure.problem.status === 401;
  if (isLocked) lockOut();
  showFresh();
  showScreen();
  popover.refresh();
  if (isLocked) byId("token-input").focus();
  return isLocked ? "locked" : failure ? "failed" : "answered";
};

const poll = startPoll({
  round,
  isHidden: () => document.hidden,
  after: (delayMs, work) => {
    const timer = setTimeout(work, delayMs);
    return () => clearTimeout(timer);
  },
  everyMs: 1_000,
  maxMs: 5_000,
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && !poll.paused) poll.now();
});
setInterval(() => {
  if (document.hidden) return;
  showScreen();
  matrix.tick();
  nodeTable.tick();
  popover.refresh();
}, 1_000);

const pause = byId<HTMLButtonElement>("pause");
pause.addEventListener("click", () => {
  poll.paused = !poll.paused;
  setText(pause, poll.paused ? "Resume" : "Pause");
  showScreen();
});

const follow = (next: typeof filters): void => {
  filters = next;
  history.replaceState(null, "", `${location.pathname}${searchOf(filters)}`);
  poll.now();
};
const q = byId<HTMLInputElement>("q");
const drifted = byId<HTMLInputElement>("drifted");
q.value = filters.q;
drifted.checked = filters.drifted;
const readFilters = (): void =>
  follow({ q: q.value.trim(), drifted: drifted.checked, limit: firstLimit });
q.addEventListener("input", readFilters);
drifted.addEventListener("change", readFilters);
byId("filters").addEventListener("submit", (event) => event.preventDefault());
byId("clear").addEventListener("click", () => {
  q.value = "";
  drifted.checked = false;
  readFilters();
  q.focus();
});
byId("more").addEventListener("click", () => follow({ ...filters, limit: maxLimit }));
document.addEventListener("keydown", (event) => {
  const { target, key } = event;
  const typing = target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
  if (key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  q.focus();
});

const tokenInput = byId<HTMLInputElement>("token-input");
byId("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = tokenInput.value.trim();
  if (text === "") return;
  tokenInput.value = "";
  wrongToken = !isTokenText(text);
  if (wrongToken) showScreen();
  else {
    token.set(text);
    poll.now();
  }
});
byId("forget").addEventListener("click", () => {
  token.set(undefined);
  poll.now();
});
byId("again").addEventListener("click", () => poll.now());
showLegend();
showScreen();
