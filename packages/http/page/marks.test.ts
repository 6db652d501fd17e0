import { expect, test } from "bun:test";
import { AppStatus, isDisabled, isEnabled, isError } from "@muster/core";
import { markOfDesired, markOfState, markOfStatus, markOfVerdict } from "./marks.ts";

const statuses = Object.values(AppStatus);

test("a shape tells enabled, disabled, failed and on its way apart without its colour", () => {
  const shapesOf = (chosen: readonly AppStatus[]) =>
    new Set(chosen.map((status) => markOfStatus(status).shape));
  const enabled = shapesOf(statuses.filter(isEnabled));
  const failed = shapesOf(statuses.filter(isError));
  const off = shapesOf(statuses.filter((status) => isDisabled(status) && !isError(status)));
  const rest = shapesOf(statuses.filter((status) => !isDisabled(status) && !isEnabled(status)));
  expect(enabled).toEqual(new Set(["on"]));
  expect(off).toEqual(new Set(["off"]));
  expect(failed).toEqual(new Set(["alarm", "blocked"]));
  expect(rest).toEqual(new Set(["unknown", "moving"]));
});

test("only what runs is good, and every failure is bad", () => {
  for (const status of statuses) {
    const { tone } = markOfStatus(status);
    expect([status, tone]).toEqual([
      status,
      isEnabled(status) ? "good" : isError(status) ? "bad" : "quiet",
    ]);
  }
});

test("nodes and verdicts that are well look like nothing else", () => {
  const good = { shape: "on", tone: "good" } as const;
  expect([markOfState("up"), markOfVerdict("healthy"), markOfDesired("enabled")]).toEqual([
    ...[good, good, good],
  ]);
  for (const state of ["joining", "draining", "suspect", "lost", "left"]) {
    expect(markOfState(state)).not.toEqual(good);
  }
  for (const verdict of ["degraded", "down", "unknown"]) {
    expect(markOfVerdict(verdict)).not.toEqual(good);
  }
});

test("a value that this page does not know is shown as unknown", () => {
  const unknown = { shape: "unknown", tone: "quiet" } as const;
  for (const value of ["", "brand_new_status", "__proto__", "constructor"]) {
    expect(markOfStatus(value)).toEqual(unknown);
    expect(markOfState(value)).toEqual(unknown);
    expect(markOfVerdict(value)).toEqual(unknown);
  }
});
