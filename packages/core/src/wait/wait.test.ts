import { describe, expect, test } from "bun:test";
import { app, failed, row } from "../apps/app-row-kit.test.ts";
import type { AppRow, AppSummary } from "../apps/model.ts";
import { isMusterError, MusterError } from "../errors.ts";
import type { ClusterStatus, NodeView } from "../services.ts";
import { VirtualClock } from "../testing/virtual-clock.ts";
import { conditionText, parseCondition, type WaitCondition } from "./condition.ts";
import { judgeCondition } from "./judge-condition.ts";
import { createWait, type WaitOptions } from "./wait.ts";

const world = () => {
  const clock = new VirtualClock();
  const listeners = new Set<() => void>();
  const seen = {
    verdict: "healthy" as ClusterStatus["verdict"],
    reasons: [] as string[],
    deadLetters: { unresolved: 0, parked: 0 },
    nodes: [] as Partial<NodeView>[],
    app: { ...app(), nodes: [row("web-1")] } as
      | (AppSummary & { nodes: readonly AppRow[] })
      | undefined,
    stale: false,
    ended: undefined as MusterError | undefined,
  };
  const facts = {
    status: () =>
      ({
        verdict: seen.verdict,
        reasons: seen.reasons,
        deadLetters: seen.deadLetters,
      }) as unknown as ClusterStatus,
    nodes: () => seen.nodes as NodeView[],
    app: () => seen.app,
    drifted: () => (seen.app?.nodes.some(({ converged }) => !converged) ? [seen.app] : []),
  };
  const wait = createWait({
    clock,
    facts,
    stale: () => seen.stale,
    ended: () => seen.ended,
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  });
  const judge = (text: string, generation?: number) => {
    const condition = parseCondition(text);
    return judgeCondition(
      condition.kind === "app" && generation !== undefined
        ? { ...condition, generation }
        : condition,
      facts,
    );
  };
  /** What a wait comes to, without waiting for it. */
  const begin = (condition: string | WaitCondition, options?: WaitOptions) => {
    const state: { ended?: unknown } = {};
    wait(condition, options).then(
      (answer) => {
        state.ended = answer;
      },
      (error) => {
        state.ended = isMusterError(error) ? error.code : error;
      },
    );
    return state;
  };
  const tell = () => {
    for (const listener of [...listeners]) listener();
  };
  return { clock, seen, wait, judge, begin, tell, listeners };
};

describe("a condition", () => {
  test.each([
    "healthy",
    "nodes=3",
    "app/crm=converged",
    "app/a.b-c_1=gone",
    "drained=web-1",
    "drift=0",
    "dead-letters=0",
  ])("%s is read and written alike", (text) => {
    expect(conditionText(parseCondition(text))).toBe(text);
  });

  test.each([
    "",
    "nodes=0",
    "nodes=x",
    "app/=enabled",
    "app/CRM=enabled",
    "app/crm=on",
    "drift=1",
    "dead-letters=1",
    "drained=",
    "healthy=1",
    "app/crm",
    "=x",
  ])("%p is refused with the forms there are", (text) => {
    expect(() => parseCondition(text)).toThrow(/no condition/);
    try {
      parseCondition(text);
    } catch (error) {
      expect(error).toMatchObject({
        code: "VALIDATION",
        fieldErrors: { for: expect.stringContaining("app/ID=") },
      });
    }
  });
});

