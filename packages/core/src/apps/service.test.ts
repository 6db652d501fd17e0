import { describe, expect, test } from "bun:test";
import { isMusterError } from "../errors.ts";
import type { Incarnation, NodeId } from "../model/ids.ts";
import { isoInstant } from "../model/instant.ts";
import type { NodeRecord, NodeState } from "../model/node-record.ts";
import { silentLogger } from "../ports/logger.ts";
import type { AppFilter } from "../services.ts";
import type { View } from "../view.ts";
import { appReport, intent } from "./app-kit.test.ts";
import type { AppIntentRow } from "./intent.ts";
import { LocalAppTable } from "./local-apps.ts";
import type { AppStatus } from "./model.ts";
import type { AppObserved } from "./observed.ts";
import type { RawReport } from "./rows.ts";
import { createAppsService } from "./service.ts";
import { settingsHash } from "./settings.ts";

const now = 1_800_000_000_000;

const record = (id: string, state: NodeState = "up", incarnation = `${id}-run`): NodeRecord => ({
  id: id as NodeId,
  incarnation: incarnation as Incarnation,
  state,
  cordoned: false,
  leaseUntil: now,
  startedAt: now,
  lastHeartbeatAt: now,
  info: { host: "h", pid: 1, version: "1", runtime: "bun", weight: 1, ephemeral: false, kinds: [] },
  stats: { shards: 0, loopLagMs: 0, memoryBytes: 0 },
});

const observed = (initStatus: AppStatus, part: Partial<AppObserved> = {}): AppObserved =>
  appReport({
    initStatus,
    packageDigest: "sha256:1",
    settingsHash: "abc",
    tornDown: initStatus !== "auto_enabled",
    ...part,
  });

/** A cluster as its parts show it, each of which the test may change. */
const cluster = () => {
  const rows = new Map<string, AppIntentRow>();
  const viewListeners = new Set<(id: string, row: AppIntentRow | undefined) => void>();
  const reports = new Map<string, RawReport>();
  const reportListeners = new Set<(nodeId: NodeId, unit: string) => void>();
  const state = {
    viewStale: false,
    away: false,
    boardStale: false,
    ready: true,
    viewAsOf: now,
    boardAsOf: now + 5,
  };
  let nodes: readonly NodeRecord[] = [record("web-2"), record("web-1")];
  const counts = { reads: 0 };
  const view: View<AppIntentRow> = {
    get: (id) => rows.get(id),
    entries: () => rows.entries(),
    get size() {
      return rows.size;
    },
    get ready() {
      return state.ready;
    },
    get stale() {
      return state.viewStale;
    },
    get asOf() {
      return state.viewAsOf;
    },
    version: () => undefined,
    onChange: (listener) => {
      viewListeners.add(listener);
      return () => viewListeners.delete(listener);
    },
  };
  const local = new LocalAppTable(silentLogger);
  const apps = createAppsService({
    nodeId: "web-1",
    view,
    local,
    nodes: () => nodes,
    away: () => state.away,
    actor: () => {
      throw new Error("nobody asks for the history here");
    },
    now: () => 0,
    reports: {
      row: (nodeId, unit) => {
        counts.reads += 1;
        return reports.get(`${nodeId} ${unit}`);
      },
      onChange: (listener) => {
        reportListeners.add(listener);
        return () => reportListeners.delete(listener);
      },
      get stale() {
        return state.boardStale;
      },
      get asOf() {
        return state.boardAsOf;
      },
    },
  });
  const put = (row: AppIntentRow): AppIntentRow => {
    rows.set(row.id, row);
    for (const listener of viewListeners) listener(row.id, row);
    return row;
  };
  return {
    apps,
    local,
    state,
    counts,
    put,
    remove: (id: string) => {
      rows.delete(id);
      for (const listener of viewListeners) listener(id, undefined);
    },
    setNodes: (...records: NodeRecord[]) => {
      nodes = records;
    },
    report: (
      nodeId: string,
      app: AppIntentRow,
      value: AppObserved | unknown,
      part: Partial<RawReport> & { readonly row?: Partial<RawReport["row"]> } = {},
    ) => {
      const unit = `app/${app.id}`;
      reports.set(`${nodeId} ${unit}`, {
        incarnation: `${nodeId}-run` as Incarnation,
        former: false,
        stale: false,
        ...part,
        row: {
          unit,
          intentId: app.intentId,
          observed: value,
          converged: true,
          attempts: 0,
          nextAttemptAt: 0,
          lastError: undefined,
          since: now - 60_000,
          reportedAt: now - 30_000,
          historyId: "h",
          ...part.row,
        },
      });
      for (const listener of reportListeners) listener(nodeId as NodeId, unit);
    },
  };
};

