/** Changes of dead letters under one principal: each is a command to the letter, in its own shard. */
import type { ActorTarget, AnyProtocol } from "../engine/compose-message.ts";
import { letterKind, letterProtocol } from "../engine/letter-kind.ts";
import type { Node } from "../engine/node.ts";
import type { Outcome } from "../engine/wire.ts";
import { type ErrorCode, errorCodes, isMusterError, MusterError } from "../errors.ts";
import type { Clock } from "../ports/clock.ts";
import { type Principal, requireReason } from "../principal.ts";
import { managedApps, manages } from "./grant.ts";
import { letterView } from "./letter-view.ts";
import type {
  DeadLetter,
  DeadLetterDetail,
  DeadLettersChanges,
  ReplayMany,
  ReplayManyAnswer,
} from "./model.ts";
import { type Place, writeCursor } from "./read-letters.ts";
import { type DeadLetterReads, letterNotFound, limitOf } from "./service.ts";

export interface DeadLettersChangesSources {
  readonly node: Node;
  readonly clock: Clock;
  readonly principal: Principal;
  readonly reads: DeadLetterReads;
}

/** How long a repeat of a change with its key gets the first answer. */
const keepKeyMs = 86_400_000;
const waitForCountsMs = 500;
const defaultRate = 50;
const mostRate = 1_000;
/** A call that sends many again ends after so long, and says where to go on. */
const mostReplayMs = 10_000;

const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(errorCodes, code);

type LetterAnswer =
  | { readonly kind: "head"; readonly head: Uint8Array }
  | { readonly kind: "refused"; readonly refusal: string };

const answerOf = (op: string, outcome: Outcome): LetterAnswer => {
  if (outcome.kind === "refusal") return { kind: "refused", refusal: outcome.refusal };
  if (outcome.kind === "value" && outcome.value instanceof Uint8Array) {
    return { kind: "head", head: outcome.value };
  }
  const { code, message } =
    outcome.kind === "error" ? outcome : { code: "HANDLER_FAILED", message: "no letter came back" };
  throw new MusterError(isErrorCode(code) ? code : "HANDLER_FAILED", `${op}: ${message}`, {
    op,
    outcome: "not-applied",
  });
};

