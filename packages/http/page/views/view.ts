/** What a view is, and what it may use. */
import type { Alert, ClusterStatus, NodeView } from "@muster/core";
import type { Address } from "../address.ts";
import type { Api, Failure } from "../api.ts";
import type { Caller, Role } from "../caller.ts";
import type { ChangeRequest } from "../change-dialog.ts";

export interface Listing<T> {
  readonly items: readonly T[];
  readonly nextCursor?: string;
}

/** What every view may show; asked for in every round. */
export interface Facts {
  readonly status: ClusterStatus;
  readonly caller: Caller | undefined;
  readonly nodes: readonly NodeView[];
  /** Open ones, and those of the last day that have closed. */
  readonly alerts: readonly Alert[];
}

/** One thing that was changed by a change of many. */
export interface ResultItem {
  readonly title: string;
  readonly result: string;
  readonly isGood: boolean;
  readonly text?: string | undefined;
}

export interface Page {
  readonly api: Api;
  /** By the cluster's clock, in milliseconds since 1970. */
  now(): number;
  address(): Address;
  /** Shows something else; `replace` leaves no step to go back to. */
  go(part: Partial<Address>, options?: { readonly replace?: boolean }): void;
  ask(request: ChangeRequest): void;
  say(text: string): void;
  /** Asks at once. */
  refresh(): void;
  refusal(role: Role): string | undefined;
  /** Shows what came of each. */
  results(title: string, items: readonly ResultItem[]): void;
}

export interface View {
  /** Asks for what only this view shows. A failure that is its own to tell is told by it. */
  load(): Promise<Failure | undefined>;
  show(facts: Facts): void;
  /** Renews what changes with time alone. */
  tick(): void;
}
