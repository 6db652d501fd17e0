/**
 * What administrators asked for, compared with every intent that is written: each must be one that
 * was asked for, once, by whom and as it says (I11, I3).
 */
import type { AppIntentRow, AppState } from "../../../apps/intent.ts";
import type { World } from "../feature.ts";

/** One request for a change; its reason names it. */
export interface Request {
  readonly app: string;
  /** `as-it-is`: the request changes settings. */
  readonly desired: "enabled" | "disabled" | "as-it-is";
  readonly by: string;
  fate: "open" | "changed" | "unchanged" | "not-applied" | "unknown";
  isExcused: boolean;
}

export class Intents {
  readonly #world: World;
  readonly #requests = new Map<string, Request>();
  /** Reason to the intent it brought about. */
  readonly #written = new Map<string, string>();
  readonly #last = new Map<string, AppIntentRow>();

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
  written(id: string, { intent, history }: AppState): void {
    if (!intent) return;
    const last = this.#last.get(id);
    if (last?.intentId === intent.intentId && JSON.stringify(last) !== JSON.stringify(intent)) {
      this.#wrong("I11", `an intent of ${id} was changed under its identity`);
    }
    this.#last.set(id, intent);
    let generation = last?.generation ?? 0;
    for (const entry of history.entries) {
      if (entry.generation <= generation && last) continue;
      generation += 1;
      if (entry.generation !== generation) {
        this.#wrong("I11", `${id}: generation ${entry.generation} where ${generation} comes next`);
      }
      this.#check(id, entry);
    }
    if (generation !== intent.generation || intent.generation < (last?.generation ?? 0)) {
      this.#wrong("I11", `${id}: generation ${intent.generation}, ${generation} by its history`);
    }
  }

  #check(id: string, { reason, by, desiredStatus, intentId }: AppState["history"]["entries"][0]) {
    const request = this.#requests.get(reason);
    const what = `intent "${reason}" of ${id}`;
    if (!request) {
      this.#wrong("I11", `${what}: ${desiredStatus} by ${by} was asked for by nobody`);
      return;
    }
    const isAsAsked =
      request.app === id &&
      request.by === by &&
      (request.desired === "as-it-is" || request.desired === desiredStatus);
    if (!isAsAsked) this.#wrong("I11", `${what} is not what was asked for`);
    if (request.fate === "not-applied") {
      this.#wrong("I3", `${what} was said not to be applied and came later`);
    }
    if (this.#written.has(reason)) this.#wrong("I3", `${what} was written twice`);
    this.#written.set(reason, intentId);
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
