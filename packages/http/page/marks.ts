/**
 * What stands for a status: a shape and a tone, so that nothing is told by colour alone. Pure.
 */
import type { AppStatus, NodeState, Verdict } from "@muster/core";

export type Shape = "on" | "off" | "moving" | "alarm" | "blocked" | "gone" | "unknown";
export type Tone = "good" | "quiet" | "warn" | "bad";
export interface Mark {
  readonly shape: Shape;
  readonly tone: Tone;
}

const mark = (shape: Shape, tone: Tone): Mark => ({ shape, tone });

const ofStatus: Readonly<Record<AppStatus, Mark>> = {
  unknown: mark("unknown", "quiet"),
  constructed: mark("moving", "quiet"),
  initialized: mark("moving", "quiet"),
  auto_enabled: mark("on", "good"),
  manually_enabled: mark("on", "good"),
  compiler_error_disabled: mark("alarm", "bad"),
  invalid_license_disabled: mark("blocked", "bad"),
  invalid_installation_disabled: mark("blocked", "bad"),
  error_disabled: mark("alarm", "bad"),
  manually_disabled: mark("off", "quiet"),
  invalid_settings_disabled: mark("blocked", "bad"),
  disabled: mark("off", "quiet"),
};

const ofState: Readonly<Record<NodeState, Mark>> = {
  joining: mark("moving", "quiet"),
  up: mark("on", "good"),
  draining: mark("moving", "warn"),
  suspect: mark("alarm", "warn"),
  lost: mark("gone", "bad"),
  left: mark("off", "quiet"),
};

const ofVerdict: Readonly<Record<Verdict, Mark>> = {
  healthy: mark("on", "good"),
  degraded: mark("alarm", "warn"),
  down: mark("gone", "bad"),
  unknown: mark("unknown", "quiet"),
};

const nothingKnown = mark("unknown", "quiet");

/** A value this page does not know yet is shown as unknown, with its own words beside it. */
const look = <K extends string>(table: Readonly<Record<K, Mark>>, key: string): Mark =>
  Object.hasOwn(table, key) ? table[key as K] : nothingKnown;

export const markOfStatus = (status: string): Mark => look(ofStatus, status);
export const markOfState = (state: string): Mark => look(ofState, state);
export const markOfVerdict = (verdict: string): Mark => look(ofVerdict, verdict);
export const markOfDesired = (desired: string): Mark =>
  desired === "enabled" ? mark("on", "good") : mark("off", "quiet");
