/** Events are taken once and in order, kept up to a bound, and what is missing shows in the ids (I2, I4). */
import { compareEventIds, firstEventId, lastEventId, placeOf } from "../../model/event-id.ts";
import type { EventId, OutId } from "../../model/ids.ts";
import type { AddEventsAnswer, EventPage } from "../../ports/event-store.ts";
import { assertEqual, assertThat, only } from "./assert.ts";
import type { ConformanceCase } from "./context.ts";
import {
  bytes,
  claimShard,
  committed,
  imageOf,
  startNode,
  type TestNode,
  until,
} from "./test-node.ts";

const decoder = new TextDecoder();
const numbering = "1.first" as OutId;

const add = (
  { backend }: TestNode,
  first: number,
  texts: readonly string[],
  over: {
    readonly name?: string;
    readonly numbering?: OutId;
    readonly lostUpTo?: number;
    readonly keep?: number;
    readonly audited?: readonly number[];
    readonly keepAudited?: number;
  } = {},
): Promise<AddEventsAnswer> =>
  backend.events.add({
    source: {
      name: over.name ?? "shard 1",
      numbering: over.numbering ?? numbering,
      first,
      ...(over.lostUpTo !== undefined && { lostUpTo: over.lostUpTo }),
    },
    payloads: texts.map(bytes),
    audited: over.audited ?? [],
    keep: over.keep ?? 1_000,
    keepAudited: over.keepAudited ?? 1_000,
  });

const textsOf = ({ events }: EventPage): readonly string[] =>
  events.map(({ payload }) => decoder.decode(payload));
const behind = ({ backend }: TestNode, after: EventId = firstEventId, limit = 200) =>
  backend.events.page({ log: "events", after, limit });
const kept = async (node: TestNode): Promise<readonly string[]> => textsOf(await behind(node));

const audit = async ({ backend }: TestNode): Promise<readonly (readonly [string, number])[]> => {
  const page = await backend.events.page({ log: "audit", after: firstEventId, limit: 200 });
  return page.events.map(({ id, payload }) => [decoder.decode(payload), placeOf(id).n]);
};

