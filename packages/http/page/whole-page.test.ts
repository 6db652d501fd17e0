/** The whole page in a document without a browser, over answers that the test makes. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { NodeId } from "@muster/core";
import { Window } from "happy-dom";
import { appWith, at, nodeWith, rowWith, statusWith } from "./page-kit.test.ts";

/** Markup wherever an app, a node or a caller supplies text. */
const evil = `"><img src=x onerror=alert(1)><script>alert(2)</script>&amp;<b>`;

const rows = [
  rowWith({
    appId: "crm-sync",
    nodeId: evil as NodeId,
    converged: false,
    initStatus: "error_disabled",
    reason: { code: evil, message: evil },
    lastError: evil,
    version: evil,
    packageDigest: evil,
    settingsHash: evil,
    runtime: evil,
    attempts: 2,
    nextAttemptAt: at(60_000),
  }),
];
const app = appWith({
  id: evil,
  version: evil,
  changedBy: evil,
  reason: evil,
  converged: false,
  drifted: 1,
  nodes: rows,
});
const letter = {
  id: "1.2-0.3",
  shard: 1,
  source: "actor",
  appId: evil,
  work: "message",
  reason: "handler_threw",
  kind: "order",
  actorId: evil,
  command: evil,
  sender: evil,
  principal: evil,
  attempts: 5,
  firstAttemptAt: at(-9_000),
  lastAttemptAt: at(-8_000),
  lastError: evil,
  createdAt: at(-7_000),
  resolution: null,
  resolvedAt: null,
  resolvedBy: null,
  resolvedReason: null,
  replays: 0,
};
const listOf = (...items: readonly unknown[]) => ({ items, asOf: at(0), stale: false });

let answers: Record<string, unknown>;
const usual = (): Record<string, unknown> => ({
  "v1/status": statusWith({
    cluster: evil,
    nodeId: evil,
    verdict: "degraded",
    reasons: [evil, evil],
    deadLetters: { unresolved: 1, parked: 0 },
    alerts: 1,
  }),
  "v1/session": { name: evil, role: "operator", readOnly: false, sessions: true },
  "v1/nodes": listOf(nodeWith({ id: evil, host: evil, version: evil, runtime: evil })),
  "v1/apps": listOf(app),
  "v1/alerts": listOf({
    id: `other:${evil}:x`,
    kind: "other",
    subject: evil,
    cause: evil,
    message: evil,
    remedy: evil,
    openedAt: at(-60_000),
    count: 2,
    ackedBy: null,
    ackReason: null,
    closedAt: null,
  }),
  "v1/reconciler": {
    mode: "paused",
    set: { by: evil, reason: evil, owner: evil, until: at(60_000), at: at(-60_000) },
    leader: evil,
    fence: 7,
    passes: [],
    asOf: at(0),
    stale: false,
  },
  "v1/events": {
    items: [
      {
        id: "1-0",
        type: "order.paid",
        subject: evil,
        at: at(-1_000),
        by: evil,
        reason: evil,
        data: { next: evil, [evil]: evil },
      },
    ],
    window: { from: at(-60_000), to: at(0) },
  },
  "v1/dead-letters": listOf(letter),
  "v1/dead-letters/1.2-0.3": { ...letter, payload: { [evil]: evil }, replayable: true },
  [`v1/apps/${encodeURIComponent(evil)}`]: { ...app, asOf: at(0), stale: false },
  [`v1/apps/${encodeURIComponent(evil)}/history`]: {
    items: [
      {
        kind: "change",
        at: at(-9_000),
        change: "enabled",
        generation: 4,
        desiredStatus: "enabled",
        version: evil,
        by: evil,
        reason: evil,
      },
      {
        kind: "outcome",
        at: at(-8_000),
        lastAt: at(-1_000),
        count: 3,
        nodeId: evil,
        generation: 4,
        version: evil,
        initStatus: "error_disabled",
        reason: { code: evil, message: evil },
      },
    ],
    window: { from: at(-60_000), to: at(0) },
  },
  [`v1/explain/app/${encodeURIComponent(evil)}`]: {
    subject: `app/${evil}`,
    intent: {
      desiredStatus: "enabled",
      version: evil,
      generation: 4,
      by: evil,
      reason: evil,
      at: at(-60_000),
    },
    nodes: [],
    differences: [
      {
        field: "packageDigest",
        values: [
          { value: evil, nodes: [evil] },
          { value: "b", nodes: ["web-2", "web-3"] },
        ],
      },
    ],
    sentence: evil,
    command: evil,
  },
});

