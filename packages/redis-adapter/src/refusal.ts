import type { HistoryId, Refusal } from "@muster/core/ports";
import type { Reply } from "./link.ts";
import { number, statusOf, text } from "./reply.ts";

/** Reads what the fence of a script refuses with; `undefined` when it did not. */
export const refusalOf = (answer: readonly Reply[]): Refusal | undefined => {
  switch (statusOf(answer)) {
    case "fenced": {
      const finalSeq = number(answer[1]);
      return finalSeq < 0 ? { kind: "fenced" } : { kind: "fenced", finalSeq };
    }
    case "history":
      return { kind: "history", historyId: text(answer[1]) as HistoryId };
    case "lost":
      return { kind: "lost" };
    default:
      return undefined;
  }
};

/** Fails for a status that the script does not answer with. */
export const unexpected = (answer: readonly Reply[]): never => {
  throw new Error(`A script answered "${statusOf(answer)}" where that has no meaning.`);
};