describe("rows", () => {
  test("there is one per app and node, by node id, with what the node reported", () => {
    const { apps, put, report } = cluster();
    const crm = put(intent({ generation: 4, intentId: "i4" }));
    report(
      "web-2",
      crm,
      observed("error_disabled", {
        observedGeneration: 4,
        reason: { code: "hook_failed", message: "enable: boom" },
      }),
      {
        row: { attempts: 3, nextAttemptAt: now + 4_000, lastError: "enable: boom" } as never,
      },
    );
    report("web-1", crm, observed("auto_enabled", { observedGeneration: 4 }));
    const { items } = apps.rows("crm-sync");
    expect(items.map(({ nodeId }) => nodeId as string)).toEqual(["web-1", "web-2"]);
    expect(items[0]).toMatchObject({ isLocal: true, converged: true, initStatus: "auto_enabled" });
    expect(items[1]).toEqual({
      appId: "crm-sync",
      nodeId: "web-2" as NodeId,
      incarnation: "web-2-run" as Incarnation,
      nodeState: "up",
      isLocal: false,
      desiredStatus: "enabled",
      generation: 4,
      intentId: "i4",
      initStatus: "error_disabled",
      reason: { code: "hook_failed", message: "enable: boom" },
      observedGeneration: 4,
      observedIntentId: "i4",
      version: "1.0.0",
      packageDigest: "sha256:1",
      settingsHash: "abc",
      runtime: "bun 1.4.5",
      converged: false,
      attempts: 3,
      nextAttemptAt: isoInstant(now + 4_000),
      lastError: "enable: boom",
      since: isoInstant(now - 60_000),
      reportedAt: isoInstant(now - 30_000),
      stale: false,
    });
  });

  test("a node that never reported is unknown, and says why", () => {
    const { apps, put } = cluster();
    put(intent());
    expect(apps.rows("crm-sync").items[0]).toMatchObject({
      initStatus: "unknown",
      reason: { code: "not_reported" },
      incarnation: null,
      observedIntentId: null,
      reportedAt: null,
      converged: false,
      stale: false,
    });
  });

  test("a suspect or lost node keeps its last row, as stale; one that left has none", () => {
    const { apps, put, report, setNodes } = cluster();
    setNodes(
      record("web-1"),
      record("web-2", "suspect"),
      record("web-3", "lost"),
      record("web-4", "left"),
    );
    const crm = put(intent());
    for (const id of ["web-2", "web-3", "web-4"]) report(id, crm, observed("auto_enabled"));
    expect(
      apps
        .rows("crm-sync")
        .items.map(({ nodeId, nodeState, initStatus, stale }) => [
          nodeId as string,
          nodeState,
          initStatus,
          stale,
        ]),
    ).toEqual([
      ["web-1", "up", "unknown", false],
      ["web-2", "suspect", "auto_enabled", true],
      ["web-3", "lost", "auto_enabled", true],
    ]);
  });

  test("a row of an earlier run is shown as stale and converges nothing", () => {
    const { apps, put, report } = cluster();
    const crm = put(intent());
    report("web-1", crm, observed("auto_enabled"), {
      incarnation: "an-earlier-run" as Incarnation,
      former: true,
      stale: true,
    });
    expect(apps.rows("crm-sync").items[0]).toMatchObject({
      initStatus: "auto_enabled",
      incarnation: "an-earlier-run",
      converged: false,
      stale: true,
    });
  });

  test("a row that makes no sense here spoils only itself", () => {
    const { apps, put, report } = cluster();
    const crm = put(intent());
    report("web-1", crm, { initStatus: "levitating" });
    report("web-2", crm, observed("auto_enabled"));
    expect(apps.rows("crm-sync").items).toMatchObject([
      { initStatus: "unknown", reason: { code: "unreadable" }, converged: false },
      { initStatus: "auto_enabled", converged: true },
    ]);
  });

  test("of an app that is not there throw APP_NOT_FOUND with a hint", () => {
    const { apps } = cluster();
    for (const read of [() => apps.rows("nope"), () => apps.get("nope")]) {
      try {
        read();
        throw new Error("did not throw");
      } catch (error) {
        if (!isMusterError(error, "APP_NOT_FOUND")) throw error;
        expect(error.message).toContain('"nope"');
        expect(error.hint).toBeString();
      }
    }
  });
});

