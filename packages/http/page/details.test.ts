import { expect, test } from "bun:test";
import { detailsOfIntent, detailsOfRow } from "./details.ts";
import { appWith, at, now, rowWith } from "./page-kit.test.ts";

const factsOf = (row: Parameters<typeof detailsOfRow>[0]) =>
  Object.fromEntries(detailsOfRow(row, now).facts);

test("a node that has done what is wanted tells no more than what it has", () => {
  expect(detailsOfRow(rowWith(), now)).toEqual({
    title: "crm-sync on web-2",
    facts: [
      ["Status", "auto enabled"],
      ["As wanted", "yes"],
      ["Version", "1.4.0"],
      ["Build", "0123456789ab"],
      ["Runtime", "bun 1.4.5"],
      ["Since", "1 min ago"],
      ["Reported", "3 s ago"],
    ],
  });
});

test("a failing node tells reason, attempts, the next attempt and the last error", () => {
  const facts = factsOf(
    rowWith({
      converged: false,
      initStatus: "error_disabled",
      reason: { code: "hook_failed", message: "onEnable threw" },
      attempts: 3,
      nextAttemptAt: at(4_200),
      lastError: "connect ECONNREFUSED",
    }),
  );
  expect(facts).toMatchObject({
    Reason: "onEnable threw (hook_failed)",
    Attempts: "3",
    "Next attempt": "in 5 s",
    "Last error": "connect ECONNREFUSED",
    "As wanted": "no: it has acted on generation 4, and this is what came of it",
  });
});

test("a failure that is not retried says that none is planned", () => {
  const facts = factsOf(rowWith({ converged: false, initStatus: "compiler_error_disabled" }));
  expect(facts["Next attempt"]).toBe("none is planned");
});

test("the same sentence is not told twice", () => {
  const reason = { code: "hook_failed", message: "no route to host" };
  const facts = factsOf(rowWith({ converged: false, reason, lastError: reason.message }));
  expect(facts).toMatchObject({ Reason: "hook_failed", "Last error": "no route to host" });
});

test("a node that lags behind says which generation it has acted on", () => {
  const behind = rowWith({
    converged: false,
    observedGeneration: 3,
    observedIntentId: "intent-3",
  });
  expect(factsOf(behind)["As wanted"]).toBe("no: it has acted on generation 3 of 4");
  const never = rowWith({ converged: false, observedGeneration: null, observedIntentId: null });
  expect(factsOf(never)["As wanted"]).toBe("no: it has not acted on any generation yet");
});

test("a stale row says why it is one", () => {
  const facts = factsOf(rowWith({ stale: true, nodeState: "lost" }));
  expect(facts["Stale"]).toBe("yes: the node is lost, this is what it said last");
});

test("an intent tells who, why and when", () => {
  const { title, facts } = detailsOfIntent(appWith({ converged: false, drifted: 1 }), now);
  expect(title).toBe("crm-sync is to be enabled");
  expect(Object.fromEntries(facts)).toEqual({
    "Changed by": "ops",
    Because: "first use",
    When: "2 min ago",
    Generation: "4",
    Version: "1.4.0",
    Nodes: "1 node has not",
  });
});
