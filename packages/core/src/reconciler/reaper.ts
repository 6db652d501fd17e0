/**
 * Forgets nodes that are gone for long, with what they reported and sent. The store checks the term
 * and forgets the records in one step; rows follow, and are named again until they are dropped, so that
 * whoever leads next goes on where a leader ended. A process that still runs joins as a new node.
 */
import type { NodeId, ShardId } from "../model/ids.ts";
import type { NodeRecord } from "../model/node-record.ts";
import type { Backend } from "../ports/backend.ts";
import type { Term } from "../ports/guard.ts";
import type { Logger } from "../ports/logger.ts";
import type { ReapedNode } from "../ports/membership-store.ts";

export interface ReaperContext {
  readonly backend: Pick<Backend, "membership" | "views" | "shards">;
  readonly logger: Logger;
  /** After how many ms without a heartbeat a node is forgotten. */
  readonly goneMs: number;
  readonly ephemeralGoneMs: number;
  readonly shardCount: number;
  /** Called before a node is forgotten, perhaps more than once; where it rejects, the node waits. */
  leaves(nodeId: NodeId): Promise<void>;
  /** All nodes known, those included that left in order. */
  nodes(): readonly NodeRecord[];
  /** Redis time. */
  now(): number;
}

export class Reaper {
  readonly #context: ReaperContext;
  /** The term under which what earlier ones left was dealt with. */
  #settled: string | undefined;

  constructor(context: ReaperContext) {
    this.#context = context;
  }

  /** Answers the nodes that were forgotten; rejects when the backend does not answer. */
  async run(term: Term): Promise<readonly ReapedNode[] | "fenced"> {
    if (this.#settled === term.token && this.#due().length === 0) return [];
    const { backend, goneMs, ephemeralGoneMs, logger } = this.#context;
    const reaped: ReapedNode[] = [];
    let done: readonly ReapedNode[] = [];
    let left = 0;
    for (const { id } of this.#due()) await this.#context.leaves(id);
    do {
      const answer = await backend.membership.reap({ term, goneMs, ephemeralGoneMs, done });
      if (answer.kind === "fenced") return "fenced";
      done = await this.#dropRows(answer.nodes);
      left = answer.nodes.length;
      reaped.push(...done);
    } while (done.length > 0);
    if (reaped.length > 0) {
      logger.info(
        { nodes: reaped.map(({ id }) => id) },
        "nodes that were gone for long are reaped",
      );
      await this.#raiseFloor();
    }
    if (left === 0) this.#settled = term.token;
    return reaped;
  }

  #due(): readonly NodeRecord[] {
    const { ephemeralGoneMs, goneMs, nodes, now } = this.#context;
    return nodes().filter(
      ({ state, info, lastHeartbeatAt }) =>
        (state === "lost" || state === "left") &&
        now() - lastHeartbeatAt >= (info.ephemeral ? ephemeralGoneMs : goneMs),
    );
  }

  async #dropRows(nodes: readonly ReapedNode[]): Promise<readonly ReapedNode[]> {
    const { backend, logger } = this.#context;
    const done: ReapedNode[] = [];
    for (const node of nodes) {
      try {
        await backend.views.dropStatus({ nodeId: node.id, incarnation: node.incarnation });
        done.push(node);
      } catch (error) {
        logger.debug({ node: node.id, error: String(error) }, "rows of a reaped node wait");
      }
    }
    return done;
  }

  /** Producers of nodes that are no more are forgotten by the shards; the next claim would, too. */
  async #raiseFloor(): Promise<void> {
    const { backend, shardCount } = this.#context;
    const { producerFloor } = await backend.membership.list();
    const shards = Array.from({ length: shardCount }, (_, shard): ShardId => shard);
    await backend.shards.raiseFloor({ shards, floor: producerFloor });
  }
}
