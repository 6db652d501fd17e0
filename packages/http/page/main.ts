/** Puts the page together: asks the node, shows what it says, and follows what is chosen. */
import type { Alert, ClusterStatus, NodeView } from "@muster/core";
import { parseAddress, searchOf } from "./address.ts";
import { createApi, type Failure } from "./api.ts";
import { type Caller, callerText, refusalOf } from "./caller.ts";
import { createChangeDialog } from "./change-dialog.ts";
import { byId, setAttribute, setText } from "./dom.ts";
import { showLegend } from "./legend.ts";
import { startLive } from "./live.ts";
import { type RoundEnd, startPoll } from "./poll.ts";
import { decideScreen } from "./screen.ts";
import { listenToKeys } from "./shortcuts.ts";
import { createSignIn } from "./sign-in.ts";
import { listenToSignIn } from "./sign-in-form.ts";
import { StoreClock } from "./store-clock.ts";
import { showSummary } from "./summary.ts";
import { showRows } from "./ui.ts";
import { createAlertsView } from "./views/alerts.ts";
import { createAppView } from "./views/app.ts";
import { createAppsView } from "./views/apps.ts";
import { createEventsView } from "./views/events.ts";
import { createLettersView } from "./views/letters.ts";
import { createNodesView } from "./views/nodes.ts";
import { createReconcilerView } from "./views/reconciler.ts";
import type { Facts, Listing, Page, View } from "./views/view.ts";
import { ago, since } from "./words.ts";

// The page is the root of its mount, with or without the last slash.
const base = location.pathname.endsWith("/") ? location.pathname : `${location.pathname}/`;
const signIn = createSignIn(() => api, { isSecure: isSecureContext });
const api = createApi(base, () => signIn.bearer);
const clock = new StoreClock(Date.now);

let address = parseAddress(location.search);
let facts: Facts | undefined;
let caller: Caller | undefined;
let failure: Failure | undefined;
let answeredAt = performance.now();
let isOn = true;

const after = (delayMs: number, work: () => void): (() => void) => {
  const timer = setTimeout(work, delayMs);
  return () => clearTimeout(timer);
};

const saidMs = 6_000;
let unsay = (): void => {};
const say = (text: string): void => {
  unsay();
  setText(byId("said"), text);
  unsay = after(saidMs, () => setText(byId("said"), ""));
};

const page: Page = {
  api,
  now: () => clock.now(),
  address: () => address,
  go: (part, { replace = false } = {}) => {
    address = { ...address, ...part };
    const url = `${location.pathname}${searchOf(address)}`;
    if (replace) history.replaceState(null, "", url);
    else history.pushState(null, "", url);
    follow(!replace);
  },
  ask: (request) => ask(request),
  say,
  refresh: () => poll.now(),
  refusal: (role) => refusalOf(caller, role),
  results: (title, items) => {
    setText(byId("results-title"), items.length > 0 ? title : "There was nothing to do");
    showRows(
      byId("results-list"),
      items.map((item, at) => ({
        key: String(at),
        mark: item.isGood ? { shape: "on", tone: "good" } : { shape: "alarm", tone: "warn" },
        state: item.result,
        title: item.title,
        when: "",
        lines: [item.text],
        acts: [],
      })),
    );
    byId<HTMLDialogElement>("results").showModal();
  },
};

const ask = createChangeDialog({ locked: () => poll.now(), now: page.now });
const shownViews: Readonly<Record<string, View>> = {
  apps: createAppsView(page),
  app: createAppView(page),
  nodes: createNodesView(page),
  alerts: createAlertsView(page),
  reconciler: createReconcilerView(page),
  events: createEventsView(page),
  letters: createLettersView(page),
};
const viewName = (): string => (address.app === "" ? address.view : "app");
const currentView = (): View | undefined => shownViews[viewName()];

const showView = (): void => {
  const name = viewName();
  for (const other of Object.keys(shownViews)) byId(`view-${other}`).hidden = other !== name;
  for (const link of byId("tabs").children) {
    const isHere = link instanceof HTMLElement && link.dataset["view"] === address.view;
    setAttribute(link, "aria-current", isHere ? "page" : undefined);
  }
  if (facts) currentView()?.show(facts);
};

const titleText = (): string => {
  const name = viewName();
  const heading = name === "apps" ? "" : document.querySelector(`#view-${name} h2`)?.textContent;
  const { cluster, verdict } = facts?.status ?? {};
  return [verdict, cluster, heading, "Muster"].filter((part) => part).join(" · ");
};