const problem = (status: number, code: string, detail: string): Response =>
  Response.json({ status, code, title: code, detail }, { status });

const asked: { readonly method: string; readonly path: string; readonly body: unknown }[] = [];
let refuse: ((method: string, path: string) => Response | undefined) | undefined;
const fakeFetch = async (url: string, init: RequestInit = {}): Promise<Response> => {
  const path = url.replace(/^\/ops\//, "");
  const [bare = ""] = path.split("?");
  const method = init.method ?? "GET";
  asked.push({ method, path, body: init.body ? JSON.parse(String(init.body)) : undefined });
  const refused = refuse?.(method, bare);
  if (refused) return refused;
  if (new Headers(init.headers).get("accept") === "text/event-stream") {
    return problem(404, "ROUTE_NOT_FOUND", "no streams here");
  }
  if (method !== "GET") return Response.json({ items: [], changed: true });
  const answer = answers[bare];
  return answer === undefined ? problem(404, "APP_NOT_FOUND", "gone") : Response.json(answer);
};

const window = new Window({ url: "http://127.0.0.1:7300/ops/", width: 1280, height: 900 });
const { document } = window;
const names = [
  "document",
  "location",
  "history",
  "Element",
  "HTMLElement",
  "HTMLAnchorElement",
  "HTMLButtonElement",
  "HTMLInputElement",
  "HTMLSelectElement",
  "HTMLTextAreaElement",
  "CustomEvent",
  "matchMedia",
  "scrollTo",
  "addEventListener",
  "setInterval",
  "setTimeout",
  "clearTimeout",
  "isSecureContext",
  "fetch",
] as const;
const kept = new Map(
  names.map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)]),
);
const own: Partial<Record<string, unknown>> = {
  fetch: fakeFetch,
  isSecureContext: true,
  scrollTo: () => {},
  addEventListener: window.addEventListener.bind(window),
  matchMedia: window.matchMedia.bind(window),
};
/** The page's timers, ended with the test; the test waits by those of the machine. */
const timers = new Set<ReturnType<typeof setTimeout>>();
const { setTimeout: later, setInterval: often, clearTimeout: drop } = globalThis;

beforeAll(async () => {
  answers = usual();
  own["setTimeout"] = (work: () => void, ms?: number) => {
    const timer = later(work, ms);
    timers.add(timer);
    return timer;
  };
  own["setInterval"] = (work: () => void, ms?: number) => {
    const timer = often(work, ms);
    timers.add(timer);
    return timer;
  };
  own["clearTimeout"] = drop;
  for (const name of names) {
    const value = Object.hasOwn(own, name) ? own[name] : Reflect.get(window, name);
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  const html = readFileSync(join(import.meta.dirname, "index.html"), "utf8");
  document.write(html.replace(/<style[\s\S]*?<\/style>|<script[\s\S]*?<\/script>/g, ""));
  await import("./main.ts");
});
afterAll(async () => {
  for (const timer of timers) drop(timer);
  for (const name of names) {
    const before = kept.get(name);
    if (before) Object.defineProperty(globalThis, name, before);
    else Reflect.deleteProperty(globalThis, name);
  }
  await window.happyDOM.close();
});

const until = async (fact: string, holds: () => boolean): Promise<void> => {
  const end = performance.now() + 5_000;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`not within 5 s: ${fact}`);
    await new Promise((resolve) => later(resolve, 10));
  }
};
const part = (selector: string) => {
  const found = document.querySelector(selector);
  if (!found) throw new Error(`the page has no ${selector}`);
  return found;
};
const textOf = (selector: string): string => part(selector).textContent ?? "";
const isShown = (selector: string): boolean => part(selector).closest("[hidden]") === null;
const click = (selector: string): void =>
  void part(selector).dispatchEvent(
    new window.MouseEvent("click", { bubbles: true, cancelable: true, button: 0 }) as never,
  );
const go = (search: string): void => {
  window.history.pushState(null, "", `/ops/${search}`);
  window.dispatchEvent(new window.Event("popstate") as never);
};