describe("an app", () => {
  const { seen, judge } = world();
  const set = (nodes: readonly AppRow[], part: Partial<AppSummary> = {}) => {
    seen.app = { ...app(part), nodes };
  };

  test("is converged when every live node is; lost ones are named apart", () => {
    set([row("web-1"), failed("web-2", { nodeState: "lost" })]);
    expect(judge("app/crm=converged")).toEqual({
      kind: "holds",
      generation: 3,
      notConfirmed: ["web-2"],
    });
  });

  test("waits for a suspect, a joining and a draining node", () => {
    set([
      failed("a", { nodeState: "suspect" }),
      failed("b", { nodeState: "joining" }),
      failed("c", { nodeState: "draining" }),
      failed("d", { nodeState: "left" }),
    ]);
    const judged = judge("app/crm=converged");
    expect(judged.kind === "waiting" && judged.blockers.map(({ nodeId }) => nodeId)).toEqual([
      "a",
      "b",
      "c",
    ]);
  });

  test("names what each blocking node has and why", () => {
    set([
      failed("web-2"),
      row("web-3", { converged: false, observedIntentId: "i2", observedGeneration: 2 }),
    ]);
    expect(judge("app/crm=converged")).toMatchObject({
      blockers: [
        {
          nodeId: "web-2",
          initStatus: "error_disabled",
          observedGeneration: 3,
          reason: { code: "hook_failed" },
        },
        {
          nodeId: "web-3",
          initStatus: "auto_enabled",
          observedGeneration: 2,
          reason: { code: "not_observed" },
        },
      ],
    });
  });

  test("cannot converge once a node failed for good on this very intent", () => {
    const broken = failed("web-2", { initStatus: "compiler_error_disabled" });
    set([row("web-1"), broken]);
    expect(judge("app/crm=converged")).toMatchObject({ kind: "impossible", code: "TERMINAL" });
    set([row("web-1"), { ...broken, observedIntentId: "i2" }]);
    expect(judge("app/crm=converged").kind).toBe("waiting");
  });

  test("is superseded by a newer intent, and waited for while this node is behind", () => {
    set([row("web-1")]);
    expect(judge("app/crm=converged", 2)).toMatchObject({ kind: "impossible", code: "SUPERSEDED" });
    expect(judge("app/crm=converged", 4)).toMatchObject({
      kind: "waiting",
      blockers: [{ reason: { code: "behind" } }],
    });
  });

  test("is not enabled while it is to be disabled, though all agree on that", () => {
    set([row("web-1", { desiredStatus: "disabled" })], { desiredStatus: "disabled" });
    expect(judge("app/crm=enabled")).toMatchObject({ blockers: [{ reason: { code: "intent" } }] });
    expect(judge("app/crm=disabled").kind).toBe("holds");
  });

  test("that is only observed is not waited for", () => {
    set([row("web-1")], { management: "observe" });
    expect(judge("app/crm=converged")).toMatchObject({ kind: "impossible", code: "OBSERVED" });
  });

  test("is gone when nobody knows it, and not installed when it is waited for otherwise", () => {
    seen.app = undefined;
    expect(judge("app/crm=gone").kind).toBe("holds");
    expect(judge("app/crm=converged")).toMatchObject({
      blockers: [{ reason: { code: "not_installed" } }],
    });
    set([row("web-1")]);
    expect(judge("app/crm=gone")).toMatchObject({ blockers: [{ reason: { code: "installed" } }] });
  });
});

describe("the cluster", () => {
  const { seen, judge } = world();

  test("is healthy by its verdict, else the reasons block", () => {
    expect(judge("healthy").kind).toBe("holds");
    Object.assign(seen, { verdict: "degraded", reasons: ["a", "b"] });
    expect(judge("healthy")).toMatchObject({ blockers: [{ reason: { message: "a" } }, {}] });
  });

  test("has so many nodes when they are up", () => {
    seen.nodes = [
      { id: "web-1", state: "up" },
      { id: "web-2", state: "suspect" },
    ];
    expect(judge("nodes=1").kind).toBe("holds");
    expect(judge("nodes=2")).toMatchObject({
      blockers: [{ reason: { code: "nodes_missing" } }, { nodeId: "web-2" }],
    });
  });

  test("a node is drained when it was asked to be and owns no shard", () => {
    const drained = (part: Partial<NodeView>) => {
      seen.nodes = [{ id: "web-1", state: "up", ...part }];
      const judged = judge("drained=web-1");
      return judged.kind === "waiting" ? judged.blockers[0]?.reason.code : judged.kind;
    };
    expect(drained({ cordoned: false, shards: 0 })).toBe("not_drained");
    expect(drained({ cordoned: true, shards: 2 })).toBe("owns_shards");
    expect(drained({ cordoned: true, shards: 0 })).toBe("holds");
    expect(judge("drained=web-9")).toMatchObject({ blockers: [{ reason: { code: "not_known" } }] });
  });

  test("has no drift when every row agrees", () => {
    expect(judge("drift=0").kind).toBe("holds");
    seen.app = { ...app(), nodes: [failed("web-1")] };
    expect(judge("drift=0")).toMatchObject({ blockers: [{ nodeId: "web-1", appId: "crm" }] });
  });
});

describe("dead letters", () => {
  const { seen, judge } = world();

  test("are none once each was replayed or resolved, and none waits for room", () => {
    expect(judge("dead-letters=0").kind).toBe("holds");
    seen.deadLetters = { unresolved: 2, parked: 1 };
    expect(judge("dead-letters=0")).toMatchObject({
      kind: "waiting",
      blockers: [
        { reason: { code: "unresolved", message: "2 dead letters are unresolved" } },
        { reason: { code: "parked", message: "1 dead letter is waiting for room" } },
      ],
    });
  });
});

