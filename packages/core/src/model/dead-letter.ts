/** What was put aside because it could not be carried out, and what became of it. */
import type { ActorKey, RedisMs } from "./ids.ts";

/** Why it was put aside. */
export const deadReasons = Object.freeze([
  /** Its handler threw at each attempt. */
  "handler_threw",
  /** Each process that ran it ended, as far as can be told. */
  "crash_loop",
  /** Its bytes cannot be understood. */
  "unreadable",
  /** As many messages of a kind that the owner does not know wait as may. */
  "unknown_kind",
  "unknown_command",
  /** The command's schema refuses its input. */
  "invalid_input",
  /** The state of its actor cannot be read. */
  "state_unreadable",
  /** What its handler decided is over a bound. */
  "over_bound",
] as const);
export type DeadReason = (typeof deadReasons)[number];

/** What it was: a message, a timer, an effect, an ask to be answered later, or a batch of messages. */
export const deadWorks = Object.freeze(["message", "timer", "effect", "ask", "mail"] as const);
export type DeadWork = (typeof deadWorks)[number];

export const resolutions = Object.freeze([
  "replayed",
  "ignored",
  "handled_by_script",
  "handler_failed",
] as const);
/** What became of a letter; `replayed`: what was put aside was sent again. */
export type Resolution = (typeof resolutions)[number];

/** What is told of a letter, without what was put aside. */
export interface LetterHead {
  readonly work: DeadWork;
  readonly reason: DeadReason;
  /** Absent where it cannot be told, as for a batch that cannot be understood. */
  readonly actor: ActorKey | undefined;
  readonly command: string | undefined;
  readonly sender: string | undefined;
  readonly principal: string | undefined;
  /** Attempts that failed, and starts that were not survived. */
  readonly attempts: number;
  readonly firstAt: RedisMs;
  readonly lastAt: RedisMs;
  readonly error: string;
  readonly createdAt: RedisMs;
  /** Number of the message within its batch; -1 for a whole batch. */
  readonly index: number;
  readonly resolution:
    | {
        readonly to: Resolution;
        readonly at: RedisMs;
        readonly by: string | undefined;
        readonly reason: string;
      }
    | undefined;
  readonly replays: number;
}
