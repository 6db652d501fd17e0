/**
 * Bugs put in on purpose, to prove that the checks can fail. Each wraps a correct backend; none of
 * them is reachable outside tests.
 */
import type { BackendFactory } from "../../ports/backend.ts";
import type { ShardStore } from "../../ports/shard-store.ts";

export const plantedBugs = ["no-fence"] as const;
export type PlantedBug = (typeof plantedBugs)[number];

/** Commits are accepted whoever sends them: the claim is replaced by the one that stands. */
const withoutFence =
  (shards: ShardStore): ShardStore["commit"] =>
  async (request) => {
    const answer = await shards.commit(request);
    if (answer.kind !== "fenced") return answer;
    const [own] = await shards.inspect({ shards: [request.claim.shard] });
    if (!own || "kind" in own || own.claimId === "none" || own.historyId === "none") return answer;
    const claim = { shard: own.shard, claimId: own.claimId, historyId: own.historyId };
    return shards.commit({ ...request, claim, seq: own.seq + 1 });
  };

/** Puts a bug between the nodes and a correct backend. */
export const plant = (factory: BackendFactory, bug: PlantedBug | undefined): BackendFactory => {
  if (bug === undefined) return factory;
  return {
    kind: factory.kind,
    create: (context) => {
      const backend = factory.create(context);
      const { shards } = backend;
      const unfenced: ShardStore = {
        ...shards,
        commit: withoutFence(shards),
      };
      return {
        ...backend,
        shards: unfenced,
      };
    },
  };
};
