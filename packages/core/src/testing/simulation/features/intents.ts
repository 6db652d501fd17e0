/**
 * What administrators asked for, compared with every intent that is written: each must be one that
 * was asked for, once, by whom and as it says (I11, I3).
 */

import { byItself } from "../../../apps/change-intent.ts";
import type { AppChangeKind, AppIntentRow, AppState } from "../../../apps/intent.ts";
import type { World } from "../feature.ts";

/** One request for a change; its reason names it. */
export interface Request {
  readonly app: string;
  /** What history may say that it was. */
  readonly changes: readonly AppChangeKind[];
  /** `as-it-is`: the request leaves desired status alone. */
  readonly desired: AppIntentRow["desiredStatus"] | "as-it-is";
  readonly by: string;
  fate: "open" | "changed" | "unchanged" | "not-applied" | "unknown";
  isExcused: boolean;
}

type Entry = AppState["history"]["entries"][number];

/** What follows by itself from something that was asked for: no new intent, no other desired status. */
const ownSteps: ReadonlySet<AppChangeKind> = new Set([
  "promoted",
  "halted",
  "purged",
  "pause_ended",
  "acknowledgement_ended",
]);
/** Noted without a new intent. */
const notes: ReadonlySet<AppChangeKind> = new Set([
  ...ownSteps,
  "paused",
  "resumed",
  "drift_acknowledged",
]);
const setsDesired: ReadonlySet<AppChangeKind> = new Set([
  "installed",
  "enabled",
  "disabled",
  "uninstalled",
]);

/** What no step may change under one identity of an intent; a purge takes the secrets away. */
const wantedBy = (row: AppIntentRow): string => {
  const { by, desiredIntentId, desiredStatus, generation, installId, ref, version } = row;
  const inputs = row.uninstall?.phase === "purged" ? null : [row.settings, row.licence];
  const who = [by, row.reason, row.at];
  return JSON.stringify([
    desiredStatus,
    desiredIntentId,
    generation,
    installId,
    version,
    ref,
    who,
    inputs,
  ]);
};

/** How much of a history was seen. */
const lengthOf = ({ history }: AppState): number => history.dropped + history.entries.length;

export class Intents {
  readonly #world: World;
  readonly #requests = new Map<string, Request>();
  /** Reason to the intent it brought about. */
  readonly #written = new Map<string, string>();
  /** Reasons that were ever written, lost ones among them. */
  readonly #everWritten = new Set<string>();
  readonly #last = new Map<string, AppIntentRow>();
  /** Entries of a history that were seen, by app. */
  readonly #seen = new Map<string, number>();

  constructor(world: World) {
    this.#world = world;
  }

  ask(reason: string, request: Omit<Request, "fate" | "isExcused">): Request {
    const made: Request = { ...request, fate: "open", isExcused: false };
    this.#requests.set(reason, made);
    return made;
  }

  /** The request was answered. */
  answered(reason: string, request: Request, changed: boolean): void {
    request.fate = changed ? "changed" : "unchanged";
    if (!changed || request.isExcused || this.#written.has(reason)) return;
    this.#wrong("I2", `the change ${reason} was acknowledged and was never written`);
  }

  notApplied(reason: string, request: Request): void {
    request.fate = "not-applied";
    if (this.#written.has(reason)) {
      this.#wrong("I3", `the change ${reason} was said not to be applied, and was`);
    }
  }

  /** A commit has written the state of an app, which may hold several new intents. */
  written(id: string, state: AppState): void {
    const { intent, history } = state;
    if (!intent) return;
    const last = this.#last.get(id);
    const isPurge = intent.uninstall?.phase === "purged" && last?.uninstall?.phase !== "purged";
    if (last?.intentId === intent.intentId && !isPurge && wantedBy(last) !== wantedBy(intent)) {
      this.#wrong("I11", `an intent of ${id} was changed under its identity`);
    }
    this.#last.set(id, intent);
    const seen = this.#seen.get(id) ?? 0;
    this.#seen.set(id, lengthOf(state));
    let generation = last?.generation ?? 0;
    let desired = last?.desiredStatus;
    for (const [i, entry] of history.entries.entries()) {
      // After a loss it is not known how much of it was seen; what was seen is.
      const wasSeen = entry.by === byItself || this.#everWritten.has(entry.reason);
      const isOld =
        seen > 0 ? history.dropped + i < seen : entry.generation <= generation && wasSeen;
      if (isOld && last) continue;
      if (!notes.has(entry.change)) generation += 1;
      if (entry.generation !== generation) {
        this.#wrong("I11", `${id}: generation ${entry.generation} where ${generation} comes next`);
      }
      this.#check(id, entry);
      if (!setsDesired.has(entry.change) && entry.desiredStatus !== desired) {
        this.#wrong("I11", `${id}: "${entry.change}" has made it ${entry.desiredStatus}`);
      }
      desired = entry.desiredStatus;
    }
    if (generation !== intent.generation || intent.generation < (last?.generation ?? 0)) {
      this.#wrong("I11", `${id}: generation ${intent.generation}, ${generation} by its history`);
    }
    if (desired !== intent.desiredStatus) {
      this.#wrong("I11", `${id}: is to be ${intent.desiredStatus}, ${desired} by its history`);
    }
  }

  #check(id: string, { change, reason, by, desiredStatus, intentId }: Entry) {
    if (ownSteps.has(change) && by === byItself) return;
    const request = this.#requests.get(reason);
    const what = `intent "${reason}" of ${id}`;
    if (!request) {
      this.#wrong("I11", `${what}: ${desiredStatus} by ${by} was asked for by nobody`);
      return;
    }
    const isAsAsked =
      request.app === id &&
      request.by === by &&
      request.changes.includes(change) &&
      (request.desired === "as-it-is" || request.desired === desiredStatus);
    if (!isAsAsked) this.#wrong("I11", `${what} is not what was asked for`);
    if (request.fate === "not-applied") {
      this.#wrong("I3", `${what} was said not to be applied and came later`);
    }
    if (this.#written.has(reason)) this.#wrong("I3", `${what} was written twice`);
    this.#written.set(reason, intentId);
    this.#everWritten.add(reason);
  }

  /** A commit has written a list row of an app. */
  listed(id: string, row: unknown): void {
    if (JSON.stringify(row) !== JSON.stringify(this.#last.get(id))) {
      this.#wrong("I11", `the list row of ${id} is not its intent`);
    }
  }

  /** Data was lost: what is there now is where to go on from. */
  lost(stored: ReadonlyMap<string, unknown>): void {
    this.#last.clear();
    this.#seen.clear();
    this.#written.clear();
    for (const request of this.#requests.values()) request.isExcused = true;
    for (const [id, row] of stored) this.#last.set(id, row as AppIntentRow);
  }

  get count(): number {
    return this.#written.size;
  }

  #wrong(invariant: "I2" | "I3" | "I11", detail: string): void {
    this.#world.violations.add(invariant, detail);
  }
}