/** What only markup made from text could have brought in. */
const expectNoMarkup = (): void => {
  expect(document.querySelectorAll("img, script, b, [onerror]").length).toBe(0);
};

test("the overview tells the problems first, and all that was supplied is text", async () => {
  await until("the page shows data", () => document.body.dataset["screen"] === "data");
  expect(textOf("#cluster")).toBe(evil);
  expect(textOf("#head-alerts")).toBe("1 open alert");
  expect(textOf("#head-letters")).toBe("1 dead letter");
  expect(textOf("#problems .name")).toBe(`${evil}: 1 node is not as wanted`);
  expect(textOf("#problems .lines")).toContain(evil);
  expect(textOf("#matrix tbody .name")).toBe(evil);
  expect(textOf("#caller")).toBe(`${evil}, operator`);
  expectNoMarkup();
});

test.each([
  ["?view=nodes", "#nodes .name"],
  ["?view=alerts", "#view-alerts .row .name"],
  ["?view=reconciler", "#view-reconciler .facts"],
  ["?view=events", "#view-events .row .name"],
  ["?view=letters", "#view-letters .row .name"],
  ["?view=letters&letter=1.2-0.3", "#view-letters pre code"],
  [`?app=${encodeURIComponent(evil)}`, "#view-app tbody .name"],
])("%s shows what was supplied as text", async (search, selector) => {
  go(search);
  await until("the view shows its rows", () => {
    const found = document.querySelector(selector);
    return (found?.textContent ?? "").includes("<img src=x onerror=alert(1)>");
  });
  expect(isShown(selector)).toBe(true);
  expectNoMarkup();
});

test("the panel of an app tells sentence, command and what differs", async () => {
  go(`?app=${encodeURIComponent(evil)}`);
  await until("the panel is filled", () => textOf("#view-app .sentence") === evil);
  expect(textOf("#view-app pre code")).toBe(evil);
  expect(textOf("#view-app .plain")).toContain(`build: ${evil.slice(0, 12)} on`);
  expect(part("#view-app td.odd")).toBeDefined();
  await until(
    "what happened is told",
    () => document.querySelectorAll("#view-app .row").length === 2,
  );
  expect(textOf("#view-app .rows")).toContain("3 times");
  expectNoMarkup();
});

test("an app that is gone says so, and leads back", async () => {
  go("?app=ghost");
  await until("it is said", () => isShown("#view-app .blank"));
  expect(textOf("#view-app .blank")).toContain("No such app");
  click("#view-app .blank a");
  await until("the overview is back", () => isShown("#view-apps"));
  expect(window.location.search).toBe("");
});

test("tabs change the view and the address, and the tab is marked", async () => {
  click('#tabs [data-view="events"]');
  expect([window.location.search, isShown("#view-events"), isShown("#view-apps")]).toEqual([
    "?view=events",
    true,
    false,
  ]);
  expect(part('#tabs [data-view="events"]').getAttribute("aria-current")).toBe("page");
});

test("a change asks for a reason, and is sent with it under a key", async () => {
  go("?view=alerts");
  await until(
    "there is a button",
    () => document.querySelector("#view-alerts .acts button") !== null,
  );
  click("#view-alerts .acts button");
  const reason = part("#dialog-reason") as unknown as { value: string };
  part("#dialog-form").dispatchEvent(new window.Event("submit", { cancelable: true }) as never);
  expect(textOf("#dialog-error")).toContain("Say why");
  reason.value = "seen";
  part("#dialog-form").dispatchEvent(new window.Event("submit", { cancelable: true }) as never);
  await until("it is sent", () => asked.some(({ method }) => method === "POST"));
  expect(asked.find(({ method }) => method === "POST")).toMatchObject({
    path: `v1/alerts/${encodeURIComponent(`other:${evil}:x`)}/ack`,
    body: { reason: "seen" },
  });
});

test("a change that is refused says its title and what to do, and stays open", async () => {
  refuse = (method) =>
    method === "POST" ? problem(403, "READ_ONLY", "This mount answers questions only.") : undefined;
  click("#view-alerts .acts button");
  (part("#dialog-reason") as unknown as { value: string }).value = "seen";
  part("#dialog-form").dispatchEvent(new window.Event("submit", { cancelable: true }) as never);
  await until("it is told", () => textOf("#dialog-error").includes("answers questions only"));
  expect(textOf("#dialog-error strong")).toBe("READ_ONLY");
  expect(part("#dialog").hasAttribute("open")).toBe(true);
  click("#dialog-cancel");
  refuse = undefined;
});

