/** What a shard holds, read for its checks: all of it, as one step, by anybody. */
import type { ActorKey } from "../../model/ids.ts";
import type { ShardSurvey, SurveyRequest } from "../../ports/shard-survey.ts";
import { assertEqual, assertKind, only } from "./assert.ts";
import type { ConformanceCase } from "./context.ts";
import {
  append,
  bytes,
  claimShard,
  committed,
  inspect,
  producerOf,
  startNode,
  type TestNode,
} from "./test-node.ts";

const surveyOf = async (
  node: TestNode,
  over: Partial<SurveyRequest> = {},
): Promise<ShardSurvey> => {
  const request = { shard: 1, views: ["counter", "other"], states: ["counter"], limit: 10 };
  const answer = await node.backend.shards.survey({ ...request, ...over });
  return assertKind(answer, "surveyed", "survey");
};
const textOf = (value: Uint8Array): string => new TextDecoder().decode(value);
const listOf = <T>(items: readonly T[] | "too-many"): readonly T[] =>
  items === "too-many" ? [] : items;
const record = (id: string) => ({ id, record: bytes(`record ${id}`) });
const key = (name: string) => name as ActorKey;

export const surveyCases: readonly ConformanceCase[] = [
  {
    title: "a survey of a shard that nothing was written to finds nothing in it",
    run: async (context) => {
      const node = await startNode(context);
      const { ownership, kind: _, states, ...parts } = await surveyOf(node);
      assertEqual(ownership, await inspect(node, 1), "ownership");
      assertEqual(states, [], "states");
      const none = { count: 0, items: [] };
      assertEqual(
        parts,
        {
          outId: "none",
          mail: { count: 0, oldest: [] },
          partial: none,
          actors: none,
          timers: none,
          effects: none,
          deferrals: none,
          out: none,
          outNumbers: new Map(),
          views: [
            { n: 0, rows: none },
            { n: 0, rows: none },
          ],
          replies: { kept: 0, expiring: 0 },
          letters: { open: 0, resolved: 0, heads: 0, bodies: 0 },
        },
        "parts",
      );
    },
  },
  {
    title: "a survey tells all that a commit wrote, whoever asks",
    run: async (context) => {
      const held = await claimShard(await startNode(context), 1);
      const other = await startNode(context, "web-2");
      const letter = (id: string) => ({ id, at: 1_000, head: bytes("head"), body: bytes("body") });
      await committed(held, 1, {
        states: [
          { key: key("counter/a"), state: bytes("state a") },
          { key: key("note/b"), state: bytes("state b") },
        ],
        timers: { set: [{ member: bytes("timer"), dueAt: 5_000 }], remove: [] },
        effects: { put: [record("effect")], remove: [] },
        deferrals: { put: [record("ask")], remove: [] },
        out: {
          add: [{ target: 2, outId: held.outId, n: 1, payload: bytes("x") }],
          remove: [],
        },
        views: [{ kind: "counter", rows: [{ id: "a", row: bytes("row a") }] }],
        idempotency: {
          put: [{ key: "k", record: bytes("reply"), expiresAt: 10 ** 13 }],
          expireBefore: 0,
        },
        dead: { put: [letter("l1"), letter("l2")], resolve: [], keep: 10 },
      });
      await committed(held, 2, {
        dead: { put: [], resolve: [{ id: "l1", head: bytes("done") }], keep: 10 },
      });
      await append(held.node, 1, producerOf(held.node), 1, { text: "batch" });
      const seen = await surveyOf(other);
      assertEqual(seen.ownership, await inspect(other, 1), "ownership");
      assertEqual(seen.outId, held.outId, "out id");
      assertEqual(
        seen.mail.oldest.map(({ payloads }) => payloads.map(textOf)),
        [["batch"]],
        "mail",
      );
      assertEqual(seen.mail.count, 1, "mail count");
      assertEqual(listOf(seen.actors.items).toSorted(), ["counter/a", "note/b"], "actors");
      assertEqual(
        seen.states.map(({ actor, state }) => [actor, textOf(state)]),
        [["counter/a", "state a"]],
        "states of the kinds asked for",
      );
      assertEqual(
        listOf(seen.timers.items).map(({ member, dueAt }) => [textOf(member), dueAt]),
        [["timer", 5_000]],
        "timers",
      );
      const asked = await surveyOf(other, {
        states: [],
        stateOf: [key("note/b"), key("note/none")],
        limit: 1,
      });
      assertEqual(
        asked.states.map(({ actor, state }) => [actor, textOf(state)]),
        [["note/b", "state b"]],
        "states of the actors asked for",
      );
      for (const [name, part] of [
        ["effect", seen.effects],
        ["ask", seen.deferrals],
      ] as const) {
        assertEqual(
          listOf(part.items).map(({ id, record: stored }) => [id, textOf(stored)]),
          [[name, `record ${name}`]],
          name,
        );
      }
      assertEqual(seen.out, { count: 1, items: [{ target: 2, outId: held.outId, n: 1 }] }, "out");
      assertEqual([...seen.outNumbers], [[2, 1]], "out numbers");
      const [counters, others] = seen.views;
      const listed = only(await other.backend.views.list({ kind: "counter", shards: [1] }), "list");
      assertEqual(counters?.n, listed.version.n, "version");
      assertEqual(
        listOf(counters?.rows.items ?? []).map(({ id, record: row }) => [id, textOf(row)]),
        [["a", "row a"]],
        "rows",
      );
      assertEqual(others, { n: 0, rows: { count: 0, items: [] } }, "rows of another kind");
      assertEqual(seen.replies, { kept: 1, expiring: 1 }, "replies");
      assertEqual(seen.letters, { open: 1, resolved: 1, heads: 2, bodies: 2 }, "letters");
    },
  },
  {
    title: "a survey counts what is too many to be listed",
    run: async (context) => {
      const held = await claimShard(await startNode(context), 1);
      const names = ["a", "b", "c"];
      await committed(held, 1, {
        states: names.map((name) => ({ key: key(`counter/${name}`), state: bytes(name) })),
        timers: { set: names.map((name) => ({ member: bytes(name), dueAt: 9 })), remove: [] },
        effects: { put: names.slice(0, 2).map(record), remove: [] },
        views: [{ kind: "counter", rows: names.map((id) => ({ id, row: bytes(id) })) }],
      });
      const seen = await surveyOf(held.node, { limit: 2 });
      const tooMany = { count: 3, items: "too-many" };
      assertEqual(seen.actors, tooMany, "actors");
      assertEqual(seen.states, [], "states");
      assertEqual(seen.timers, tooMany, "timers");
      assertEqual(seen.views[0]?.rows, tooMany, "rows");
      assertEqual(listOf(seen.effects.items).length, 2, "effects");
    },
  },
  {
    title: "a survey of a shard without a record tells that it is lost",
    needs: "loseData",
    run: async (context) => {
      const node = await startNode(context);
      await context.loseData?.();
      const request = { shard: 1, views: [], states: [], limit: 10 };
      assertKind(await node.backend.shards.survey(request), "lost", "survey");
    },
  },
];
