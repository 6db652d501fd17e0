/** Dead letters: what could not be carried out, and what is done about it. */
import type { DeadLetterQuery, ReplayMany } from "@muster/core";
import { defineRoute, type Route } from "../route.ts";
import {
  letter,
  letterChange,
  letterCount,
  letterDetail,
  lettersQuery,
  replayBody,
  replayManyAnswer,
  replayManyBody,
  resolveBody,
} from "../schemas/dead-letters.ts";
import { idParams, listOf } from "../schemas/shared.ts";

/** What every change of a letter may end with, beside what is its own. */
const changeErrors = [
  "FORBIDDEN",
  "DEAD_LETTER_NOT_FOUND",
  "DEAD_LETTER_RESOLVED",
  "IDEMPOTENCY_CONFLICT",
  "MAILBOX_FULL",
  "BACKEND_UNAVAILABLE",
  "OUTCOME_UNKNOWN",
  "ASK_TIMEOUT",
] as const;

/** What was given, without what was left out. */
const given = <T extends object>(fields: object): T =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;

export const deadLetterRoutes: readonly Route[] = [
  defineRoute({
    method: "get",
    path: "/v1/dead-letters",
    tag: "Dead letters",
    summary: "What could not be carried out, oldest first",
    role: "operator",
    query: lettersQuery,
    answer: listOf(letter),
    errors: ["FORBIDDEN", "BACKEND_UNAVAILABLE"],
    handle: async ({ as, query }) => ({
      body: await as.deadLetters.list(given<DeadLetterQuery>(query)),
    }),
  }),
  defineRoute({
    method: "get",
    path: "/v1/dead-letters/count",
    tag: "Dead letters",
    summary: "How many dead letters nobody has resolved",
    role: "viewer",
    answer: letterCount,
    handle: ({ muster }) => ({ body: muster.deadLetters.count(), cacheable: true }),
  }),
  defineRoute({
    method: "post",
    path: "/v1/dead-letters/replay",
    tag: "Dead letters",
    summary: "Sends again what was put aside, of all unresolved letters that match",
    role: "operator",
    body: replayManyBody,
    answer: replayManyAnswer,
    errors: ["FORBIDDEN", "BACKEND_UNAVAILABLE"],
    handle: async ({ as, body: { filter, ...more }, idempotencyKey }) => ({
      body: await as.deadLetters.replayMany({
        ...given<Omit<ReplayMany, "filter">>(more),
        filter: given<ReplayMany["filter"]>(filter),
        ...idempotencyKey,
      }),
    }),
  }),
  defineRoute({
    method: "get",
    path: "/v1/dead-letters/{id}",
    tag: "Dead letters",
    summary: "One dead letter, with what was put aside",
    role: "operator",
    params: idParams,
    answer: letterDetail,
    errors: ["FORBIDDEN", "DEAD_LETTER_NOT_FOUND", "BACKEND_UNAVAILABLE"],
    handle: async ({ as, params }) => {
      // The bytes hold the secrets that the payload is shown without.
      const { bytes: _, ...shown } = await as.deadLetters.get(params.id);
      return { body: shown };
    },
  }),
  defineRoute({
    method: "post",
    path: "/v1/dead-letters/{id}/replay",
    tag: "Dead letters",
    summary: "Sends again what was put aside, once",
    role: "operator",
    params: idParams,
    body: replayBody,
    answer: letterChange,
    errors: ["DEAD_LETTER_NOT_REPLAYABLE", ...changeErrors],
    handle: async ({ as, params, body: { reason, again }, idempotencyKey }) => ({
      body: await as.deadLetters.replay(params.id, {
        reason,
        ...(again !== undefined && { again }),
        ...idempotencyKey,
      }),
    }),
  }),
  defineRoute({
    method: "post",
    path: "/v1/dead-letters/{id}/resolve",
    tag: "Dead letters",
    summary: "Says what became of a dead letter",
    role: "operator",
    params: idParams,
    body: resolveBody,
    answer: letterChange,
    errors: [...changeErrors],
    handle: async ({ as, params, body: { reason, to }, idempotencyKey }) => ({
      body: await as.deadLetters.resolve(params.id, {
        reason,
        ...(to !== undefined && { to }),
        ...idempotencyKey,
      }),
    }),
  }),
];
