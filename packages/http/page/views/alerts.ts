/** Alerts: open ones, and those of the last day that have closed. */
import type { Alert } from "@muster/core";
import { byId, el, setAttribute } from "../dom.ts";
import type { Mark } from "../marks.ts";
import { createSteadyList } from "../steady.ts";
import { blank, goLink, type Row, showRows } from "../ui.ts";
import { ago, plural, since } from "../words.ts";
import type { Facts, Page, View } from "./view.ts";

export const acknowledge = ({ ask, api, say, refresh }: Page, alert: Alert): void =>
  ask({
    title: "Take note of this alert?",
    text: `${alert.message}. It counts against the verdict no longer, and stays open until its cause is gone.`,
    button: "Acknowledge",
    send: ({ reason }, { key }) =>
      api.change({
        method: "POST",
        path: `v1/alerts/${encodeURIComponent(alert.id)}/ack`,
        body: { reason },
        idempotencyKey: key,
      }),
    done: () => {
      say("Acknowledged.");
      refresh();
    },
  });

const markOf = ({ closedAt, ackedBy }: Alert): readonly [Mark, string] => {
  if (closedAt !== null) return [{ shape: "off", tone: "quiet" }, "closed"];
  return ackedBy === null
    ? [{ shape: "alarm", tone: "bad" }, "open"]
    : [{ shape: "alarm", tone: "warn" }, "acknowledged"];
};

const whenOf = ({ openedAt, closedAt, count }: Alert, now: number): string =>
  [
    `opened ${ago(since(openedAt, now) ?? 0)}`,
    closedAt === null ? undefined : `closed ${ago(since(closedAt, now) ?? 0)}`,
    count > 1 ? plural(count, "time") : undefined,
  ]
    .filter((part) => part !== undefined)
    .join(", ");

/** One alert in words. */
export const alertRow = (alert: Alert, page: Page): Row => {
  const [mark, state] = markOf(alert);
  const isOpen = alert.closedAt === null;
  return {
    key: alert.id,
    mark,
    state,
    title: alert.message,
    ...(alert.kind.startsWith("app") && { to: { app: alert.subject } }),
    when: whenOf(alert, page.now()),
    lines: [
      isOpen ? alert.remedy : undefined,
      alert.ackedBy === null ? undefined : `${alert.ackedBy} took note: ${alert.ackReason}`,
      alert.id,
    ],
    acts:
      isOpen && alert.ackedBy === null
        ? [
            {
              label: "Acknowledge…",
              about: alert.message,
              refusal: page.refusal("operator"),
              run: () => acknowledge(page, alert),
            },
          ]
        : [],
  };
};

export const createAlertsView = (page: Page): View => {
  const list = el("ul", { class: "rows" });
  const none = blank(
    "No open alerts",
    el("p", {}, "An alert opens here when a node is lost, or when drift outlasts a minute."),
  );
  const bar = el("p", { class: "bar" });
  const openOnly = goLink({ view: "alerts" }, "Open");
  const all = goLink({ view: "alerts", all: true }, "With those closed in the last day");
  bar.append(openOnly, all);
  byId("view-alerts").append(bar, list, none);
  let known: readonly Alert[] = [];
  const steady = createSteadyList<Alert>({
    box: list,
    keyOf: ({ id }) => id,
    render: (items) =>
      showRows(
        list,
        items.map((alert) => alertRow(alert, page)),
      ),
  });
  const show = (): void => {
    const shown = page.address().all ? known : known.filter(({ closedAt }) => closedAt === null);
    setAttribute(openOnly, "aria-current", page.address().all ? undefined : "true");
    setAttribute(all, "aria-current", page.address().all ? "true" : undefined);
    steady.show(shown);
    none.hidden = shown.length > 0;
  };
  return {
    load: async () => undefined,
    show: ({ alerts }: Facts) => {
      known = alerts;
      show();
    },
    tick: show,
  };
};
