/**
 * Bugs put in on purpose, to prove that the checks can fail. Those of the store wrap a correct
 * backend; those of the engine take a guard out of each node. None is reachable outside tests.
 */
import { type Guard, removeGuard } from "../../engine/guards.ts";
import type { ProducerId } from "../../model/ids.ts";
import type { BackendFactory } from "../../ports/backend.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ShardStore } from "../../ports/shard-store.ts";

export const plantedBugs = [
  "no-fence",
  "early-ack",
  "no-producer-dedup",
  "no-self-fence",
  "intent-on-stop",
  "no-view-gap-check",
] as const;
export type PlantedBug = (typeof plantedBugs)[number];

/** Commits are accepted whoever sends them: the claim is replaced by the one that stands. */
const withoutFence = (shards: ShardStore): ShardStore => ({
  ...shards,
  commit: async (request) => {
    const answer = await shards.commit(request);
    if (answer.kind !== "fenced") return answer;
    const [own] = await shards.inspect({ shards: [request.claim.shard] });
    if (!own || "kind" in own || own.claimId === "none" || own.historyId === "none") return answer;
    const claim = { shard: own.shard, claimId: own.claimId, historyId: own.historyId };
    return shards.commit({ ...request, claim, seq: own.seq + 1 });
  },
});

/** Batches are taken however often they come: a repeat is the first of a producer nobody knows. */
const withoutProducerDedup = (shards: ShardStore): ShardStore => {
  const seen = new Map<string, number>();
  let repeats = 0;
  return {
    ...shards,
    append: (request) => {
      const { shard, source } = request;
      if (source.kind !== "producer") return shards.append(request);
      const last = seen.get(`${shard} ${source.producer}`) ?? 0;
      seen.set(`${shard} ${source.producer}`, Math.max(last, source.number));
      if (source.number > last) return shards.append(request);
      repeats += 1;
      const producer = `${source.producer}+${repeats}` as ProducerId;
      return shards.append({ ...request, source: { ...source, producer, number: 1 } });
    },
  };
};

const storeBugs: Partial<Record<PlantedBug, (shards: ShardStore) => ShardStore>> = {
  "no-fence": withoutFence,
  "no-producer-dedup": withoutProducerDedup,
};

const engineBugs: Partial<Record<PlantedBug, Guard>> = {
  "early-ack": "answer-after-commit",
  "no-self-fence": "self-fence",
  "intent-on-stop": "intent-outlives-stop",
  "no-view-gap-check": "view-gap-check",
};

/** Puts a bug between the nodes and a correct backend. */
export const plantInStore = (
  factory: BackendFactory,
  bug: PlantedBug | undefined,
): BackendFactory => {
  const change = bug && storeBugs[bug];
  if (!change) return factory;
  return {
    kind: factory.kind,
    create: (context) => {
      const backend = factory.create(context);
      return { ...backend, shards: change(backend.shards) };
    },
  };
};

/** Puts a bug into the node that will be made with this clock. */
export const plantInNode = (clock: Clock, bug: PlantedBug | undefined): void => {
  const guard = bug && engineBugs[bug];
  if (guard) removeGuard(clock, guard);
};
