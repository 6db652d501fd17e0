/** Claims, releases and what a superseded holder is told (I1). */
import { assertEqual, assertKind, assertThat, only } from "./assert.ts";
import type { ConformanceCase } from "./context.ts";
import {
  claimRequest,
  claimShard,
  commit,
  committed,
  freshClaimId,
  freshId,
  historyOf,
  inspect,
  startNode,
  startOfMail,
} from "./test-node.ts";

export const ownershipCases: readonly ConformanceCase[] = [
  {
    title: "a shard that was never claimed shows no owner",
    run: async (context) => {
      const node = await startNode(context);
      const shown = await inspect(node, 2);
      assertEqual(shown.claimId, "none", "claim");
      assertEqual(shown.owner, "none", "owner");
      assertEqual(shown.incarnation, "none", "incarnation");
      assertEqual(shown.historyId, "none", "history");
      assertEqual(shown.pending, 0, "pending");
    },
  },
  {
    title: "shards are inspected in the order asked",
    run: async (context) => {
      const node = await startNode(context);
      await claimShard(node, 3);
      const shown = await node.backend.shards.inspect({ shards: [3, 0, 2] });
      assertEqual(
        shown.map((one) => one.shard),
        [3, 0, 2],
        "order",
      );
    },
  },
  {
    title: "a granted claim is shown with its owner",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, 1);
      assertEqual(held.historyId, await historyOf(node, 1), "history");
      assertEqual(held.answer.unclean, [], "unclean take-overs");
      assertThat(held.epoch >= node.joined.now, "the epoch is at least the store's time");
      const shown = await inspect(node, 1);
      assertEqual(
        shown,
        {
          shard: 1,
          claimId: held.claim.claimId,
          owner: node.id,
          incarnation: node.incarnation,
          released: false,
          epoch: held.epoch,
          seq: 0,
          historyId: held.historyId,
          presentHistoryId: held.historyId,
          pending: 0,
          born: shown.born,
          written: { epoch: 0, seq: 0 },
          lossMark: "",
        },
        "ownership",
      );
    },
  },
  {
    title: "after a change of history a shard shows that its claim is of an earlier one",
    needs: "restart",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, 1);
      await context.restart?.();
      const shown = await inspect(node, 1);
      assertEqual(shown.historyId, held.historyId, "history of the claim");
      assertThat(shown.presentHistoryId !== held.historyId, "the present history is another one");
      const late = await node.backend.shards.claim(await claimRequest(node, 1, { seen: "none" }));
      const { ownership } = assertKind(late, "held", "claim");
      assertEqual(ownership.presentHistoryId, shown.presentHistoryId, "present history when held");
    },
  },
  {
    title: "a repeated claim answers the same and writes nothing",
    run: async (context) => {
      const node = await startNode(context);
      const request = await claimRequest(node, 1);
      const first = assertKind(await node.backend.shards.claim(request), "claimed", "first");
      const held = {
        ...first,
        node,
        answer: first,
        claim: {
          shard: 1,
          claimId: request.claimId,
          historyId: first.historyId,
        },
      };
      await committed(held, 1);
      await context.advance(20);
      assertEqual(await node.backend.shards.claim(request), first, "repeat");
      assertEqual((await inspect(node, 1)).seq, 1, "seq");
      await committed(held, 2);
    },
  },
  {
    title: "a claim that saw another claim than the present one is told who holds the shard",
    run: async (context) => {
      const one = await startNode(context, "web-1");
      const two = await startNode(context, "web-2");
      const stale = await claimRequest(two, 1);
      const held = await claimShard(one, 1);
      const answer = assertKind(await two.backend.shards.claim(stale), "held", "claim");
      assertEqual(answer.ownership, await inspect(one, 1), "ownership");
      assertEqual(answer.ownership.claimId, held.claim.claimId, "claim id");
    },
  },
  {
    title: "a take-over from a process that did not release raises the epoch and is remembered",
    run: async (context) => {
      const one = await startNode(context, "web-1");
      const two = await startNode(context, "web-2");
      const former = await claimShard(one, 1);
      const present = await claimShard(two, 1);
      assertThat(present.epoch > former.epoch, "epochs grow");
      const takeover = only(present.answer.unclean, "unclean take-overs");
      assertEqual(takeover.ended, former.epoch, "epoch that ended");
      assertEqual(takeover.entry, startOfMail, "newest entry");
      assertThat(takeover.at >= one.joined.now, "its time is the store's");
      assertEqual((await inspect(one, 1)).owner, two.id, "owner");
    },
  },
  {
    title: "a claim after a release is clean",
    run: async (context) => {
      const one = await startNode(context, "web-1");
      const two = await startNode(context, "web-2");
      const former = await claimShard(one, 1);
      assertEqual(
        await one.backend.shards.release({ claim: former.claim }),
        { kind: "released" },
        "release",
      );
      const shown = await inspect(two, 1);
      assertEqual(shown.released, true, "released");
      assertEqual(shown.claimId, former.claim.claimId, "the claim id stays");
      const present = await claimShard(two, 1);
      assertEqual(present.answer.unclean, [], "unclean take-overs");
      assertThat(present.epoch > former.epoch, "epochs grow");
    },
  },
  {
    title: "a repeated release answers released",
    run: async (context) => {
      const node = await startNode(context);
      const { claim } = await claimShard(node, 1);
      await node.backend.shards.release({ claim });
      assertEqual(await node.backend.shards.release({ claim }), { kind: "released" }, "repeat");
    },
  },
  {
    title: "a late copy of a release leaves the next claim alone",
    run: async (context) => {
      const node = await startNode(context);
      const former = await claimShard(node, 1);
      await node.backend.shards.release({ claim: former.claim });
      const present = await claimShard(node, 1);
      assertKind(
        await node.backend.shards.release({ claim: former.claim }),
        "fenced",
        "late release",
      );
      assertEqual((await inspect(node, 1)).released, false, "released");
      await committed(present, 1);
    },
  },
  {
    title: "a late copy of a claim is not granted after its release",
    run: async (context) => {
      const node = await startNode(context);
      const request = await claimRequest(node, 1);
      const first = assertKind(await node.backend.shards.claim(request), "claimed", "claim");
      const claim = {
        shard: 1,
        claimId: request.claimId,
        historyId: first.historyId,
      };
      await node.backend.shards.release({ claim });
      const late = assertKind(await node.backend.shards.claim(request), "held", "late copy");
      assertEqual(late.ownership.released, true, "released");
      assertEqual((await inspect(node, 1)).released, true, "released after the copy");
    },
  },
  {
    title: "a late copy of a claim is not granted after a take-over",
    run: async (context) => {
      const one = await startNode(context, "web-1");
      const two = await startNode(context, "web-2");
      const request = await claimRequest(one, 1);
      await one.backend.shards.claim(request);
      const present = await claimShard(two, 1);
      assertKind(await one.backend.shards.claim(request), "held", "late copy");
      assertEqual((await inspect(one, 1)).claimId, present.claim.claimId, "claim");
    },
  },
  {
    title: "an epoch lies above the highest the claimer knows",
    run: async (context) => {
      const node = await startNode(context);
      const known = node.joined.now + 5_000_000;
      assertEqual((await claimShard(node, 1, { epochKnown: known })).epoch, known + 1, "epoch");
      assertEqual((await claimShard(node, 1)).epoch, known + 2, "next epoch");
    },
  },
  {
    title: "a claim under an older membership than the shard has seen is refused with its mark",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, 1, { membershipVersion: 7 });
      const request = await claimRequest(node, 1, { membershipVersion: 6 });
      assertEqual(
        await node.backend.shards.claim(request),
        { kind: "stale-membership", seen: 7 },
        "older",
      );
      assertEqual((await inspect(node, 1)).claimId, held.claim.claimId, "claim");
      await claimShard(node, 1, { membershipVersion: 7 });
    },
  },
  {
    title: "a check leaves a membership version that refuses claims by an older list",
    run: async (context) => {
      const node = await startNode(context);
      const { shards } = node.backend;
      const held = await claimShard(node, 1, { membershipVersion: 7 });
      const other = await claimShard(node, 2, { membershipVersion: 7 });
      const lost = { ...other.claim, claimId: freshClaimId() };
      const checked = await shards.check({ claims: [held.claim, lost], membershipVersion: 9 });
      assertEqual(checked, [{ kind: "stands" }, { kind: "fenced" }], "check");
      const refused = await claimRequest(node, 1, { membershipVersion: 8 });
      assertEqual(await shards.claim(refused), { kind: "stale-membership", seen: 9 }, "older");
      // A lower one changes nothing; a claim that does not stand leaves none.
      await shards.check({ claims: [held.claim], membershipVersion: 3 });
      assertEqual(await shards.claim(refused), { kind: "stale-membership", seen: 9 }, "lower");
      await claimShard(node, 1, { membershipVersion: 9 });
      await claimShard(node, 2, { membershipVersion: 7 });
    },
  },
  {
    title: "nothing reruns before the latest lease of any owner that was taken over from",
    run: async (context) => {
      const node = await startNode(context);
      const { now } = node.joined;
      assertEqual(
        (await claimShard(node, 1, { notBefore: now + 900 })).answer.notBefore,
        now + 900,
        "first",
      );
      assertEqual(
        (await claimShard(node, 1, { notBefore: now + 300 })).answer.notBefore,
        now + 900,
        "lower",
      );
      assertEqual(
        (await claimShard(node, 1, { notBefore: now + 950 })).answer.notBefore,
        now + 950,
        "higher",
      );
    },
  },
  {
    title: "the out id stays across claims of one history",
    run: async (context) => {
      const node = await startNode(context);
      const first = await claimShard(node, 1);
      const second = await claimShard(node, 1);
      assertEqual(second.outId, first.outId, "out id");
    },
  },
  {
    title: "a superseded holder is refused everywhere and told its final number",
    run: async (context) => {
      const one = await startNode(context, "web-1");
      const two = await startNode(context, "web-2");
      const former = await claimShard(one, 1);
      await committed(former, 1);
      await committed(former, 2);
      await claimShard(two, 1);
      const { shards } = one.backend;
      const { claim } = former;
      const refusal = { kind: "fenced", finalSeq: 2 } as const;
      assertEqual(await commit(former, 3), refusal, "commit");
      assertEqual(await commit(former, 2), refusal, "repeated commit");
      assertEqual(await shards.load({ claim }), refusal, "load");
      assertEqual(await shards.fetch({ claim, actors: [], idempotencyKeys: [] }), refusal, "fetch");
      assertEqual(await shards.check({ claims: [claim] }), [refusal], "check");
      assertEqual(await shards.release({ claim }), refusal, "release");
      assertEqual((await inspect(two, 1)).seq, 0, "seq of the present claim");
    },
  },
  {
    title: "a released holder is refused and told its final number",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, 1);
      await committed(held, 1);
      await node.backend.shards.release({ claim: held.claim });
      assertEqual(await commit(held, 2), { kind: "fenced", finalSeq: 1 }, "commit");
      assertEqual(
        await node.backend.shards.load({ claim: held.claim }),
        { kind: "fenced", finalSeq: 1 },
        "load",
      );
    },
  },
  {
    title: "the final numbers of the last 16 claims are kept and no more",
    run: async (context) => {
      const node = await startNode(context);
      const seventeenth = await claimShard(node, 1);
      await committed(seventeenth, 1);
      const sixteenth = await claimShard(node, 1);
      await committed(sixteenth, 1);
      await committed(sixteenth, 2);
      for (let later = 0; later < 16; later++) await claimShard(node, 1);
      assertEqual(await commit(sixteenth, 3), { kind: "fenced", finalSeq: 2 }, "sixteenth");
      assertEqual(await commit(seventeenth, 2), { kind: "fenced" }, "seventeenth");
    },
  },
  {
    title: "a claim id that was never granted is refused without a final number",
    run: async (context) => {
      const node = await startNode(context);
      const held = await claimShard(node, 1);
      const stranger = {
        ...held,
        claim: { ...held.claim, claimId: freshClaimId() },
      };
      assertEqual(await commit(stranger, 1), { kind: "fenced" }, "commit");
    },
  },
  {
    title: "each claim asked about is answered by itself and in order",
    run: async (context) => {
      const node = await startNode(context);
      const former = await claimShard(node, 1);
      const present = await claimShard(node, 1);
      const other = await claimShard(node, 2);
      assertEqual(
        await node.backend.shards.check({
          claims: [other.claim, former.claim, present.claim],
        }),
        [{ kind: "stands" }, { kind: "fenced", finalSeq: 0 }, { kind: "stands" }],
        "answers",
      );
    },
  },
  {
    title: "one of two racing claims is granted",
    run: async (context) => {
      const one = await startNode(context, "web-1");
      const two = await startNode(context, "web-2");
      const first = await claimRequest(one, 1);
      const second = await claimRequest(two, 1);
      const answers = await Promise.all([
        one.backend.shards.claim(first),
        two.backend.shards.claim(second),
      ]);
      only(
        answers.filter((answer) => answer.kind === "claimed"),
        "granted",
      );
    },
  },
  {
    title: "ids with unusual characters are told apart",
    run: async (context) => {
      const node = await startNode(context, "web.1_a-b");
      const held = await claimShard(node, 1, {
        claimId: `${freshId("c")}-_:{}|,"'` as ReturnType<typeof freshClaimId>,
      });
      await committed(held, 1);
      assertEqual((await inspect(node, 1)).owner, node.id, "owner");
    },
  },
];
