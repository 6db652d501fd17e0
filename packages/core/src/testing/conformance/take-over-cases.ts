/** What a claim tells of owners that went without releasing. */
import { assertEqual, assertKind } from "./assert.ts";
import type { ConformanceCase } from "./context.ts";
import { append, claimShard, producerOf, startNode, startOfMail } from "./test-node.ts";

export const takeOverCases: readonly ConformanceCase[] = [
  {
    title: "the last two unclean take-overs are told, also by claims that are clean",
    run: async (context) => {
      const one = await startNode(context, "web-1");
      const two = await startNode(context, "web-2");
      const first = await claimShard(one, 1);
      const second = await claimShard(two, 1);
      const entry = assertKind(
        await append(one, 1, producerOf(one), 1),
        "appended",
        "append",
      ).entry;
      const third = await claimShard(one, 1);
      assertEqual(
        third.answer.unclean.map(({ ended, entry: last }) => [ended, last]),
        [
          [first.epoch, startOfMail],
          [second.epoch, entry ?? startOfMail],
        ],
        "after two",
      );
      await one.backend.shards.release({ claim: third.claim });
      const fourth = await claimShard(two, 1);
      assertEqual(fourth.answer.unclean, third.answer.unclean, "after a release");
      const fifth = await claimShard(one, 1);
      assertEqual(
        fifth.answer.unclean.map(({ ended }) => ended),
        [second.epoch, fourth.epoch],
        "after a third",
      );
    },
  },
  {
    title: "an incarnation that claims anew what it held takes nothing over",
    run: async (context) => {
      const one = await startNode(context, "web-1");
      await claimShard(one, 1);
      const again = await claimShard(one, 1);
      assertEqual(again.answer.unclean, [], "unclean take-overs");
    },
  },
];
