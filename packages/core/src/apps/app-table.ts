/**
 * The apps as this node knows them: intent from the view, what each node said from the board. Tallies
 * are kept per app and dropped when its intent or a row of it changes, and so is what all of them come
 * to: a request costs what has changed since the last one, not what there is.
 */
import { actorKey, parseActorKey } from "../model/actor-address.ts";
import type { ActorKey, NodeId } from "../model/ids.ts";
import type { NodeRecord } from "../model/node-record.ts";
import type { View } from "../view.ts";
import { type AppIntentRow, isPurged } from "./intent.ts";
import type { AppSummary } from "./model.ts";
import { type RawReport, type Said, saidBy, shownNodes, type Tally, tally } from "./rows.ts";
import { appSummary, troubleOf } from "./summary.ts";

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

/** Apps that are not as they should be, each list by id. */
export interface AppsOff {
  /** With a node that no retry will mend. */
  readonly terminal: readonly AppIntentRow[];
  readonly drifted: readonly AppIntentRow[];
  /** With something in their way that somebody has to see to; paused ones are left in peace. */
  readonly troubled: readonly AppIntentRow[];
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
  readonly #offs = {
    terminal: new Set<string>(),
    drifted: new Set<string>(),
    troubled: new Set<string>(),
  };
  #off: AppsOff | undefined;
  /** Apps that changed since `#offs` was brought up to date. */
  #changed: "all" | Set<string> = "all";
  #ids: readonly string[] | undefined;
  #idSet: ReadonlySet<string> = new Set();
  /** What the tallies were made under: nodes, their runs and states. */
  #nodes: readonly NodeRecord[] = [];
  #shown: readonly NodeRecord[] = [];
  #nodesKey = "";

  constructor(sources: AppTableSources) {
    this.#sources = sources;
    sources.view.onChange((id, row) => {
      this.#drop(id);
      const isThere = row !== undefined && !isPurged(row);
      if (this.#idSet.has(id) !== isThere) this.#ids = undefined;
    });
    sources.reports.onChange((_, unit) => {
      const { kind, id } = parseActorKey(unit as ActorKey);
      if (kind === "app") this.#drop(id);
    });
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

  /** Which apps are not as they should be. */
  off(): AppsOff {
    this.#followNodes();
    const changed = this.#changed;
    if (changed === "all" || changed.size > 0) {
      if (changed === "all") for (const ids of Object.values(this.#offs)) ids.clear();
      for (const id of changed === "all" ? this.ids() : changed) this.#judge(id);
      this.#changed = new Set();
      this.#off = undefined;
    }
    this.#off ??= {
      terminal: this.#intentsOf(this.#offs.terminal),
      drifted: this.#intentsOf(this.#offs.drifted),
      troubled: this.#intentsOf(this.#offs.troubled),
    };
    return this.#off;
  }

  #judge(id: string): void {
    const { terminal, drifted, troubled } = this.#offs;
    const put = (ids: Set<string>, isIn: boolean): void => {
      if (isIn) ids.add(id);
      else ids.delete(id);
    };
    const intent = this.intent(id);
    const counts = intent && this.tally(intent);
    const isTerminal = counts !== undefined && counts.terminal > 0;
    put(terminal, isTerminal);
    put(drifted, !isTerminal && counts !== undefined && counts.drifted > 0);
    put(troubled, intent?.paused === null && troubleOf(intent) !== undefined);
  }

  #intentsOf(ids: ReadonlySet<string>): readonly AppIntentRow[] {
    return [...ids].sort().flatMap((id) => this.intent(id) ?? []);
  }

  #drop(id: string): void {
    this.#kept.delete(id);
    if (this.#changed !== "all") this.#changed.add(id);
  }

  #keep(intent: AppIntentRow): Kept {
    this.#followNodes();
    const known = this.#kept.get(intent.id);
    if (known?.intent === intent) return known;
    const counted = tally(intent, this.#shown, this.saidOf(intent.id));
    const made = { intent, tally: counted, summary: appSummary(intent, counted) };
    if (this.intent(intent.id) === intent) this.#kept.set(intent.id, made);
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
    this.#changed = "all";
  }
}