describe("report", () => {
  test("is exactly app to instance, desired and init status, by instance id", () => {
    const { apps, put, report } = cluster();
    const crm = put(intent());
    const mailer = put(intent({ id: "mailer", desiredStatus: "disabled" }));
    report("web-2", crm, observed("auto_enabled"));
    report("web-1", mailer, observed("manually_disabled"));
    expect(apps.report()).toEqual({
      "crm-sync": [
        { instanceId: "web-1", desiredStatus: "enabled", initStatus: "unknown" },
        { instanceId: "web-2", desiredStatus: "enabled", initStatus: "auto_enabled" },
      ],
      mailer: [
        { instanceId: "web-1", desiredStatus: "disabled", initStatus: "manually_disabled" },
        { instanceId: "web-2", desiredStatus: "disabled", initStatus: "unknown" },
      ],
    });
  });

  test("holds an app that is called constructor", () => {
    const { apps, put } = cluster();
    put(intent({ id: "constructor" }));
    expect(Object.keys(apps.report())).toEqual(["constructor"]);
    expect(apps.report()["constructor"]).toHaveLength(2);
  });
});

describe("list", () => {
  const three = () => {
    const parts = cluster();
    const crm = parts.put(intent());
    const broken = parts.put(intent({ id: "broken-build" }));
    const mailer = parts.put(
      intent({ id: "mailer", desiredStatus: "disabled", by: "rosa", reason: "quiet" }),
    );
    for (const id of ["web-1", "web-2"]) {
      parts.report(id, crm, observed("auto_enabled"));
      parts.report(id, mailer, observed("manually_disabled"));
    }
    parts.report("web-1", broken, observed("auto_enabled"));
    parts.report(
      "web-2",
      broken,
      observed("compiler_error_disabled", { reason: { code: "compile_error", message: "x" } }),
    );
    return { ...parts, crm, broken, mailer };
  };
  const ids = (listing: { items: readonly { id: string }[] }) => listing.items.map(({ id }) => id);

  test("is sorted by id and sums up each app", () => {
    const { apps } = three();
    expect(apps.list().items).toEqual([
      {
        id: "broken-build",
        version: "1.0.0",
        desiredStatus: "enabled",
        generation: 1,
        intentId: "i1",
        management: "enforce",
        settingsHash: settingsHash({}),
        hasLicence: false,
        converged: false,
        drifted: 1,
        changedBy: "ops",
        changedAt: isoInstant(now),
        reason: "first use",
      },
      expect.objectContaining({ id: "crm-sync", converged: true, drifted: 0 }),
      expect.objectContaining({
        id: "mailer",
        converged: true,
        changedBy: "rosa",
        reason: "quiet",
      }),
    ]);
  });

  test.each([
    [{ desired: "disabled" }, ["mailer"]],
    [{ initStatus: "auto_enabled" }, ["broken-build", "crm-sync"]],
    [{ initStatus: "auto_enabled", node: "web-2" }, ["crm-sync"]],
    [{ reason: "compile_error" }, ["broken-build"]],
    [{ reason: "compile_error", node: "web-1" }, []],
    [{ drifted: true }, ["broken-build"]],
    [{ drifted: false }, ["crm-sync", "mailer"]],
    [{ drifted: true, node: "web-1" }, []],
    [{ drifted: true, node: "web-2" }, ["broken-build"]],
    [{ node: "web-9" }, []],
    [{ q: "M" }, ["crm-sync", "mailer"]],
    [{ q: "m", desired: "enabled" }, ["crm-sync"]],
    [{ initStatus: "initialized" }, []],
  ])("filters by %p", (filter, expected) => {
    expect(ids(three().apps.list(filter))).toEqual(expected);
  });

  test("holds rows only where they are asked for, of the node asked for", () => {
    const { apps } = three();
    expect(apps.list().items[0]).not.toHaveProperty("nodes");
    expect(apps.list({ withNodes: true }).items[0]?.nodes).toHaveLength(2);
    const [one] = apps.list({ withNodes: true, node: "web-2" }).items;
    expect(one?.nodes?.map(({ nodeId }) => nodeId as string)).toEqual(["web-2"]);
    expect(apps.get("mailer").nodes).toHaveLength(2);
  });

  test("follows every change of intent, report and nodes", () => {
    const { apps, put, remove, report, setNodes, broken, crm } = three();
    apps.list();
    put({ ...crm, reason: "said better" });
    expect(apps.list({ q: "crm" }).items[0]?.reason).toBe("said better");
    report("web-2", broken, observed("auto_enabled"));
    expect(ids(apps.list({ drifted: true }))).toEqual([]);
    put({ ...crm, desiredStatus: "disabled", intentId: "i2", generation: 2 });
    expect(ids(apps.list({ drifted: true }))).toEqual(["crm-sync"]);
    setNodes(record("web-1", "up", "restarted"));
    expect(ids(apps.list({ drifted: true }))).toEqual(["broken-build", "crm-sync", "mailer"]);
    setNodes(record("web-1", "lost"));
    expect(ids(apps.list({ drifted: true }))).toEqual([]);
    remove("mailer");
    put(intent({ id: "aardvark" }));
    expect(ids(apps.list())).toEqual(["aardvark", "broken-build", "crm-sync"]);
  });

  test("says as of when, and when it may be out of date", () => {
    const { apps, state } = three();
    expect(apps.list()).toMatchObject({ asOf: isoInstant(now), stale: false });
    state.boardAsOf = now - 9_000;
    state.boardStale = true;
    expect(apps.list()).toMatchObject({ asOf: isoInstant(now - 9_000), stale: true });
    state.boardStale = false;
    state.ready = false;
    expect(apps.rows("mailer").stale).toBe(true);
  });

  test("shows all as stale at once when the backend is away", () => {
    const { apps, state } = three();
    state.away = true;
    expect([apps.list().stale, apps.rows("mailer").stale]).toEqual([true, true]);
    state.away = false;
    expect(apps.list().stale).toBe(false);
  });

  test("reads nothing twice for ten thousand apps, and after a change only what changed", () => {
    const { apps, put, report, counts } = cluster();
    const rows = Array.from({ length: 10_000 }, (_, n) => put(intent({ id: `app-${n}` })));
    for (const row of rows) report("web-1", row, observed("auto_enabled"));
    expect(apps.list().items).toHaveLength(10_000);
    const first = counts.reads;
    apps.list();
    apps.list({ drifted: true, q: "9" });
    apps.summary();
    // The sentences look at the few apps they name.
    expect(counts.reads - first).toBeLessThan(100);
    const before = counts.reads;
    const [row] = rows;
    if (!row) throw new Error("no rows");
    report("web-2", row, observed("auto_enabled"));
    apps.list();
    expect(counts.reads - before).toBe(2);
  });
});

