/** One app: what is wanted and what each node has of it, why, what happens next, what can be done. */
import type { AppExplanation, AppHistory, AppRow, AppSummary } from "@muster/core";
import type { Failure } from "../api.ts";
import { byId, el, setAttribute, setText, showMark } from "../dom.ts";
import { markOfDesired, markOfState, markOfStatus } from "../marks.ts";
import { createOwnNotice } from "../own-notice.ts";
import { blank, createTable, goLink, hrefOf, showActs, showFacts, showRows } from "../ui.ts";
import { ago, since, words } from "../words.ts";
import { appActs } from "./app-acts.ts";
import {
  attemptText,
  differenceText,
  generationText,
  historyRow,
  intentText,
  oddPartsOf,
  partText,
  reasonText,
  stateFacts,
} from "./app-words.ts";
import type { Page, View } from "./view.ts";

type App = AppSummary & { readonly asOf: string; readonly stale: boolean };

const mostHistory = 50;

export const createAppView = (page: Page): View => {
  const notice = createOwnNotice("this app");
  const title = byId("app-title");
  const desired = el("p", { class: "status big" });
  const sentence = el("p", { class: "sentence" });
  const command = el("code");
  const next = el(
    "div",
    {},
    el("p", { class: "sub" }, "Next, on the command line:"),
    el("pre", {}, command),
  );
  const facts = el("dl", { class: "facts" });
  const acts = el("div", { class: "acts" });
  const differences = el("ul", { class: "plain" });
  const differing = el("div", {}, el("h3", {}, "What differs between nodes"), differences);
  const history = el("ul", { class: "rows" });
  const covered = el("p", { class: "sub" });
  const moreHistory = goLink({ view: "events" }, "All events of this app");
  const gone = blank(
    "No such app",
    el("p", {}, "It was never installed here, or is uninstalled and gone from every node."),
    el("p", {}, goLink({}, "All apps")),
  );

  let app: App | undefined;
  let explanation: AppExplanation | undefined;
  let told: AppHistory | undefined;
  let isGone = false;
  let id = "";

  /** Text that is marked where the node differs from most others. */
  const part =
    (name: "version" | "packageDigest" | "settingsHash" | "runtime") =>
    (cell: HTMLElement, row: AppRow): void => {
      setText(cell, partText(name, row[name]));
      cell.classList.toggle("odd", oddPartsOf(row, explanation?.differences ?? []).has(name));
      setAttribute(cell, "title", row[name] ?? undefined);
    };
  const showNode = (cell: HTMLElement, { nodeId, nodeState, isLocal }: AppRow): void => {
    if (!cell.firstElementChild) {
      cell.append(el("span", { class: "name" }), el("span", { class: "status sub" }));
    }
    const [name, state] = cell.children;
    if (name) setText(name, nodeId);
    if (state instanceof HTMLElement) {
      showMark(state, markOfState(nodeState), isLocal ? `${nodeState}, this node` : nodeState);
    }
  };
  const marked = (cell: HTMLElement): HTMLElement => {
    const there = cell.firstElementChild;
    if (there instanceof HTMLElement) return there;
    const status = el("span", { class: "status" });
    cell.append(status);
    return status;
  };
  const nodes = createTable<AppRow>(
    "app-nodes-title",
    [
      { label: "Node", show: showNode },
      {
        label: "Desired",
        show: (cell, { desiredStatus }) =>
          showMark(marked(cell), markOfDesired(desiredStatus), desiredStatus),
      },
      {
        label: "Init status",
        show: (cell, row) => {
          showMark(marked(cell), markOfStatus(row.initStatus), words(row.initStatus));
          cell.classList.add("cell");
          cell.classList.toggle("drift", !row.converged);
          cell.classList.toggle("stale", row.stale);
        },
      },
      { label: "Reason", show: (cell, row) => setText(cell, reasonText(row)) },
      { label: "Next attempt", show: (cell, row) => setText(cell, attemptText(row, page.now())) },
      { label: "Generation", show: (cell, row) => setText(cell, generationText(row)) },
      { label: "Version", show: part("version") },
      { label: "Build", show: part("packageDigest") },
      { label: "Settings", show: part("settingsHash") },
      { label: "Runtime", show: part("runtime") },
      {
        label: "Reported",
        show: (cell, { reportedAt, stale }) => {
          const passed = since(reportedAt, page.now());
          const text = passed === undefined ? "never" : ago(passed);
          setText(cell, stale ? `${text}, stale` : text);
        },
      },
    ],
    ({ nodeId }) => nodeId,
  );
  const body = el(
    "div",
    {},
    el("div", { class: "panel" }, desired, sentence, next, facts, acts),
    el("h3", { id: "app-nodes-title" }, "On each node"),
    nodes.box,
    differing,
    el("h3", {}, "What happened"),
    history,
    covered,
    el("p", {}, moreHistory),
  );
  byId("view-app").append(notice.element, gone, body);

  const show = (): void => {
    const now = page.now();
    setText(title, page.address().app);
    gone.hidden = !isGone;
    body.hidden = isGone || !app;
    if (!app) return;
    showMark(desired, markOfDesired(app.desiredStatus), `to be ${app.desiredStatus}`);
    setText(sentence, explanation?.sentence ?? "");
    setText(command, explanation?.command ?? "");
    next.hidden = explanation?.command === undefined;
    showFacts(facts, [
      ["Version", app.version],
      ["Generation", String(app.generation)],
      ["Changed by", explanation && intentText(explanation, now)],
      [
        "Management",
        app.management === "observe" ? "observe: nodes only report what they see" : undefined,
      ],
      ...stateFacts(app, now),
      ["Licence", app.hasLicence ? "given" : undefined],
      ["Settings", app.settingsHash.slice(0, 12)],
    ]);
    const { toggle, reconcile, more } = appActs(app, page);
    showActs(acts, [toggle, reconcile, ...more]);
    nodes.show(app.nodes ?? []);
    const odd = explanation?.differences ?? [];
    differing.hidden = odd.length === 0;
    showLines(differences, odd.map(differenceText));
    const items = [...(told?.items ?? [])].reverse();
    showRows(
      history,
      items.map((item) => historyRow(item, now)),
    );
    const from = told?.window.from;
    setText(covered, from === undefined ? "" : `This is all since ${from}, the latest first.`);
    setAttribute(moreHistory, "href", hrefOf({ view: "events", subject: `app/${app.id}` }));
  };

  const forget = (): void => {
    id = page.address().app;
    app = undefined;
    explanation = undefined;
    told = undefined;
    isGone = false;
  };
  const load = async (): Promise<Failure | undefined> => {
    if (page.address().app !== id) forget();
    const asked = id;
    const name = encodeURIComponent(asked);
    const [appAnswer, explained, happened] = await Promise.all([
      page.api.getTagged<App>(`v1/apps/${name}`),
      page.api.getTagged<AppExplanation>(`v1/explain/app/${name}`),
      page.api.get<AppHistory>(`v1/apps/${name}/history?limit=${mostHistory}`),
    ]);
    if (page.address().app !== asked) return undefined;
    isGone = appAnswer.kind === "problem" && appAnswer.problem.code === "APP_NOT_FOUND";
    if (appAnswer.kind === "value") app = appAnswer.value;
    if (explained.kind === "value") explanation = explained.value;
    if (happened.kind === "value") told = happened.value;
    return notice.take(appAnswer.kind === "value" || isGone ? undefined : appAnswer);
  };
  return { load, show, tick: show };
};

const showLines = (list: Element, lines: readonly string[]): void => {
  const text = lines.join("\n");
  if (list instanceof HTMLElement && list.dataset["shown"] === text) return;
  if (list instanceof HTMLElement) list.dataset["shown"] = text;
  list.replaceChildren(...lines.map((line) => el("li", {}, line)));
};