test("an uninstall is asked for with its reason in the address, as it has no body", async () => {
  go(`?app=${encodeURIComponent(evil)}`);
  await until("it can be done", () => document.querySelector("#view-app .acts .danger") !== null);
  click("#view-app .acts .danger");
  (part("#dialog-reason") as unknown as { value: string }).value = "a & b";
  part("#dialog-form").dispatchEvent(new window.Event("submit", { cancelable: true }) as never);
  await until("it is sent", () => asked.some(({ method }) => method === "DELETE"));
  expect(asked.find(({ method }) => method === "DELETE")?.path).toBe(
    `v1/apps/${encodeURIComponent(evil)}?reason=a+%26+b`,
  );
});

test("what a view may not see is said in it, while the rest goes on", async () => {
  refuse = (_, path) =>
    path === "v1/dead-letters"
      ? problem(403, "FORBIDDEN", "This needs the role operator.")
      : undefined;
  go("?view=letters");
  await until("it is said", () => isShown("#view-letters .notice"));
  expect(textOf("#view-letters .notice")).toContain("You may not see dead letters");
  expect(document.body.dataset["screen"]).toBe("data");
  refuse = undefined;
});

test("with Redis away what is known stays, greyed and with its age, and comes back by itself", async () => {
  const status = answers["v1/status"] as object;
  answers["v1/status"] = {
    ...status,
    stale: true,
    redis: { mode: "redis", role: "primary", state: "connecting", findings: [] },
  };
  go("");
  await until("it is said", () => textOf("#data [data-notice]").includes("cannot reach Redis"));
  expect(document.body.classList.contains("old")).toBe(true);
  expect(isShown("#matrix")).toBe(true);
  answers = usual();
  await until("it healed", () => !document.body.classList.contains("old"));
});

test("without apps the page says what would fill it; without a match, that the filters hide them", async () => {
  answers["v1/apps"] = listOf();
  go("");
  await until("it is said", () => isShown("#empty"));
  expect(textOf("#empty")).toContain("muster apps install");
  go("?q=none");
  await until("it is said", () => isShown("#no-match"));
  expect(isShown("#empty")).toBe(false);
  answers = usual();
});

test("who is not known sees nothing and is asked to sign in; the token is sent once", async () => {
  refuse = () => problem(401, "UNAUTHENTICATED", "The request carries no token.");
  go("");
  await until("it is asked", () => document.body.dataset["screen"] === "token");
  expect([isShown("#data"), textOf("#token-title")]).toEqual([false, "Sign in"]);
  const form = part("#token-form");
  const input = part("#token-input") as unknown as { value: string };
  input.value = "wrong-token-0123456789";
  form.dispatchEvent(new window.Event("submit", { cancelable: true }) as never);
  await until("it is refused", () => textOf("#token-title").includes("not known here"));
  refuse = undefined;
  input.value = "right-token-0123456789";
  form.dispatchEvent(new window.Event("submit", { cancelable: true }) as never);
  await until("the page is back", () => document.body.dataset["screen"] === "data");
  expect(input.value).toBe("");
  const sent = asked
    .filter(({ path }) => path === "v1/session")
    .filter(({ method }) => method === "POST");
  expect(sent.map(({ body }) => body)).toEqual([
    { token: "wrong-token-0123456789" },
    { token: "right-token-0123456789" },
  ]);
});

test("signing out ends the session and asks anew", async () => {
  click("#sign-out");
  refuse = () => problem(401, "UNAUTHENTICATED", "The request carries no token.");
  await until("it is asked", () => document.body.dataset["screen"] === "token");
  expect(asked.some(({ method, path }) => method === "DELETE" && path === "v1/session")).toBe(true);
  expect(textOf("#token-title")).toBe("Sign in");
});

test("everything was asked of the node that served the page", () => {
  expect(asked.length).toBeGreaterThan(20);
  expect(
    asked.filter(({ path }) => /^(?:[a-z]+:)?\/\//i.test(path) || path.startsWith("/")),
  ).toEqual([]);
});