describe("a page of the list", () => {
  const listed = (filter: AppFilter) => {
    const { apps, put, report } = cluster();
    for (const id of ["e", "a", "d", "b", "c"]) {
      const row = put(intent({ id }));
      if (id < "c")
        for (const node of ["web-1", "web-2"]) report(node, row, observed("auto_enabled"));
    }
    return apps.list(filter).items.map(({ id }) => id);
  };

  test.each([
    [{ limit: 2 }, ["a", "b"]],
    [{ limit: 0 }, []],
    [{ limit: 9 }, ["a", "b", "c", "d", "e"]],
    [{ after: "b" }, ["c", "d", "e"]],
    [{ after: "b", limit: 1 }, ["c"]],
    [{ after: "bb", limit: 2 }, ["c", "d"]],
    [{ after: "" }, ["a", "b", "c", "d", "e"]],
    [{ after: "e" }, []],
    [{ after: "a", limit: 2, drifted: true }, ["c", "d"]],
  ] as const)("%j", (filter, wanted) => {
    expect(listed(filter)).toEqual([...wanted]);
  });

  test("looks only at its own apps", () => {
    const { apps, put, counts } = cluster();
    for (let n = 0; n < 1_000; n++) put(intent({ id: `app-${n}` }));
    const first = counts.reads;
    expect(apps.list({ after: "app-5", limit: 3, withNodes: true }).items).toHaveLength(3);
    // Once for the tally and once for the rows, of each of the two nodes.
    expect(counts.reads - first).toBe(12);
  });
});

