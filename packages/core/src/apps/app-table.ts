/**
 * The apps as this node knows them: intent from the view, what each node said from the board. Tallies
 * are kept per app and dropped when its intent or a row of it changes, so that ten thousand apps can
 * be listed and counted at each request.
 */
import { actorKey } from "../model/actor-address.ts";
import type { NodeId } from "../model/ids.ts";
import type { NodeRecord } from "../model/node-record.ts";
import type { View } from "../view.ts";
import { type AppIntentRow, isPurged } from "./intent.ts";
import type { AppSummary } from "./model.ts";
import { type RawReport, type Said, saidBy, shownNodes, type Tally, tally } from "./rows.ts";
import { appSummary } from "./summary.ts";

/** What each node reported; a status board. */
export interface AppReports {
  row(nodeId: NodeId, unit: string): RawReport | undefined;
  onChange(listener: (nodeId: NodeId, unit: string) => void): () => void;
  /** True while rows may be out of date. */
  readonly stale: boolean;
  /** Redis time up to which the rows are known to be complete. */
  readonly asOf: number;
}

export interface AppTableSources {
  readonly view: View<AppIntentRow>;
  readonly reports: AppReports;
  nodes(): readonly NodeRecord[];
  /** True while the backend cannot be reached: what is shown may be out of date. */
  away(): boolean;
}

interface Kept {
  readonly intent: AppIntentRow;
  readonly tally: Tally;
  readonly summary: AppSummary;
}

const unitOf = (appId: string): string => actorKey("app", appId);

export class AppTable {
  readonly #sources: AppTableSources;
  readonly #kept = new Map<string, Kept>();
  #ids: readonly string[] | undefined;
  #idSet: ReadonlySet<string> = new Set();
  /** What the tallies were made under: nodes, their runs and states. */
  #nodes: readonly NodeRecord[] = [];
  #shown: readonly NodeRecord[] = [];
  #nodesKey = "";

  constructor(sources: AppTableSources) {
    this.#sources = sources;
    sources.view.onChange((id, row) => {
      this.#kept.delete(unitOf(id));
      const isThere = row !== undefined && !isPurged(row);
      if (this.#idSet.has(id) !== isThere) this.#ids = undefined;
    });
    sources.reports.onChange((_, unit) => this.#kept.delete(unit));
  }

  get stale(): boolean {
    const { view, reports, away } = this.#sources;
    return away() || !view.ready || view.stale || reports.stale;
  }
  /** Redis time for which everything shown is known to be true. */
  get asOf(): number {
    const { view, reports } = this.#sources;
    return Math.min(view.asOf, reports.asOf);
  }
  /** All nodes but those that left in order, by id. */
  get nodes(): readonly NodeRecord[] {
    this.#followNodes();
    return this.#shown;
  }

  /** What is wanted of an app; nothing of one that was uninstalled and purged. */
  intent(id: string): AppIntentRow | undefined {
    const row = this.#sources.view.get(id);
    return row && isPurged(row) ? undefined : row;
  }

  /** Ids of all apps, in order. */
  ids(): readonly string[] {
    if (!this.#ids) {
      this.#ids = [...this.#sources.view.entries()]
        .filter(([, row]) => !isPurged(row))
        .map(([id]) => id)
        .sort();
      this.#idSet = new Set(this.#ids);
    }
    return this.#ids;
  }

  /** What each node says of one app. */
  saidOf(appId: string): (nodeId: NodeId) => Said {
    const unit = unitOf(appId);
    return (nodeId) => saidBy(this.#sources.reports.row(nodeId, unit));
  }

  tally(intent: AppIntentRow): Tally {
    return this.#keep(intent).tally;
  }

  summary(intent: AppIntentRow): AppSummary {
    return this.#keep(intent).summary;
  }

  #keep(intent: AppIntentRow): Kept {
    this.#followNodes();
    const unit = unitOf(intent.id);
    const known = this.#kept.get(unit);
    if (known?.intent === intent) return known;
    const counted = tally(intent, this.#shown, this.saidOf(intent.id));
    const made = { intent, tally: counted, summary: appSummary(intent, counted) };
    if (this.intent(intent.id) === intent) this.#kept.set(unit, made);
    return made;
  }

  #followNodes(): void {
    const nodes = this.#sources.nodes();
    if (nodes === this.#nodes) return;
    this.#nodes = nodes;
    this.#shown = shownNodes(nodes);
    const key = this.#shown
      .map((node) => `${node.id} ${node.incarnation} ${node.state}`)
      .join("\n");
    if (key === this.#nodesKey) return;
    this.#nodesKey = key;
    this.#kept.clear();
  }
}