const showScreen = (): void => {
  const status = facts?.status;
  const silentMs = performance.now() - answeredAt;
  const ageMs = Math.max(0, since(status?.asOf, page.now()) ?? 0);
  const screen = decideScreen({ status, failure, silentMs, ageMs, signIn: signIn.state });
  const { body } = document;
  body.dataset["screen"] = screen.kind;
  body.classList.toggle("old", screen.kind === "data" && screen.old);
  for (const id of ["loading", "token", "closed", "data"]) byId(id).hidden = screen.kind !== id;
  for (const id of ["head", "tabs"]) byId(id).hidden = screen.kind !== "data";
  const notice = "notice" in screen ? screen.notice : undefined;
  for (const part of document.querySelectorAll<HTMLElement>("[data-notice]")) {
    part.hidden = notice === undefined;
    const [title, text] = part.children;
    if (title) setText(title, notice?.title ?? "");
    if (text) setText(text, notice?.text ?? "");
  }
  document.title = screen.kind === "data" ? titleText() : "Muster";
  setText(byId("updated"), `updated ${ago(status?.stale ? ageMs : silentMs)}`);
  const how = live.isOpen ? "on" : "on, by asking";
  setText(byId("live"), `Live: ${isOn ? how : "off"}`);
  setAttribute(byId("live"), "aria-pressed", String(isOn));
  setText(byId("caller"), caller ? callerText(caller) : "");
  byId("sign-out").hidden = caller?.sessions !== true || screen.kind === "token";
};

const askAll = async (): Promise<Failure | undefined> => {
  // The status comes first and alone, so that one who is not known asks once.
  const first = await api.getTagged<ClusterStatus>("v1/status");
  if (first.kind !== "value") return first;
  const status = first.value;
  clock.note(status.asOf, status.stale);
  if (!caller) {
    const answer = await api.get<Caller>("v1/session");
    if (answer.kind === "value") caller = answer.value;
  }
  const [nodes, alerts, own] = await Promise.all([
    api.get<Listing<NodeView>>("v1/nodes?limit=500"),
    api.getTagged<Listing<Alert>>("v1/alerts?limit=500"),
    currentView()?.load(),
  ]);
  if (nodes.kind !== "value") return nodes;
  if (alerts.kind !== "value") return alerts;
  if (own) return own;
  facts = { status, caller, nodes: nodes.value.items, alerts: alerts.value.items };
  answeredAt = performance.now();
  return undefined;
};

/** Of one who is not known nothing stays on the page. */
const lockOut = (): void => {
  signIn.lost();
  facts = undefined;
  caller = undefined;
  live.wanted = false;
};

const round = async (): Promise<RoundEnd> => {
  failure = await askAll();
  const isLocked = failure?.kind === "problem" && failure.problem.status === 401;
  if (isLocked) lockOut();
  else live.wanted = isOn && !document.hidden && failure === undefined;
  if (facts) {
    showSummary(facts.status);
    showView();
  }
  showScreen();
  if (isLocked) byId("token-input").focus();
  return isLocked ? "locked" : failure ? "failed" : "answered";
};

// An event says that something changed; nodes report what they made of it in the seconds after.
const restlessMs = 15_000;
let toldAt = -restlessMs;
let isAskPlanned = false;
const live = startLive({
  open: (signal, lastEventId) => api.stream("v1/events", signal, lastEventId),
  after,
  told: ({ data }) => {
    if (data === "") return;
    toldAt = performance.now();
    if (isAskPlanned) return;
    isAskPlanned = true;
    after(300, () => {
      isAskPlanned = false;
      poll.now();
    });
  },
  changed: () => showScreen(),
});

const isRestless = (): boolean =>
  !live.isOpen ||
  performance.now() - toldAt < restlessMs ||
  facts === undefined ||
  facts.status.verdict !== "healthy";

const poll = startPoll({
  round,
  isHidden: () => document.hidden,
  after,
  everyMs: () => (isRestless() ? 1_000 : 3_000),
  maxMs: 5_000,
});

const setLive = (): void => {
  live.wanted = isOn && !document.hidden && facts !== undefined;
  if (isOn && !document.hidden) poll.now();
  showScreen();
};
document.addEventListener("visibilitychange", setLive);
byId("live").addEventListener("click", () => {
  isOn = !isOn;
  poll.paused = !isOn;
  setLive();
});
setInterval(() => {
  if (document.hidden) return;
  showScreen();
  if (facts) currentView()?.tick();
}, 1_000);

/** Shows what the address says now. */
const follow = (isNewPlace: boolean): void => {
  showView();
  showScreen();
  if (isNewPlace) {
    scrollTo(0, 0);
    document.querySelector("#tabs [aria-current]")?.scrollIntoView({ block: "nearest" });
    document
      .querySelector<HTMLElement>(`#view-${viewName()} h2:not([hidden] *)`)
      ?.focus({ preventScroll: true });
  }
  poll.now();
};
addEventListener("popstate", () => {
  address = parseAddress(location.search);
  follow(true);
});
document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("a[data-go]") : null;
  if (!(link instanceof HTMLAnchorElement) || event.button !== 0) return;
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  page.go(parseAddress(link.search));
});
document.addEventListener("refused", (event) => {
  if (event instanceof CustomEvent && typeof event.detail === "string") say(event.detail);
});

listenToKeys(page, () => byId(`view-${viewName()}`));
listenToSignIn(signIn, {
  failed: (wrong) => {
    failure = wrong;
    showScreen();
  },
  changed: () => {
    caller = undefined;
    poll.now();
  },
  refused: showScreen,
});
byId("again").addEventListener("click", () => poll.now());

showLegend();
showView();
showScreen();
