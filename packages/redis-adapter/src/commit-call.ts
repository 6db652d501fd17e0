/** The one write of a shard's owner (I1, I2, I3). */
import type { CommitAnswer, EntryId, ShardStore } from "@muster/core/ports";
import { commitArguments } from "./commit-arguments.ts";
import type { Reply } from "./link.ts";
import { refusalOf, unexpected } from "./refusal.ts";
import { number, statusOf, text } from "./reply.ts";
import { scripts } from "./scripts.generated.ts";
import type { StoreContext } from "./store-context.ts";

const commitAnswer = (answer: readonly Reply[]): CommitAnswer => {
  switch (statusOf(answer)) {
    case "ok": {
      const localEntry = text(answer[1]) as EntryId;
      return {
        kind: "committed",
        ...(localEntry !== "" && {
          localEntry,
          localPrevious: text(answer[2]) as EntryId,
        }),
        ...(typeof answer[3] === "number" && { repliesKept: answer[3] }),
      };
    }
    case "conflict":
      return { kind: "conflict" };
    case "gap":
      return { kind: "gap", seq: number(answer[1]) };
    default:
      return refusalOf(answer) ?? unexpected(answer);
  }
};

export const commitCall = (context: StoreContext): Pick<ShardStore, "commit"> => ({
  commit: async (request) => {
    const { shard } = request.claim;
    const { keys, args } = commitArguments(context.keys, request);
    return commitAnswer(await context.run({ script: scripts.commit, keys, args, shard }));
  },
});