describe("a wait", () => {
  test("ends at once when the condition holds, and leaves no listener", async () => {
    const { wait, listeners } = world();
    expect(await wait("app/crm=converged", { timeoutMs: 0 })).toEqual({
      satisfied: true,
      condition: "app/crm=converged",
      generation: 3,
      notConfirmed: [],
    });
    expect(listeners.size).toBe(0);
  });

  test("ends at the change that brings it about", async () => {
    const { clock, seen, begin, tell, listeners } = world();
    seen.app = { ...app(), nodes: [failed("web-1")] };
    const state = begin("app/crm=converged");
    await clock.runFor(100);
    expect(state.ended).toBeUndefined();
    seen.app = { ...app(), nodes: [row("web-1")] };
    tell();
    await clock.runFor(1);
    expect(state.ended).toMatchObject({ satisfied: true });
    expect(listeners.size).toBe(0);
  });

  test("finds out by itself what nobody tells", async () => {
    const { clock, seen, begin } = world();
    Object.assign(seen, { verdict: "degraded", reasons: ["x"] });
    const state = begin("healthy");
    await clock.runFor(100);
    seen.verdict = "healthy";
    await clock.runFor(600);
    expect(state.ended).toMatchObject({ satisfied: true });
  });

  test("ends with the blockers when time is up", async () => {
    const { clock, seen, wait } = world();
    seen.app = { ...app(), nodes: [failed("web-1"), failed("web-2", { nodeState: "lost" })] };
    const ended = wait("app/crm=converged", { timeoutMs: 2_000 }).catch((error) => error);
    await clock.runFor(2_100);
    expect(await ended).toMatchObject({
      code: "WAIT_TIMEOUT",
      retryable: true,
      blockers: [{ nodeId: "web-1" }],
      notConfirmed: ["web-2"],
      hint: expect.stringContaining("muster explain app/crm"),
    });
  });

  test("means the intent that stood when it began", async () => {
    const { clock, seen, begin, tell } = world();
    seen.app = { ...app(), nodes: [failed("web-1")] };
    const state = begin("app/crm=converged");
    await clock.runFor(10);
    seen.app = { ...app({ generation: 4, intentId: "i4" }), nodes: [row("web-1")] };
    tell();
    await clock.runFor(1);
    expect(state.ended).toBe("SUPERSEDED");
  });

  test("sees a node that joins meanwhile", async () => {
    const { clock, seen, begin, tell } = world();
    seen.app = { ...app(), nodes: [failed("web-1")] };
    const state = begin("app/crm=converged");
    await clock.runFor(10);
    seen.app = { ...app(), nodes: [row("web-1"), failed("web-9", { nodeState: "joining" })] };
    tell();
    await clock.runFor(10);
    expect(state.ended).toBeUndefined();
    seen.app = { ...app(), nodes: [row("web-1"), row("web-9")] };
    tell();
    await clock.runFor(1);
    expect(state.ended).toMatchObject({ satisfied: true });
  });

  test("concludes nothing from what may be out of date", async () => {
    const { clock, seen, begin, tell } = world();
    seen.stale = true;
    const state = begin("app/crm=converged");
    await clock.runFor(700);
    expect(state.ended).toBeUndefined();
    seen.stale = false;
    tell();
    await clock.runFor(1);
    expect(state.ended).toMatchObject({ satisfied: true });
  });

  test("ends when its caller gives up, and when the node is stopped", async () => {
    const { clock, seen, begin, tell } = world();
    seen.app = { ...app(), nodes: [failed("web-1")] };
    const caller = new AbortController();
    const left = begin("app/crm=converged", { signal: caller.signal });
    const stopped = begin("app/crm=converged");
    await clock.runFor(10);
    caller.abort();
    await clock.runFor(1);
    expect([left.ended, stopped.ended]).toEqual(["WAIT_TIMEOUT", undefined]);
    seen.ended = new MusterError("STOPPED", "stopped");
    tell();
    await clock.runFor(1);
    expect(stopped.ended).toBe("STOPPED");
  });

  test.each([-1, 3_600_001, Number.NaN])("refuses a time-out of %p", async (timeoutMs) => {
    const { wait } = world();
    expect(await wait("healthy", { timeoutMs }).catch((error) => error.code)).toBe("VALIDATION");
  });
});
