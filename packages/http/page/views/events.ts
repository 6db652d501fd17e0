/** What happened, newest first. */

import type { ClusterEvent } from "@muster/core";
import { type Address, queryOf } from "../address.ts";
import { byId, el, reconcile, setText } from "../dom.ts";
import type { Mark } from "../marks.ts";
import { createOwnNotice } from "../own-notice.ts";
import { createSteadyList } from "../steady.ts";
import { blank, type Row, showRows, snippet } from "../ui.ts";
import { ago, since } from "../words.ts";
import type { Page, View } from "./view.ts";

interface History {
  readonly items: readonly ClusterEvent[];
  readonly window: { readonly from: string; readonly to: string };
}

const valueText = (value: unknown): string =>
  typeof value === "string" ? value : (JSON.stringify(value) ?? "nothing");

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isSomething = (value: unknown): boolean => value !== undefined && value !== null;

/** Ids and hashes tell people nothing, unless they are all that changed. */
const isForPeople = (name: string): boolean => !/(Id|Hash|Digest)$/.test(name);

const changed = (previous: unknown, next: unknown): string | undefined => {
  if (isRecord(previous) && isRecord(next)) {
    const names = [...new Set([...Object.keys(previous), ...Object.keys(next)])].filter(
      (name) => valueText(previous[name]) !== valueText(next[name]),
    );
    const told = names.filter(isForPeople);
    return (told.length > 0 ? told : names)
      .map((name) => `${name}: ${valueText(previous[name])} → ${valueText(next[name])}`)
      .join(", ");
  }
  if (isSomething(previous) && isSomething(next)) {
    return `${valueText(previous)} → ${valueText(next)}`;
  }
  const only = isSomething(next) ? next : previous;
  if (!isRecord(only)) return isSomething(only) ? valueText(only) : undefined;
  return Object.entries(only)
    .filter(([name, value]) => isForPeople(name) && isSomething(value))
    .map(([name, value]) => `${name}: ${valueText(value)}`)
    .join(", ");
};

const mostText = 400;

/** What an event says beside its type, in words; long ones are cut. */
export const eventText = ({ data, subject }: ClusterEvent): string => {
  const { previous, next, ...rest } = data;
  const more = Object.entries(rest)
    .filter(([, value]) => !subject.endsWith(`/${valueText(value)}`))
    .map(([name, value]) => `${name}: ${valueText(value)}`);
  const text = [...more, changed(previous, next)].filter((part) => part).join(", ");
  return text.length > mostText ? `${text.slice(0, mostText - 1)}…` : text;
};

const markOf = (type: string): Mark => {
  if (/(opened|created|unreadable)$/.test(type)) return { shape: "alarm", tone: "warn" };
  if (/(closed|resolved|replayed)$/.test(type)) return { shape: "on", tone: "good" };
  return { shape: "moving", tone: "quiet" };
};

const appOf = (subject: string): string | undefined =>
  subject.startsWith("app/") ? subject.slice("app/".length) : undefined;

export const eventRow = (event: ClusterEvent, now: number): Row => {
  const app = appOf(event.subject);
  const who = [event.by, event.reason].filter((part) => part !== undefined).join(": ");
  return {
    key: event.id,
    mark: markOf(event.type),
    state: event.type,
    title: event.subject,
    ...(app !== undefined && { to: { app } }),
    when: `${ago(since(event.at, now) ?? 0)}, ${event.at}`,
    lines: [eventText(event), who],
    acts: [],
  };
};

export const eventsPathOf = ({ types, subject }: Address): string =>
  `v1/events${queryOf([
    ["limit", "200"],
    ["types", types],
    ["subject", subject],
  ])}`;

/** What to filter by: the types seen, and their families. */
export const typeChoices = (events: readonly ClusterEvent[]): readonly string[] => {
  const types = events.map(({ type }) => type);
  const families = types.map((type) => `${type.split(".", 1)[0]}.*`);
  return [...new Set([...families, ...types])].sort();
};

export const createEventsView = (page: Page): View => {
  const notice = createOwnNotice("events");
  const types = el("input", {
    id: "event-types",
    attributes: { list: "event-type-list", placeholder: "all, or app.*", "data-filter": "" },
  });
  const subject = el("input", {
    id: "event-subject",
    attributes: { placeholder: "all, or app/crm-sync" },
  });
  for (const input of [types, subject]) {
    input.type = "search";
    input.spellcheck = false;
    input.autocomplete = "off";
  }
  const names = el("datalist", { id: "event-type-list" });
  const window = el("span", { class: "sub", role: "status" });
  const form = el(
    "form",
    { class: "bar" },
    el("label", { attributes: { for: "event-types" } }, "Types"),
    types,
    names,
    el("label", { attributes: { for: "event-subject" } }, "About"),
    subject,
    window,
  );
  const list = el("ul", { class: "rows" });
  const none = blank(
    "No events yet",
    el(
      "p",
      {},
      "Changes of intent, alerts and what your own actors tell are listed here. Make one:",
    ),
    snippet('muster apps disable crm-sync --reason "to see it"'),
  );
  const noMatch = blank(
    "No event matches",
    el("p", {}, "Events are kept for a while only: what is older has gone."),
  );
  byId("view-events").append(form, notice.element, list, none, noMatch);
  let known: History | undefined;
  let asked = "";
  const steady = createSteadyList<ClusterEvent>({
    box: list,
    keyOf: ({ id }) => id,
    render: (items) =>
      showRows(
        list,
        items.map((event) => eventRow(event, page.now())),
      ),
  });
  const follow = (): void =>
    page.go({ types: types.value.trim(), subject: subject.value.trim() }, { replace: true });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    follow();
  });
  form.addEventListener("change", follow);

  const show = (): void => {
    const address = page.address();
    if (document.activeElement !== types) types.value = address.types;
    if (document.activeElement !== subject) subject.value = address.subject;
    const items = [...(known?.items ?? [])].reverse();
    reconcile(names, typeChoices(items), {
      keyOf: (type) => type,
      make: (type) => el("option", { attributes: { value: type } }),
      update: () => {},
    });
    const isFiltered = address.types !== "" || address.subject !== "";
    steady.show(items);
    none.hidden = known === undefined || items.length > 0 || isFiltered;
    noMatch.hidden = known === undefined || items.length > 0 || !isFiltered;
    const from = since(known?.window.from, page.now());
    setText(window, from === undefined ? "" : `kept: what happened since ${ago(from)}`);
  };
  return {
    load: async () => {
      const path = eventsPathOf(page.address());
      const answer = await page.api.get<History>(path);
      if (path !== eventsPathOf(page.address())) return undefined;
      if (path !== asked) steady.reset();
      asked = path;
      if (answer.kind === "value") known = answer.value;
      return notice.take(answer.kind === "value" ? undefined : answer);
    },
    show,
    tick: show,
  };
};