describe("summary", () => {
  test("follows apps that come, drift, come back and go", () => {
    const { apps, put, remove, report, setNodes } = cluster();
    const counts = () => apps.summary().counts;
    const agree = (row: AppIntentRow) => {
      for (const node of ["web-1", "web-2"]) report(node, row, observed("auto_enabled"));
    };
    agree(put(intent({ id: "mailer" })));
    const row = put(intent({ id: "sync" }));
    expect(counts()).toEqual({ total: 2, converged: 1, drifted: 1, terminal: 0 });
    report(
      "web-1",
      row,
      observed("compiler_error_disabled", { reason: { code: "compile_error", message: "x" } }),
    );
    expect(counts()).toEqual({ total: 2, converged: 1, drifted: 1, terminal: 1 });
    agree(row);
    expect(counts()).toEqual({ total: 2, converged: 2, drifted: 0, terminal: 0 });
    setNodes(record("web-1", "up", "another-run"), record("web-2"));
    expect(counts()).toEqual({ total: 2, converged: 0, drifted: 2, terminal: 0 });
    remove("sync");
    expect(counts()).toEqual({ total: 1, converged: 0, drifted: 1, terminal: 0 });
  });

  test("counts apps that converged, drifted and cannot heal", () => {
    const { apps, put, report } = cluster();
    const [ok, drifting, broken] = ["a-ok", "b-drifting", "c-broken"].map((id) =>
      put(intent({ id })),
    );
    if (!ok || !drifting || !broken) throw new Error("no rows");
    for (const id of ["web-1", "web-2"]) report(id, ok, observed("auto_enabled"));
    report("web-1", drifting, observed("auto_enabled"));
    report(
      "web-1",
      broken,
      observed("compiler_error_disabled", { reason: { code: "compile_error", message: "x" } }),
    );
    expect(apps.summary()).toEqual({
      counts: { total: 3, converged: 1, drifted: 2, terminal: 1 },
      sentences: [
        "app c-broken should be enabled, and 2 of 2 nodes do not agree: web-1 is compiler_error_disabled (compile_error), web-2 is unknown (not_reported); no retry will mend it",
        "app b-drifting should be enabled, and 1 of 2 nodes does not agree: web-2 is unknown (not_reported)",
      ],
    });
  });

  test("names ten apps at most", () => {
    const { apps, put } = cluster();
    for (let n = 0; n < 14; n++) put(intent({ id: `app-${n}` }));
    const { sentences } = apps.summary();
    expect(sentences).toHaveLength(11);
    expect(sentences.at(-1)).toBe("4 more apps are not as they should be");
  });
});

describe("this node", () => {
  test("answers synchronously what it has, and tells of changes", () => {
    const { apps, put, local } = cluster();
    const told: unknown[] = [];
    const end = apps.onLocalChange((app) => told.push([app.appId, app.enabled]));
    expect(apps.local("crm-sync")).toBeUndefined();
    put(intent());
    expect(apps.local("crm-sync")).toMatchObject({
      enabled: false,
      initStatus: "unknown",
      reason: { code: "not_reported" },
    });
    local.set("crm-sync", observed("auto_enabled"));
    expect(apps.local("crm-sync")).toEqual({
      appId: "crm-sync",
      enabled: true,
      initStatus: "auto_enabled",
      reason: null,
    });
    local.set("crm-sync", observed("manually_disabled"));
    local.delete("crm-sync");
    end();
    local.set("crm-sync", observed("auto_enabled"));
    expect(told).toEqual([
      ["crm-sync", true],
      ["crm-sync", false],
      ["crm-sync", false],
    ]);
  });
});

describe("a node without an app host", () => {
  test("has nothing to agree on, and says so", () => {
    const { apps, put, report, setNodes } = cluster();
    const app = put(intent());
    const worker = record("web-2");
    setNodes(record("web-1"), { ...worker, info: { ...worker.info, replicas: [] } });
    report("web-1", app, observed("auto_enabled"));
    expect(apps.get(app.id)).toMatchObject({ converged: true, drifted: 0 });
    expect(apps.rows(app.id).items[1]).toMatchObject({
      nodeId: "web-2",
      initStatus: "unknown",
      reason: { code: "no_host" },
      converged: true,
    });
  });
});
