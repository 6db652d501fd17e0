import { expect, test } from "bun:test";
import type { NodeId } from "@muster/core";
import { failureWords } from "./change-dialog.ts";
import { columnsOf } from "./matrix.ts";
import { appWith, nodeWith, rowWith, statusWith } from "./page-kit.test.ts";
import { tilesOf } from "./summary.ts";

test("a column stands for each node, also for one that only a row knows of yet", () => {
  const columns = columnsOf({
    nodes: [nodeWith({ id: "web-3" }), nodeWith({ id: "web-1" })],
    apps: [appWith({ nodes: [rowWith({ nodeId: "web-2" as NodeId })] }), appWith({ id: "b" })],
  });
  expect(columns.map(({ id, node }) => [id, node?.id])).toEqual([
    ["web-1", "web-1"],
    ["web-2", undefined],
    ["web-3", "web-3"],
  ]);
});

test("the tiles of a well cluster name no trouble", () => {
  expect(tilesOf(statusWith()).map(({ text, sub }) => `${text} | ${sub}`)).toEqual([
    "3 of 3 up | none missing",
    "2 of 2 converged | no drift",
    "64 of 64 owned | all have an owner",
    "connected | redis, primary, 0.4 ms",
  ]);
});

test("the tiles of a sick cluster name all of it", () => {
  const sick = statusWith({
    nodes: { joining: 0, up: 1, draining: 1, suspect: 1, lost: 2 },
    apps: { total: 5, converged: 2, drifted: 3, terminal: 1 },
    shards: { total: 64, owned: 60, unowned: 4 },
    deadLetters: { unresolved: 7, parked: 2 },
    redis: { mode: "redis", role: "primary", state: "connecting", findings: [] },
  });
  expect(tilesOf(sick).map(({ text, sub }) => `${text} | ${sub}`)).toEqual([
    "1 of 5 up | 1 draining, 1 suspect, 2 lost",
    "2 of 5 converged | 3 drifted, 1 terminal",
    "60 of 64 owned | 4 unowned",
    "7 unresolved | 2 wait for room",
    "connecting | redis, primary",
  ]);
});

test("a change that failed tells what happened, what is known of it and what to do", () => {
  expect(
    failureWords({
      kind: "problem",
      problem: {
        status: 503,
        code: "BACKEND_UNAVAILABLE",
        title: "The backend cannot be reached",
        detail: "The backend did not answer.",
        hint: "Repeat it when the backend is back.",
        outcome: "unknown",
        retryAfterMs: 1_000,
        requestId: "r-1",
      },
    }),
  ).toEqual({
    title: "The backend cannot be reached",
    text: "The backend did not answer. Repeat it when the backend is back. Whether the change was made is not known. Sending it again is safe. Try again in 1 s. (request r-1)",
  });
  expect(failureWords({ kind: "silent" }).text).toContain("Sending it again is safe");
});
