/** Problems first, then the matrix apps × nodes. */
import type { AppSummary, DataLoss } from "@muster/core";
import { appsPathOf, firstLimit, isFiltered, maxLimit, type Sort } from "../address.ts";
import { byId, setAttribute, setText } from "../dom.ts";
import { createGridKeys } from "../grid-keys.ts";
import { createMatrix } from "../matrix.ts";
import { createPopover } from "../popover.ts";
import { createSteadyList } from "../steady.ts";
import { type Row, showActs, showRows } from "../ui.ts";
import { plural } from "../words.ts";
import { acknowledge } from "./alerts.ts";
import { appActs, reconcileMany } from "./app-acts.ts";
import { type ProblemFound, problemsOf } from "./problems.ts";
import type { Facts, Listing, Page, View } from "./view.ts";

/** Those with problems first, where that is asked for; else by id, as they came. */
export const sortedApps = (apps: readonly AppSummary[], sort: Sort): readonly AppSummary[] =>
  sort === "id" ? apps : [...apps].sort((a, b) => b.drifted - a.drifted || (a.id < b.id ? -1 : 1));

const acknowledgeLoss = ({ ask, api, say, refresh }: Page, loss: DataLoss): void =>
  ask({
    title: "Take note of this loss?",
    text: `${loss.subject}: ${loss.range}. It counts against the verdict no longer; the data stays lost.`,
    button: "Acknowledge",
    send: ({ reason }, { key }) =>
      api.change({
        method: "POST",
        path: `v1/losses/${encodeURIComponent(loss.id)}/ack`,
        body: { reason },
        idempotencyKey: key,
      }),
    done: () => {
      say("Acknowledged.");
      refresh();
    },
  });

const driftingPath = "v1/apps?drifted=true&include=nodes&limit=50";

export const createAppsView = (page: Page): View => {
  const problems = byId("problems");
  const matrixTable = byId<HTMLTableElement>("matrix");
  const matrix = createMatrix({
    table: matrixTable,
    now: page.now,
    actOf: (app) => appActs(app, page).toggle,
  });
  const keys = createGridKeys(matrixTable);
  const popover = createPopover({ box: byId("details"), detailsOf: matrix.detailsOf });
  let limit = firstLimit;
  let facts: Facts | undefined;
  let apps: Listing<AppSummary> | undefined;
  let drifting: readonly AppSummary[] = [];
  let losses: readonly DataLoss[] = [];

  const rowOf = (problem: ProblemFound): Row => {
    const { alert, app, loss, to, ...told } = problem;
    const refusal = page.refusal("operator");
    const label = "Acknowledge…";
    const about = problem.title;
    return {
      ...told,
      ...(to && { to }),
      acts: [
        ...(app ? [appActs(app, page).reconcile] : []),
        ...(loss ? [{ label, about, refusal, run: () => acknowledgeLoss(page, loss) }] : []),
        ...(alert && alert.ackedBy === null
          ? [{ label, about, refusal, run: () => acknowledge(page, alert) }]
          : []),
      ],
    };
  };
  const steadyProblems = createSteadyList<ProblemFound>({
    box: problems,
    keyOf: ({ key }) => key,
    render: (items) => showRows(problems, items.map(rowOf)),
  });
  const steadyApps = createSteadyList<AppSummary>({
    box: matrixTable,
    keyOf: ({ id }) => id,
    render: (shown) => {
      matrix.show({ apps: shown, nodes: facts?.nodes ?? [] });
      keys.refresh();
    },
  });

  const showProblems = (): void => {
    if (!facts) return;
    const found = problemsOf(facts, drifting, losses, page.now());
    steadyProblems.show(found);
    byId("problems-box").hidden = found.length === 0;
    setText(byId("problems-count"), found.length > 1 ? String(found.length) : "");
  };

  const showApps = (): void => {
    if (!facts) return;
    const { status } = facts;
    const address = page.address();
    const items = apps?.items ?? [];
    const none = items.length === 0;
    const filtered = isFiltered(address);
    steadyApps.show(sortedApps(items, address.sort));
    byId("matrix-box").hidden = none;
    byId("empty").hidden = !none || filtered || apps === undefined;
    byId("no-match").hidden = !none || !filtered || apps === undefined;
    const shown = filtered ? `${items.length} match` : plural(items.length, "app");
    setText(
      byId("count"),
      apps?.nextCursor === undefined
        ? none
          ? ""
          : shown
        : `the first ${items.length} of ${filtered ? "those that match" : status.apps.total}`,
    );
    byId("more").hidden = apps?.nextCursor === undefined || limit >= maxLimit;
    showActs(byId("apps-acts"), [
      {
        label: "Reconcile many…",
        about: "apps",
        refusal: page.refusal("operator"),
        run: () => reconcileMany(page, items),
      },
    ]);
  };

  const q = byId<HTMLInputElement>("q");
  const drifted = byId<HTMLInputElement>("drifted");
  const desired = byId<HTMLSelectElement>("desired");
  const sort = byId<HTMLSelectElement>("sort");
  const readFilters = (): void => {
    limit = firstLimit;
    steadyApps.reset();
    page.go(
      {
        q: q.value.trim(),
        drifted: drifted.checked,
        desired: desired.value,
        sort: sort.value === "problems" ? "problems" : "id",
      },
      { replace: true },
    );
  };
  const writeFilters = (): void => {
    const address = page.address();
    if (document.activeElement !== q) q.value = address.q;
    drifted.checked = address.drifted;
    desired.value = address.desired;
    sort.value = address.sort;
  };
  q.addEventListener("input", readFilters);
  for (const control of [drifted, desired, sort]) control.addEventListener("change", readFilters);
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("clear").addEventListener("click", () => {
    q.value = "";
    drifted.checked = false;
    desired.value = "";
    readFilters();
    q.focus();
  });
  byId("more").addEventListener("click", () => {
    limit = maxLimit;
    page.refresh();
  });
  setAttribute(q, "data-filter", "");

  return {
    load: async () => {
      const path = appsPathOf(page.address(), limit);
      const [shown, off, lost] = await Promise.all([
        page.api.getTagged<Listing<AppSummary>>(path),
        page.api.getTagged<Listing<AppSummary>>(driftingPath),
        page.api.getTagged<Listing<DataLoss>>("v1/losses"),
      ]);
      if (shown.kind !== "value") return shown;
      if (off.kind !== "value") return off;
      // Filters may have changed meanwhile.
      if (path === appsPathOf(page.address(), limit)) apps = shown.value;
      drifting = off.value.items;
      if (lost.kind === "value") losses = lost.value.items;
      return undefined;
    },
    show: (next) => {
      facts = next;
      writeFilters();
      showProblems();
      showApps();
      popover.refresh();
    },
    tick: () => {
      showProblems();
      matrix.tick();
      popover.refresh();
    },
  };
};
