import { describe, expect, test } from "bun:test";
import type { BackendFinding } from "@muster/core/ports";
import { judgeCluster, mergeFindings, type PrimaryFacts } from "./judge-cluster.ts";

const fine: PrimaryFacts = {
  name: "a:1",
  info: { connected_slaves: "1", min_slaves_good_slaves: "1" },
  fullCoverage: "no",
};
const b = { ...fine, name: "b:1" };
const codes = (primaries: readonly PrimaryFacts[], uncovered = 0) =>
  judgeCluster({ primaries, uncovered }).map(({ level, code }) => `${level} ${code}`);

describe("judging a Cluster", () => {
  test("one whose primaries have replicas that must keep up is fine", () => {
    expect(codes([fine, b])).toEqual([]);
  });
  test("settings that may not be read are not held against it", () => {
    expect(codes([{ ...fine, fullCoverage: "unknown" }])).toEqual([]);
  });
  test("a primary without a replica is warned of, and not asked to wait for one", () => {
    expect(codes([fine, { ...b, info: { connected_slaves: "0" } }])).toEqual(["warn NO_REPLICA"]);
  });
  test("a primary that writes on without its replicas is warned of", () => {
    expect(codes([fine, { ...b, info: { connected_slaves: "1" } }])).toEqual(["warn MIN_REPLICAS"]);
  });
  test("one that stops as a whole for a part is warned of", () => {
    expect(codes([{ ...fine, fullCoverage: "yes" }, b])).toEqual(["warn FULL_COVERAGE"]);
  });
  test("slots that nobody serves are a standing alert", () => {
    expect(codes([fine], 3)).toEqual(["alert SLOTS_UNCOVERED"]);
  });
  test("every finding names servers or slots, and a remedy", () => {
    const bad = { name: "a:1", info: {}, fullCoverage: "yes" };
    const other = { name: "b:1", info: { connected_slaves: "1" }, fullCoverage: "no" };
    const findings = judgeCluster({ primaries: [bad, other], uncovered: 7 });
    expect(findings).toHaveLength(4);
    for (const { message, remedy } of findings) {
      expect(message).toMatch(/a:1|b:1|7 slots/);
      expect(remedy).toMatch(/redis-cli|CONFIG SET/);
    }
  });
});

const finding = (code: string): BackendFinding => ({
  level: "warn",
  code,
  message: `${code} is so.`,
  remedy: "Change it.",
});

test("a finding of all servers is told once, one of some names them", () => {
  const merged = mergeFindings([
    { name: "a", findings: [finding("ALL"), finding("SOME")] },
    { name: "b", findings: [finding("ALL")] },
    { name: "c", findings: [finding("ALL"), finding("SOME")] },
  ]);
  expect(merged.map(({ message }) => message)).toEqual(["ALL is so.", "SOME is so. (at a, c)"]);
});