export const createDeadLettersChanges = (
  sources: DeadLettersChangesSources,
): DeadLettersChanges => {
  const { node, clock, principal, reads } = sources;

  /** The letter as it is, for a principal that may manage it. */
  const allowed = async (op: string, id: string): Promise<DeadLetterDetail> => {
    const apps = managedApps(principal, op);
    const letter = await reads.get(id);
    if (manages(apps, letter.appId)) return letter;
    // As if there were none: whose letters there are is nobody else's business.
    throw letterNotFound(op, id);
  };

  const refused = async (op: string, id: string, refusal: string): Promise<MusterError> => {
    const details = { op, outcome: "not-applied" } as const;
    if (refusal === "not-found") return letterNotFound(op, id);
    if (refusal === "not-replayable") {
      return new MusterError(
        "DEAD_LETTER_NOT_REPLAYABLE",
        `${op}: there is nothing in the letter "${id}" that could be sent again.`,
        { ...details, hint: "Do what is left to do through the actor, then resolve the letter." },
      );
    }
    const { resolution } = await reads.get(id);
    const text = `${op}: the letter "${id}" is resolved already, as ${resolution ?? "nothing"}.`;
    return new MusterError("DEAD_LETTER_RESOLVED", text, {
      ...details,
      ...(resolution && { current: resolution }),
      hint: "To send it again all the same, say so: `again: true`.",
    });
  };

  const change = async (
    op: string,
    command: "replay" | "resolve",
    before: DeadLetterDetail,
    input: object,
    idempotencyKey: string | undefined,
  ): Promise<{ readonly letter: DeadLetter; readonly changed: boolean }> => {
    const { id, shard } = before;
    const protocol = letterProtocol as unknown as AnyProtocol;
    const target: ActorTarget = { protocol, id, shard, origin: undefined };
    const options = {
      principal,
      failFast: true,
      keepKeyMs,
      ...(idempotencyKey !== undefined && { idempotencyKey }),
    };
    const table = node.view(letterKind);
    const counts = table?.get(String(shard));
    const answer = await node.ask(target, command, input, options, (outcome) =>
      answerOf(op, outcome),
    );
    if (answer.kind === "refused") throw await refused(op, id, answer.refusal);
    const letter = letterView(shard, { id, head: answer.head });
    const changed = letter.resolution !== before.resolution || letter.replays !== before.replays;
    if (changed && before.resolution === null) {
      // So that the next status of this node tells of it.
      const isCounted = () => table?.get(String(shard)) !== counts;
      await table?.waitUntil(isCounted, { timeoutMs: waitForCountsMs, id: String(shard) });
    }
    return { letter, changed };
  };

  const replay: DeadLettersChanges["replay"] = async (id, request) => {
    const op = "deadLetters.replay";
    requireReason(request.reason, op);
    const before = await allowed(op, id);
    const { reason, again = false, idempotencyKey } = request;
    return change(op, "replay", before, { reason, again }, idempotencyKey);
  };

  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      clock.after(ms, resolve);
    });

  const replayMany = async (request: ReplayMany): Promise<ReplayManyAnswer> => {
    const op = "deadLetters.replayMany";
    const { filter, reason, dryRun = false, ratePerSecond = defaultRate, cursor } = request;
    requireReason(reason, op);
    const apps = managedApps(principal, op);
    if (!(ratePerSecond > 0 && ratePerSecond <= mostRate)) {
      const message = `must be above 0, up to ${mostRate}`;
      throw new MusterError("VALIDATION", `${op}: ratePerSecond ${message}.`, {
        op,
        outcome: "not-applied",
        fieldErrors: { ratePerSecond: message },
      });
    }
    const query = { ...filter, unresolved: true, limit: limitOf(op, request.limit) };
    const { found, next } = await reads.find(
      op,
      { ...query, ...(cursor !== undefined && { cursor }) },
      ({ appId }) => manages(apps, appId),
    );
    const startedAt = clock.monotonic();
    const items: ReplayManyAnswer["items"][number][] = [];
    let last: Place | undefined;
    for (const { letter, place } of found) {
      const dueMs = (items.length * 1_000) / ratePerSecond;
      if (!dryRun && dueMs > mostReplayMs && last) {
        return { items, nextCursor: writeCursor(last), dryRun };
      }
      const waitMs = startedAt + dueMs - clock.monotonic();
      if (!dryRun && waitMs > 0) await pause(waitMs);
      const { id } = letter;
      items.push(
        dryRun
          ? { id, result: "would-replay" }
          : await replayOne(id, reason, request.idempotencyKey),
      );
      last = place;
    }
    return { items, ...(next && { nextCursor: writeCursor(next) }), dryRun };
  };

  const replayOne = async (
    id: string,
    reason: string,
    key: string | undefined,
  ): Promise<ReplayManyAnswer["items"][number]> => {
    try {
      await replay(id, { reason, ...(key !== undefined && { idempotencyKey: `${key}:${id}` }) });
      return { id, result: "replayed" };
    } catch (error) {
      if (!isMusterError(error)) throw error;
      const { code, message } = error;
      const passed = code === "DEAD_LETTER_RESOLVED" || code === "DEAD_LETTER_NOT_REPLAYABLE";
      return { id, result: passed ? "skipped" : "failed", code, message };
    }
  };

  return {
    list: async (query = {}) => {
      const apps = managedApps(principal, "deadLetters.list");
      const may = ({ appId }: DeadLetter) => manages(apps, appId);
      return reads.pageOf(await reads.find("deadLetters.list", query, may));
    },
    get: (id) => allowed("deadLetters.get", id),
    count: () => reads.count(),
    replay,
    resolve: async (id, request) => {
      const op = "deadLetters.resolve";
      requireReason(request.reason, op);
      const before = await allowed(op, id);
      const { reason, to = "ignored", idempotencyKey } = request;
      return change(op, "resolve", before, { to, reason }, idempotencyKey);
    },
    replayMany,
  };
};
