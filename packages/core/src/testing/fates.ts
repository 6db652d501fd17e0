/**
 * What becomes of one call to the store and of one hint: the two things that a {@link FaultyBackend}
 * asks for. Drawn from a {@link FaultPlan} unless whoever runs the backend says it itself.
 */
import type { NodeId } from "../model/ids.ts";
import type { FaultPlan } from "./fault-plan.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** One call, counted per node and operation from 1, over all runs of the node. */
export interface CallOf {
  readonly nodeId: NodeId;
  readonly op: string;
  readonly nth: number;
  /** A late copy of it is harmless by the port's promise. */
  readonly mayCopy: boolean;
}

/** Times in milliseconds. */
export interface CallFate {
  readonly thereMs: number;
  readonly backMs: number;
  /** The caller gives up after this time. */
  readonly timeoutMs: number;
  readonly requestLost: boolean;
  readonly replyLost: boolean;
  /** A copy is executed so long after the request's time of arrival; absent: none is. */
  readonly copyAfterMs?: number;
  /** Runs before the call leaves its process: ending or freezing the process holds it back. */
  readonly onSend?: () => void;
  /** Runs when the call has taken effect, before its answer sets out. */
  readonly onExecuted?: () => void;
}

/** One hint on its way to one subscriber, counted per node and topic from 1. */
export interface HintOf {
  readonly nodeId: NodeId;
  readonly topic: string;
  readonly nth: number;
}
/** When each copy arrives, in milliseconds from now; a lost hint has none. */
export type HintFate = readonly number[];

export interface Fates {
  call(of: CallOf): CallFate;
  hint(of: HintOf): HintFate;
}

/** Draws fates one after another by the shares of a plan, which may be another one each time. */
export const fatesByPlan = (plan: () => FaultPlan, random: SeededRandom): Fates => ({
  call: ({ mayCopy }) => {
    const { delayMs, loseRequest, loseReply, ghost, ghostDelayMs, timeoutMs } = plan();
    const thereMs = random.between(...delayMs);
    const backMs = random.between(...delayMs);
    const requestLost = random.chance(loseRequest);
    const replyLost = random.chance(loseReply);
    const copyAfterMs = random.between(...ghostDelayMs);
    const isCopied = random.chance(ghost) && mayCopy;
    return {
      thereMs,
      backMs,
      timeoutMs,
      requestLost,
      replyLost,
      ...(isCopied && { copyAfterMs }),
    };
  },
  hint: () => {
    const { doubleMessage, loseMessage, messageDelayMs } = plan();
    const copies = random.chance(doubleMessage) ? 2 : 1;
    const isLost = random.chance(loseMessage);
    const delays = Array.from({ length: copies }, () => random.between(...messageDelayMs));
    return isLost ? [] : delays;
  },
});
