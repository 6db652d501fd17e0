/** Reads what there is of shards and actors, for whoever looks for a fault. */
import type { DeadLettersService } from "../dead-letters/model.ts";
import type { Node } from "../engine/node.ts";
import { placeShards } from "../engine/placement.ts";
import { isMusterError, MusterError } from "../errors.ts";
import { actorKey } from "../model/actor-address.ts";
import type { ShardId } from "../model/ids.ts";
import type { Backend } from "../ports/backend.ts";
import type { SurveyRequest } from "../ports/shard-survey.ts";
import { explainActor } from "./explain-actor.ts";
import { explainShard, type ShardFacts } from "./explain-shard.ts";
import type { ActorExplanation, ShardExplanation } from "./model.ts";

/** Most timers, effects and asks of a shard that are looked at. */
const mostOfAPart = 5_000;
const mostLetters = 100;

export interface ExplainService {
  /** Why a shard is as it is. @throws MusterError `SHARD_NOT_FOUND`, `BACKEND_UNAVAILABLE` */
  shard(shard: number): Promise<ShardExplanation>;
  /**
   * What there is of an actor; with `withState` also its state, without what is called secret.
   * @throws MusterError `KIND_UNKNOWN`, `ACTOR_NOT_FOUND`, `BACKEND_UNAVAILABLE`
   */
  actor(
    kind: string,
    id: string,
    options?: { readonly withState?: boolean },
  ): Promise<ActorExplanation>;
}

export const createExplain = (
  node: Node,
  backend: Pick<Backend, "shards">,
  letters: Pick<DeadLettersService, "list">,
): ExplainService => {
  const factsOf = async (
    shard: ShardId,
    more: Pick<SurveyRequest, "limit" | "stateOf">,
  ): Promise<ShardFacts> => {
    const survey = await backend.shards.survey({ shard, views: [], states: [], ...more });
    if (survey.kind === "lost") throw new Error(`The record of shard ${shard} is missing.`);
    const placedOn = placeShards(node.nodes, node.shardCount)[shard];
    return { survey, nodes: node.nodes, placedOn, now: node.now() };
  };
  const reading = async <T>(op: string, read: () => Promise<T>): Promise<T> => {
    const refused = node.unavailable();
    if (refused) throw refused;
    try {
      return await read();
    } catch (cause) {
      if (isMusterError(cause)) throw cause;
      throw new MusterError("BACKEND_UNAVAILABLE", `${op}: the backend did not answer.`, {
        op,
        cause,
        retryAfterMs: 1_000,
      });
    }
  };
  return {
    shard: async (shard) => {
      if (!Number.isSafeInteger(shard) || shard < 0 || shard >= node.shardCount) {
        throw new MusterError("SHARD_NOT_FOUND", `There is no shard ${shard} in this cluster.`, {
          op: "explain.shard",
          hint: `Shards are numbered from 0 to ${node.shardCount - 1}.`,
        });
      }
      return reading("explain.shard", async () => explainShard(await factsOf(shard, { limit: 0 })));
    },
    actor: async (kind, id, { withState = false } = {}) => {
      const known = node.kinds.get(kind);
      if (!known) {
        throw new MusterError("KIND_UNKNOWN", `This node does not know the actor kind "${kind}".`, {
          op: "explain.actor",
          hint: `It knows ${node.kinds.names().join(", ")}.`,
        });
      }
      return reading("explain.actor", async () => {
        const key = actorKey(kind, id);
        const shard = node.shardOf(known.partition(id));
        const [facts, dead] = await Promise.all([
          factsOf(shard, { limit: mostOfAPart, stateOf: [key] }),
          letters.list({ kind, actor: key, unresolved: true, limit: mostLetters }),
        ]);
        const deadLetters = dead.items.map((letter) => letter.id);
        const found = explainActor({ ...facts, kind: known, id, deadLetters, withState });
        if (found) return found;
        throw new MusterError("ACTOR_NOT_FOUND", `There is nothing of the actor ${key}.`, {
          op: "explain.actor",
          hint: "An actor is there from its first change on.",
        });
      });
    },
  };
};
