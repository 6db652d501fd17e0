/** From intent to outcome, in one order, with what is covered. */
import { describe, expect, test } from "bun:test";
import { scriptedHost } from "./app-kit.test.ts";
import { keepHistoryOf, maxGoneEntries, nobodyGone } from "./gone-history.ts";
import { mergeHistory } from "./history.ts";
import type { AppState } from "./intent.ts";
import { noHistory, noteAttempt } from "./node-history.ts";
import { appId, nodesOf } from "./nodes-kit.test.ts";

const T0 = Date.parse("2026-05-01T12:00:00.000Z");
const iso = (ms: number): string => new Date(T0 + ms).toISOString();

const changed = (at: number, generation: number): AppState["history"]["entries"][number] => ({
  change: "enabled",
  generation,
  intentId: `i${generation}`,
  desiredStatus: "enabled",
  version: "1.0.0",
  by: "anna",
  reason: "a test",
  at: T0 + at,
});
const changes = (coveredFrom: number, ...at: number[]): AppState["history"] => ({
  coveredFrom: T0 + coveredFrom,
  dropped: 0,
  gone: nobodyGone,
  entries: at.map((ms, i) => changed(ms, i + 1)),
});
const failing = (...at: number[]) =>
  at.reduce(
    (history, ms, i) =>
      noteAttempt(
        history,
        {
          generation: 1,
          version: "1.0.0",
          initStatus: "error_disabled",
          reason: { code: "hook_failed", message: `failure ${i}` },
        },
        T0 + ms,
      ),
    noHistory,
  );

describe("merging", () => {
  test("puts changes and outcomes of all nodes into one order", () => {
    const nodes = [
      { nodeId: "web-1", history: failing(10, 30) },
      { nodeId: "web-2", history: failing(20) },
    ];
    const { items, window } = mergeHistory(changes(0, 0, 25), nodes, T0 + 100);
    expect(items.map((item) => [item.at, item.kind === "change" ? item.by : item.nodeId])).toEqual([
      [iso(0), "anna"],
      [iso(10), "web-1"],
      [iso(20), "web-2"],
      [iso(25), "anna"],
      [iso(30), "web-1"],
    ]);
    expect(window).toEqual({ from: iso(0), to: iso(100) });
  });

  test("covers nothing before what any part has dropped, or the limit has cut off", () => {
    const many = failing(...Array.from({ length: 25 }, (_, i) => 1_000 + i));
    const [first] = many.entries;
    const nodes = [{ nodeId: "web-1", history: many }];
    const all = mergeHistory(changes(0, 0), nodes, T0 + 9_000);
    expect(many.dropped).toBe(5);
    expect(all.window.from).toBe(new Date(first?.at ?? 0).toISOString());
    const cut = mergeHistory(changes(0, 0), nodes, T0 + 9_000, 2);
    expect(cut.items.map(({ at }) => at)).toEqual([iso(1_023), iso(1_024)]);
    expect(cut.window.from).toBe(iso(1_023));
  });

  test("keeps what former nodes had told, each outcome once, up to a bound", () => {
    const state: AppState = { intent: null, legacy: null, history: changes(0, 0) };
    const once = keepHistoryOf(state, "web-2", failing(10, 20));
    const twice = keepHistoryOf(once, "web-2", failing(10, 20));
    expect(twice).toEqual(once);
    const { items } = mergeHistory(twice.history, [{ nodeId: "web-1", history: failing(15) }], T0);
    expect(items.map((item) => (item.kind === "outcome" ? item.nodeId : item.by))).toEqual([
      "anna",
      "web-2",
      "web-1",
      "web-2",
    ]);
    const many = failing(...Array.from({ length: 20 }, (_, i) => 100 + i));
    const { history } = keepHistoryOf(twice, "web-3", many);
    expect(history.gone.entries).toHaveLength(maxGoneEntries);
    expect(history.gone.dropped).toBe(2);
    expect(mergeHistory(history, [], T0 + 500).window.from).toBe(iso(100));
  });

  test("says what it covers also when it is empty", () => {
    const { items, window } = mergeHistory(changes(0), [], T0 + 5);
    expect([items, window]).toEqual([[], { from: iso(0), to: iso(5) }]);
  });
});

describe("the history of an app", () => {
  test("goes from intent to outcome, counts repeats, and is there after the app has gone", async () => {
    const w = nodesOf();
    const one = await w.start("web-1");
    const two = await w.start(
      "web-2",
      scriptedHost({ enable: () => Promise.reject(new Error("no way")) }),
    );
    const { change, install } = w.ops(one);
    await install();
    await w.until(() => w.rows(one).some(({ attempts }) => attempts > 3));
    const told = await w.finish(two.apps.history(appId));
    expect(told.items[0]).toMatchObject({ kind: "change", change: "installed", by: "ops" });
    const outcomes = told.items.flatMap((item) => (item.kind === "outcome" ? [item] : []));
    expect(outcomes.map(({ nodeId, initStatus }) => `${nodeId} ${initStatus}`).sort()).toEqual([
      "web-1 auto_enabled",
      "web-2 error_disabled",
    ]);
    const failed = outcomes.find(({ nodeId }) => nodeId === "web-2");
    expect(failed?.count).toBeGreaterThan(3);
    expect((failed?.lastAt ?? "") > (failed?.at ?? "z")).toBe(true);
    await change("uninstall");
    await w.until(() => one.apps.list().items.length === 0);
    const after = await w.finish(one.apps.history(appId));
    expect(after.items.flatMap((item) => (item.kind === "change" ? [item.change] : []))).toEqual([
      "installed",
      "uninstalled",
      "purged",
    ]);
    await Promise.all([w.finish(one.stop()), w.finish(two.stop())]);
  });

  test("is refused for an app there never was, and a limit that is none", async () => {
    const w = nodesOf();
    const one = await w.start("web-1");
    const coded = (work: Promise<unknown>) => w.finish(work.catch((error) => error.code));
    expect(await coded(one.apps.history("ghost"))).toBe("APP_NOT_FOUND");
    expect(await coded(one.apps.history(appId, { limit: 501 }))).toBe("VALIDATION");
    await w.finish(one.stop());
  });
});
