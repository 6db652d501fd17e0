import { describe, expect, test } from "bun:test";
import type { NodeId } from "../../model/ids.ts";
import type { NodeRecord } from "../../model/node-record.ts";
import { intent } from "../app-kit.test.ts";
import { nodesPass } from "../filter.ts";
import { appRow } from "../rows.ts";

const node = { id: "web-1" as NodeId, state: "up", info: {} } as NodeRecord;
const migrated = { initStatus: "invalid_license_disabled", intentId: "i1" } as const;
const shown = (part: Parameters<typeof intent>[0]) => {
  const { converged, initStatus, reason } = appRow(
    intent(part),
    node,
    { kind: "nothing" },
    "web-2",
  );
  return [initStatus, reason?.code, converged];
};

describe("a node that has not reported a migrated app", () => {
  test("is shown with the status of the record, and has not converged", () => {
    expect(shown({ migrated })).toEqual(["invalid_license_disabled", "not_reported", false]);
  });

  test("is found by that status", () => {
    const said = () => ({ kind: "nothing" }) as const;
    const found = (initStatus: string) =>
      nodesPass([node], intent({ migrated }), said, { initStatus });
    expect([found("invalid_license_disabled"), found("unknown")]).toEqual([true, false]);
  });

  test("is shown as unknown once intent has changed", () => {
    expect(shown({ migrated, intentId: "i2" })).toEqual(["unknown", "not_reported", false]);
    expect(shown({})).toEqual(["unknown", "not_reported", false]);
  });
});
