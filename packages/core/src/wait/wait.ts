/** Waits for a condition: looks at once, after each change, and now and then for what nobody tells. */

import { MusterError } from "../errors.ts";
import type { Blocker } from "../model/blocker.ts";
import type { Clock } from "../ports/clock.ts";
import { conditionText, parseCondition, type WaitCondition } from "./condition.ts";
import { type Judgement, judgeCondition, type WaitFacts } from "./judge-condition.ts";

export interface WaitOptions {
  /** 0 looks once. At most an hour. @defaultValue 60000 */
  readonly timeoutMs?: number;
  /** Ends the wait early. */
  readonly signal?: AbortSignal;
}

/** The condition held. */
export interface WaitAnswer {
  readonly satisfied: true;
  readonly condition: string;
  /** Generation of the app waited for. */
  readonly generation?: number;
  /** Lost nodes: they could not be asked. */
  readonly notConfirmed: readonly string[];
}

export interface WaitSources {
  readonly clock: Clock;
  readonly facts: WaitFacts;
  /** True while what this node sees may be out of date: nothing is concluded from it. */
  stale(): boolean;
  /** Why nothing can come of waiting: the node was stopped. */
  ended(): MusterError | undefined;
  onChange(listener: () => void): () => void;
}

const maxTimeoutMs = 3_600_000;
const defaultTimeoutMs = 60_000;
/** Ages and leases change without anybody telling. */
const lookEveryMs = 500;

const boundedTimeout = (timeoutMs: number): number => {
  if (timeoutMs >= 0 && timeoutMs <= maxTimeoutMs) return timeoutMs;
  throw new MusterError(
    "VALIDATION",
    `timeoutMs is ${timeoutMs}; it must be 0 to ${maxTimeoutMs} milliseconds.`,
    { op: "wait", fieldErrors: { timeoutMs: `must be 0 to ${maxTimeoutMs}` } },
  );
};

const shownBlockers = 3;
const inWords = ({ nodeId, appId, reason }: Blocker): string =>
  [nodeId, appId === undefined ? undefined : `(${appId})`, reason.message]
    .filter((part) => part !== undefined)
    .join(" ");

const timedOut = (
  condition: WaitCondition,
  judgement: Extract<Judgement, { kind: "waiting" }>,
  timeoutMs: number,
  stale: boolean,
): MusterError => {
  const { blockers, notConfirmed, generation } = judgement;
  const named = blockers.slice(0, shownBlockers).map(inWords);
  const more = blockers.length - named.length;
  if (more > 0) named.push(`and ${more} more`);
  if (stale) named.unshift("what this node sees may be out of date");
  const text = conditionText(condition);
  return new MusterError(
    "WAIT_TIMEOUT",
    `${text} does not hold after ${timeoutMs} ms: ${named.join("; ")}.`,
    {
      op: "wait",
      blockers,
      notConfirmed,
      ...(generation !== undefined && { current: `generation ${generation}` }),
      hint:
        condition.kind === "app"
          ? `Ask why: muster explain app/${condition.id}`
          : "Ask what is wrong: muster status",
    },
  );
};

/**
 * Makes `muster.wait`.
 * @throws MusterError `WAIT_TIMEOUT` with the blockers, `TERMINAL`, `SUPERSEDED` or `OBSERVED` when
 *   the condition cannot come any more, `VALIDATION`, `STOPPED`
 */
export const createWait =
  (sources: WaitSources) =>
  async (asked: string | WaitCondition, options: WaitOptions = {}): Promise<WaitAnswer> => {
    let condition = typeof asked === "string" ? parseCondition(asked) : asked;
    const timeoutMs = boundedTimeout(options.timeoutMs ?? defaultTimeoutMs);
    const { clock, facts } = sources;
    const until = clock.monotonic() + timeoutMs;
    for (;;) {
      const ended = sources.ended();
      if (ended) throw ended;
      const stale = sources.stale();
      const judgement = judgeCondition(condition, facts);
      if (judgement.kind === "holds" && !stale) {
        const { generation, notConfirmed } = judgement;
        return {
          satisfied: true,
          condition: conditionText(condition),
          ...(generation !== undefined && { generation }),
          notConfirmed,
        };
      }
      if (judgement.kind === "impossible" && !stale) {
        const { code, message, blockers } = judgement;
        throw new MusterError(code, `${conditionText(condition)}: ${message}.`, {
          op: "wait",
          blockers,
        });
      }
      const waiting =
        judgement.kind === "waiting"
          ? judgement
          : ({ kind: "waiting", blockers: [], notConfirmed: [] } as const);
      // The intent that stands when the wait begins is the one that is meant.
      if (condition.kind === "app" && condition.state === "converged" && !stale) {
        const { generation } = judgement.kind === "waiting" ? judgement : {};
        if (condition.generation === undefined && generation !== undefined) {
          condition = { ...condition, generation };
        }
      }
      const left = until - clock.monotonic();
      if (left <= 0 || options.signal?.aborted) {
        throw timedOut(condition, waiting, timeoutMs, stale);
      }
      await nextChange(sources, Math.min(left, lookEveryMs), options.signal);
    }
  };

/** Resolves after a change, when `delayMs` have passed, or when the caller gives up. */
const nextChange = (
  { clock, onChange }: WaitSources,
  delayMs: number,
  signal: AbortSignal | undefined,
): Promise<void> =>
  new Promise((resolve) => {
    const go = () => {
      cancel();
      end();
      signal?.removeEventListener("abort", go);
      // What changed in the same turn of the event loop is looked at together.
      clock.defer(resolve);
    };
    const cancel = clock.after(delayMs, go);
    const end = onChange(go);
    signal?.addEventListener("abort", go);
  });
