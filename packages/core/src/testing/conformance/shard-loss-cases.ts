/** Another history, and records that are not there: nothing is written on top of what was lost. */
import type { ActorKey } from "../../model/ids.ts";
import { assertEqual, assertKind, assertThat, only } from "./assert.ts";
import type { ConformanceCase } from "./context.ts";
import {
  append,
  assertAppended,
  bytes,
  claimRequest,
  claimShard,
  commit,
  committed,
  freshClaimId,
  historyOf,
  inspect,
  joinRequest,
  mailOf,
  producerOf,
  startNode,
  startOfMail,
} from "./test-node.ts";

const key = "counter/a" as ActorKey;

export const shardLossCases: readonly ConformanceCase[] = [
  {
    title: "after a change of history every call of an earlier claim is refused",
    needs: "restart",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, 1);
      await committed(held, 1);
      await context.restart?.();
      const historyId = await historyOf(node, 1);
      assertThat(historyId !== held.historyId, "the history is another one");
      const refusal = { kind: "history", historyId } as const;
      const { shards } = node.backend;
      const { claim } = held;
      assertEqual(
        await commit(held, 2, { states: [{ key, state: bytes("x") }] }),
        refusal,
        "commit",
      );
      assertEqual(await commit(held, 1), refusal, "repeated commit");
      assertEqual(await shards.load({ claim }), refusal, "load");
      assertEqual(
        await shards.fetch({ claim, actors: [key], idempotencyKeys: [] }),
        refusal,
        "fetch",
      );
      const reads = [{ claim, after: startOfMail }];
      assertEqual(await shards.read({ reads, limit: 1 }), [refusal], "read");
      assertEqual(await shards.check({ claims: [claim] }), [refusal], "check");
      assertEqual(await shards.release({ claim }), refusal, "release");
      const present = await claimShard(node, 1);
      const fetched = assertKind(
        await shards.fetch({
          claim: present.claim,
          actors: [key],
          idempotencyKeys: [],
        }),
        "fetched",
        "fetch",
      );
      assertEqual(fetched.states, ["absent"], "states");
    },
  },
  {
    title: "a claim repeated after a change of history grants nothing",
    needs: "restart",
    run: async (context) => {
      const node = await startNode(context);
      const request = await claimRequest(node, 1);
      await node.backend.shards.claim(request);
      await context.restart?.();
      assertKind(await node.backend.shards.claim(request), "held", "repeat");
    },
  },
  {
    title: "a claim under a new history raises the epoch and finds the content",
    needs: "restart",
    run: async (context) => {
      const node = await startNode(context);
      const former = await claimShard(node, 1);
      await committed(former, 1, { states: [{ key, state: bytes("x") }] });
      await append(node, 1, producerOf(node), 1);
      await context.restart?.();
      const present = await claimShard(node, 1);
      assertThat(present.epoch > former.epoch, "epochs grow");
      assertEqual((await mailOf(present)).length, 1, "mail");
      assertEqual(await commit(former, 2), { kind: "fenced", finalSeq: 1 }, "former claim");
    },
  },
  {
    title: "a claim under a new history begins a numbering whose id begins with a higher epoch",
    needs: "restart",
    run: async (context) => {
      const node = await startNode(context);
      const former = await claimShard(node, 1);
      await context.restart?.();
      const present = await claimShard(node, 1);
      const [before, after] = [former, present].map(({ outId }) => Number.parseInt(outId, 10));
      assertEqual([before, after], [former.epoch, present.epoch], "epochs");
    },
  },
  {
    title: "a producer goes on numbering after a change of history that lost nothing",
    needs: "restart",
    run: async (context) => {
      const node = await startNode(context);
      const producer = producerOf(node);
      await append(node, 1, producer, 1);
      await context.restart?.();
      assertAppended(await append(node, 1, producer, 1), 1, "repeat");
      assertAppended(await append(node, 1, producer, 2), 2, "next");
    },
  },
  {
    title: "a shard whose data is gone is lost for every call and never taken for a new one",
    needs: "loseData",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, 1);
      await context.loseData?.();
      const { shards } = node.backend;
      const { claim } = held;
      const lost = { kind: "lost" } as const;
      assertEqual(
        await shards.inspect({ shards: [1, 0] }),
        [
          { shard: 1, ...lost },
          { shard: 0, ...lost },
        ],
        "inspect",
      );
      const request = await claimRequest(node, 1, { seen: claim.claimId });
      assertEqual(await shards.claim(request), lost, "claim");
      assertEqual(await shards.claim({ ...request, seen: "none" }), lost, "claim of none");
      assertEqual(await commit(held, 1), lost, "commit");
      assertEqual(await shards.load({ claim }), lost, "load");
      assertEqual(await shards.fetch({ claim, actors: [], idempotencyKeys: [] }), lost, "fetch");
      const reads = [{ claim, after: startOfMail }];
      assertEqual(await shards.read({ reads, limit: 1 }), [lost], "read");
      assertEqual(await shards.check({ claims: [claim] }), [lost], "check");
      assertEqual(await shards.release({ claim }), lost, "release");
      assertEqual(await append(node, 1, producerOf(node), 1), lost, "append");
    },
  },
  {
    title: "a claim after a reported loss makes the record anew, above the epochs known",
    needs: "loseData",
    run: async (context) => {
      const node = await startNode(context);
      const former = await claimShard(node, 1);
      await context.loseData?.();
      const request = await claimRequest(node, 1, {
        seen: former.claim.claimId,
        epochKnown: former.epoch,
        afterLoss: true,
      });
      const answer = assertKind(await node.backend.shards.claim(request), "claimed", "claim");
      assertThat(answer.epoch > former.epoch, "epochs grow");
      assertEqual((await inspect(node, 1)).claimId, request.claimId, "claim id");
      assertEqual(await commit(former, 1), { kind: "fenced" }, "former claim");
      const held = {
        node,
        claim: {
          shard: 1,
          claimId: request.claimId,
          historyId: answer.historyId,
        },
        ...answer,
        answer,
      };
      await committed(held, 1);
    },
  },
  {
    title: "after a loss a join makes all shards anew and earlier claims stay refused",
    needs: "loseData",
    run: async (context) => {
      const node = await startNode(context);
      const former = await claimShard(node, 1);
      await committed(former, 1, { states: [{ key, state: bytes("x") }] });
      const producer = producerOf(node);
      await append(node, 1, producer, 1);
      await context.loseData?.();
      const joined = assertKind(
        await node.backend.membership.join(joinRequest(node.id, node.incarnation)),
        "joined",
        "join",
      );
      assertEqual(await commit(former, 2), { kind: "fenced" }, "former claim");
      assertEqual(
        await append(node, 1, producer, 2),
        { kind: "unknown-producer", reaped: false },
        "former producer",
      );
      const present = await claimShard({ ...node, joined }, 1, {
        claimId: freshClaimId(),
      });
      assertEqual(await mailOf(present), [], "mail");
      assertEqual((await inspect(node, 1)).pending, 0, "pending");
    },
  },
  {
    title: "an absent shard has no dead letters",
    needs: "loseData",
    run: async (context) => {
      const node = await startNode(context);
      await context.loseData?.();
      const letters = await node.backend.shards.listDead({
        shard: 1,
        limit: 5,
      });
      assertEqual(letters, [], "dead letters");
      only(await node.backend.shards.inspect({ shards: [1] }), "inspect");
    },
  },
];