export const eventCases: readonly ConformanceCase[] = [
  {
    title: "events of several sources stand in the order of their arrival, numbered without a gap",
    run: async (context) => {
      const node = await startNode(context);
      assertEqual(await behind(node), { events: [], first: "none", last: "none" }, "at first");
      assertEqual(await add(node, 1, ["a", "b"]), { kind: "added", last: 2 }, "one source");
      const other = { name: "shard 2" };
      assertEqual(await add(node, 1, ["c"], other), { kind: "added", last: 1 }, "another source");
      await context.advance(50);
      await add(node, 3, ["d"]);
      const page = await behind(node);
      assertEqual(textsOf(page), ["a", "b", "c", "d"], "events");
      const ids = page.events.map(({ id }) => id);
      assertEqual(
        ids.map((id) => placeOf(id).n),
        [1, 2, 3, 4],
        "numbers",
      );
      assertThat(
        ids.every((id, at) => at === 0 || compareEventIds(ids[at - 1] ?? id, id) < 0),
        "ids grow",
      );
      assertEqual([page.first, page.last], [ids[0], ids[3]], "edges");
    },
  },
  {
    title: "events that were taken are skipped one by one, however a batch is cut",
    run: async (context) => {
      const node = await startNode(context);
      await add(node, 1, ["a", "b"]);
      assertEqual(await add(node, 1, ["a", "b"]), { kind: "added", last: 2 }, "the same again");
      assertEqual(await add(node, 2, ["b", "c"]), { kind: "added", last: 3 }, "overlapping");
      assertEqual(await add(node, 1, ["a"]), { kind: "added", last: 3 }, "an old one");
      assertEqual(await kept(node), ["a", "b", "c"], "events");
    },
  },
  {
    title: "a new numbering begins at one, and late copies under older ones are still skipped",
    run: async (context) => {
      const node = await startNode(context);
      await add(node, 1, ["a"]);
      const second = { numbering: "2.second" as OutId };
      assertEqual(await add(node, 1, ["b"], second), { kind: "added", last: 1 }, "numbering");
      assertEqual(await add(node, 1, ["a"]), { kind: "added", last: 1 }, "a late copy");
      assertEqual(await kept(node), ["a", "b"], "events");
    },
  },
  {
    title:
      "events beyond the next number are refused until what was lost is named, and then show a gap",
    run: async (context) => {
      const node = await startNode(context);
      await add(node, 1, ["a"]);
      assertEqual(await add(node, 4, ["d"]), { kind: "gap", last: 1 }, "beyond the next");
      assertEqual(await kept(node), ["a"], "events");
      const lost = { lostUpTo: 3 };
      assertEqual(await add(node, 4, ["d"], lost), { kind: "added", last: 4 }, "named");
      assertEqual(await add(node, 4, ["d"], lost), { kind: "added", last: 4 }, "again");
      const page = await behind(node);
      assertEqual(textsOf(page), ["a", "d"], "events");
      assertEqual(
        page.events.map(({ id }) => placeOf(id).n),
        [1, 4],
        "numbers",
      );
    },
  },
  {
    title: "the oldest events make room for new ones, and the first id tells",
    run: async (context) => {
      const node = await startNode(context);
      await add(node, 1, ["a", "b", "c"], { keep: 3 });
      await add(node, 4, ["d", "e"], { keep: 3 });
      const page = await behind(node);
      assertEqual(textsOf(page), ["c", "d", "e"], "events");
      assertEqual(placeOf(page.first as EventId).n, 3, "number of the first");
      await add(node, 6, ["f", "g", "h", "i"], { keep: 2 });
      assertEqual(await kept(node), ["h", "i"], "after more than fit");
    },
  },
  {
    title: "pages go on behind an id, or back before one",
    run: async (context) => {
      const node = await startNode(context);
      await add(node, 1, ["a", "b", "c", "d"]);
      const { events } = await behind(node, firstEventId, 2);
      assertEqual(
        events.map(({ payload }) => decoder.decode(payload)),
        ["a", "b"],
        "a page",
      );
      const second = events[1]?.id ?? firstEventId;
      assertEqual(textsOf(await behind(node, second, 9)), ["c", "d"], "the next");
      const back = await node.backend.events.page({ log: "events", before: lastEventId, limit: 3 });
      assertEqual(textsOf(back), ["d", "c", "b"], "from the end");
      const before = await node.backend.events.page({ log: "events", before: second, limit: 3 });
      assertEqual(textsOf(before), ["a"], "before an id");
      const { events: none, first, last } = await behind(node, firstEventId, 0);
      assertEqual([none.length, first, last], [0, events[0]?.id, back.events[0]?.id], "edges only");
    },
  },
  {
    title: "the audit takes what it is given once, under ids and a bound of its own",
    run: async (context) => {
      const node = await startNode(context);
      const audited = { keep: 1, keepAudited: 3 };
      await add(node, 1, ["a", "b", "c"], { ...audited, audited: [0, 2] });
      assertEqual(
        await audit(node),
        [
          ["a", 1],
          ["c", 2],
        ],
        "of three",
      );
      await add(node, 1, ["a", "b", "c"], { ...audited, audited: [0, 2] });
      await add(node, 3, ["c", "d"], { ...audited, audited: [0, 1] });
      assertEqual(
        await audit(node),
        [
          ["a", 1],
          ["c", 2],
          ["d", 3],
        ],
        "each once",
      );
      await add(node, 5, ["e"], audited);
      await add(node, 6, ["f"], { ...audited, audited: [0] });
      assertEqual(
        await audit(node),
        [
          ["c", 2],
          ["d", 3],
          ["f", 4],
        ],
        "the newest ones",
      );
      assertEqual(await kept(node), ["f"], "events");
      const { first, last } = await node.backend.events.page({
        log: "audit",
        before: lastEventId,
        limit: 0,
      });
      assertEqual(
        [first, last].map((id) => placeOf(id as EventId).n),
        [2, 4],
        "edges",
      );
    },
  },
  {
    title: "the audit leaves a number out where events were lost",
    run: async (context) => {
      const node = await startNode(context);
      await add(node, 1, ["a"], { audited: [0] });
      await add(node, 5, ["e"], { lostUpTo: 4, audited: [0] });
      assertEqual(
        await audit(node),
        [
          ["a", 1],
          ["e", 3],
        ],
        "audit",
      );
    },
  },
  {
    title: "ids grow while the store's time is set back",
    needs: "rewind",
    run: async (context) => {
      const node = await startNode(context);
      await add(node, 1, ["a"]);
      await context.rewind?.(60_000);
      await add(node, 2, ["b"]);
      const { events } = await behind(node);
      const [one = firstEventId, two = firstEventId] = events.map(({ id }) => id);
      assertThat(compareEventIds(one, two) < 0, `${two} is behind ${one}`);
    },
  },
  {
    title: "a hint tells the newest event, and a repeat tells none",
    run: async (context) => {
      const node = await startNode(context);
      const told: EventId[] = [];
      await node.backend.bus.subscribe({ topic: "events" }, (message) => {
        if (message.topic === "events") told.push(message.last);
      });
      await add(node, 1, ["a", "b"]);
      await until(context, () => told.length > 0, "the hint");
      await add(node, 1, ["a", "b"]);
      await add(node, 3, ["c"]);
      await until(context, () => told.length > 1, "the second hint");
      const { events } = await behind(node);
      assertEqual(told, [events[1]?.id, events[2]?.id], "hints");
    },
  },
  {
    title: "events wait in `out` under a place of their own",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, 1);
      const message = { target: -1, outId: held.outId, n: 1, payload: bytes("a") };
      await committed(held, 1, { out: { add: [message], remove: [] } });
      const image = await imageOf(held);
      assertEqual(only(image.out, "out"), message, "message");
      assertEqual(image.outNumbers.get(-1), 1, "number");
      const { payload, ...named } = message;
      await committed(held, 2, { out: { add: [], remove: [named] } });
      assertEqual((await imageOf(held)).out, [], "after it was taken");
    },
  },
];
