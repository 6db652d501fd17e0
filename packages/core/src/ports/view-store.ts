/**
 * Rows that every node keeps in memory: list rows of actors (written by commits) and status rows of
 * nodes (each node writes its own). Versions let a reader tell that it missed something.
 */
import type { HistoryId, Incarnation, NodeId, ShardId } from "../model/ids.ts";

/** Compared exactly: another history, or a number that is not the next, means list again. */
export interface ViewVersion {
  readonly historyId: HistoryId;
  readonly n: number;
}

export interface ViewStore {
  /**
   * Reads all rows of a kind in one shard with the version they belong to. A shard whose server alone
   * does not answer is left out; so is it, or a node, by the three other reads below.
   */
  list(request: { readonly kind: string; readonly shards: readonly ShardId[] }): Promise<
    readonly {
      readonly shard: ShardId;
      readonly version: ViewVersion;
      readonly rows: readonly { readonly id: string; readonly row: Uint8Array }[];
    }[]
  >;
  /** Reads the versions alone, for the sweep: one cheap call for all shards. */
  versions(request: {
    readonly kinds: readonly string[];
    readonly shards: readonly ShardId[];
  }): Promise<
    readonly {
      readonly shard: ShardId;
      readonly historyId: HistoryId;
      /** In the order of `kinds`. */
      readonly n: readonly number[];
    }[]
  >;
  /**
   * Writes status rows of a node, if `incarnation` is the one registered for these rows; raises the
   * version by one and publishes the rows. `reset` drops all rows first and registers the
   * incarnation (a node that starts), unless it was registered before and then replaced.
   */
  writeStatus(request: {
    readonly nodeId: NodeId;
    readonly incarnation: Incarnation;
    /**
     * From 1 within the incarnation, one higher for each new write. A copy at or below the last
     * number writes nothing and answers the present version.
     */
    readonly seq: number;
    readonly reset: boolean;
    readonly rows: readonly { readonly unit: string; readonly row: Uint8Array | "removed" }[];
  }): Promise<
    | { readonly kind: "written"; readonly version: ViewVersion }
    | { readonly kind: "superseded"; readonly incarnation: Incarnation | "none" }
  >;
  /**
   * Drops all status rows of a node that was reaped, and who wrote them, unless another incarnation
   * is registered by now. Its writer, should it still run, is refused until it resets. Atomic;
   * harmless to repeat.
   */
  dropStatus(request: {
    readonly nodeId: NodeId;
    readonly incarnation: Incarnation;
  }): Promise<{ readonly kind: "dropped" | "superseded" }>;
  /** Reads all status rows of the given nodes, with version and the incarnation that wrote them. */
  listStatus(request: { readonly nodes: readonly NodeId[] }): Promise<
    readonly {
      readonly nodeId: NodeId;
      readonly incarnation: Incarnation | "none";
      readonly version: ViewVersion;
      readonly rows: readonly { readonly unit: string; readonly row: Uint8Array }[];
    }[]
  >;
  /** Reads the versions of the nodes' status rows alone. */
  statusVersions(request: {
    readonly nodes: readonly NodeId[];
  }): Promise<readonly { readonly nodeId: NodeId; readonly version: ViewVersion }[]>;
}
