/** The one write of a shard's owner (I1, I2, I3). */
import type { CommitAnswer, CommitRequest, EntryId, ShardStore } from "@muster/core/ports";
import { commitArguments } from "./commit-arguments.ts";
import type { Written } from "./connections/replicated-wire.ts";
import type { Argument, Reply } from "./link.ts";
import { refusalOf, unexpected } from "./refusal.ts";
import { number, statusOf, text, toBuffer } from "./reply.ts";
import { packRows } from "./rows.ts";
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

/** Where the versions of the kinds written begin in the script's answer. */
const versionsAt = 4;

/** Tells of a commit once replicas have it; of one that too few have, only that nobody can say. */
const publishCommit = async (
  { keys, run }: StoreContext,
  request: CommitRequest,
  { answer, isShort }: Written,
): Promise<void> => {
  const { shard, historyId } = request.claim;
  const args: Argument[] = [];
  (isShort ? [] : (request.views ?? [])).forEach(({ kind, rows }, i) => {
    const head = `${shard}\n${historyId}\n${number(answer[versionsAt + i])}\n`;
    const changed = packRows(rows.map(({ id, row }) => ({ name: id, row })));
    args.push(keys.channels.view(kind, shard), Buffer.concat([Buffer.from(head, "utf8"), changed]));
  });
  for (const { node, payload: durable, ifShort } of request.replies ?? []) {
    const payload = isShort ? ifShort : durable;
    if (payload) args.push(keys.channels.replies(node, shard), toBuffer(payload));
  }
  if (args.length === 0) return;
  await run({ script: scripts.publish, keys: [keys.shard(shard).own], args, shard });
};

export const commitCall = (context: StoreContext): Pick<ShardStore, "commit"> => ({
  commit: async (request) => {
    const { shard } = request.claim;
    const { isReplicated } = context;
    const { keys, args } = commitArguments(context.keys, request, context.time(), isReplicated);
    const call = { script: scripts.commit, keys, args, shard };
    if (!isReplicated) return commitAnswer(await context.run(call));
    const written = await context.write(call);
    const answer = commitAnswer(written.answer);
    if (answer.kind !== "committed") return answer;
    // When this fails the commit is repeated, and with it what is published.
    await publishCommit(context, request, written);
    return written.isShort ? { ...answer, durability: "short" } : answer;
  },
});
