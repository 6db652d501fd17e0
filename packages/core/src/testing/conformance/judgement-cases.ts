/** Heartbeats: leases, suspicion, and who must not be judged. */
import { assertEqual, assertThat } from "./assert.ts";
import type { ConformanceCase, ConformanceContext } from "./context.ts";
import {
  beat,
  beatFor,
  confirmMs,
  leaseMs,
  openNode,
  recordOf,
  startNode,
  type TestNode,
} from "./test-node.ts";

const stepMs = leaseMs / 6;

const twoUp = async (context: ConformanceContext): Promise<readonly [TestNode, TestNode]> => {
  const first = await startNode(context, "web-1");
  const second = await startNode(context, "web-2");
  // Longer than a lease, so that no store still ignores its probes after connecting.
  await beatFor(context, [first, second], leaseMs + stepMs);
  return [first, second];
};

/** Beats `judge` until `suspect` or the lease of the closed peer would end anyway. */
const suspicionOf = async (
  context: ConformanceContext,
  judge: TestNode,
  id: string,
): Promise<void> => {
  const deadline = (await recordOf(judge, id)).leaseUntil;
  for (;;) {
    const { now } = await beat(judge);
    if ((await recordOf(judge, id)).state === "suspect") return;
    assertThat(now < deadline, `${id} is not suspect within its lease`);
    await context.advance(confirmMs / 2);
  }
};

export const judgementCases: readonly ConformanceCase[] = [
  {
    title: "a heartbeat extends the lease by the store's time",
    run: async (context) => {
      const node = await startNode(context, "web-1");
      const before = await beat(node);
      await context.advance(stepMs);
      const { now } = await beat(node);
      assertThat(now >= before.now + stepMs - 5, "the store's time moves");
      const { leaseUntil, lastHeartbeatAt } = await recordOf(node, "web-1");
      assertEqual(leaseUntil, now + leaseMs, "lease");
      assertEqual(lastHeartbeatAt, now, "last heartbeat");
    },
  },
  {
    title: "a heartbeat that changes nothing leaves the version alone",
    run: async (context) => {
      const node = await startNode(context, "web-1");
      const first = await beat(node);
      await context.advance(stepMs);
      assertEqual((await beat(node)).version, first.version, "version");
      assertEqual((await node.backend.membership.list()).version, first.version, "listed");
    },
  },
  {
    title: "a heartbeat with another state raises the version and is listed",
    run: async (context) => {
      const node = await startNode(context, "web-1");
      const up = await beat(node);
      assertThat(up.version > node.joined.version, "up raises the version");
      assertEqual((await recordOf(node, "web-1")).state, "up", "state");
      const draining = await beat(node, { state: "draining" });
      assertThat(draining.version > up.version, "draining raises the version");
      assertEqual((await recordOf(node, "web-1")).state, "draining", "state");
    },
  },
  {
    title: "a heartbeat without figures keeps the last ones",
    run: async (context) => {
      const node = await startNode(context, "web-1");
      const stats = { shards: 3, loopLagMs: 7, memoryBytes: 99 };
      await beat(node, { stats });
      await beat(node);
      assertEqual((await recordOf(node, "web-1")).stats, stats, "stats");
    },
  },
  {
    title: "a heartbeat tells dataset and history as the join did",
    run: async (context) => {
      const node = await startNode(context, "web-1");
      const answer = await beat(node);
      assertEqual(answer.datasetId, node.joined.datasetId, "dataset");
      assertEqual(answer.historyId, node.joined.historyId, "history");
      assertEqual(answer.wasGone, false, "wasGone");
      assertEqual(answer.flaps, 0, "flaps");
    },
  },
  {
    title: "a node that stops beating while connected is lost when its lease ends, not before",
    run: async (context) => {
      const [judge, silent] = await twoUp(context);
      const { leaseUntil } = await recordOf(judge, silent.id);
      for (;;) {
        await context.advance(stepMs);
        const { now } = await beat(judge);
        const { state } = await recordOf(judge, silent.id);
        if (state === "lost") {
          assertThat(now > leaseUntil, "not before the lease has ended");
          return;
        }
        assertEqual(state, "up", "state within the lease");
        assertThat(now <= leaseUntil + 2 * stepMs, "lost once the lease has ended");
      }
    },
  },
  {
    title: "a lost node that beats is up again and told that it was gone",
    run: async (context) => {
      const [judge, silent] = await twoUp(context);
      await beatFor(context, [judge], leaseMs + 2 * stepMs);
      assertEqual((await recordOf(judge, silent.id)).state, "lost", "state");
      const before = (await beat(judge)).version;
      const answer = await beat(silent);
      assertEqual(answer.wasGone, true, "wasGone");
      assertEqual(answer.flaps, 1, "flaps");
      assertThat(answer.version > before, "the return raises the version");
      assertEqual((await recordOf(judge, silent.id)).state, "up", "state");
    },
  },
  {
    title: "that a node was gone still shows in the answer after the one that was lost",
    run: async (context) => {
      const [judge, silent] = await twoUp(context);
      await beatFor(context, [judge], leaseMs + 2 * stepMs);
      await beat(silent);
      const repeat = await beat(silent);
      assertEqual(repeat.wasGone, false, "wasGone");
      assertEqual(repeat.flaps, 1, "flaps");
    },
  },
  {
    title: "a node whose connections vanish is suspect within its lease",
    run: async (context) => {
      const [judge, dead] = await twoUp(context);
      await dead.backend.close();
      const before = (await beat(judge)).version;
      await suspicionOf(context, judge, dead.id);
      assertThat((await beat(judge)).version > before, "suspicion raises the version");
    },
  },
  {
    title: "a missing alive subscription is believed only when seen again after the delay",
    run: async (context) => {
      const [judge, dead] = await twoUp(context);
      await dead.backend.close();
      await context.settle();
      const first = await beat(judge, { confirmMs: 300 });
      assertThat(
        first.recheckMs !== undefined && first.recheckMs > 0 && first.recheckMs <= 300,
        `asks for a second look, got ${first.recheckMs}`,
      );
      assertEqual((await recordOf(judge, dead.id)).state, "up", "state at first sight");
      await beat(judge, { confirmMs: 300 });
      assertEqual((await recordOf(judge, dead.id)).state, "up", "state when asked at once");
    },
  },
  {
    title: "a node that connects again within the delay is not suspect",
    run: async (context) => {
      const [judge, flaky] = await twoUp(context);
      await flaky.backend.close();
      await context.settle();
      await beat(judge, { confirmMs: 300 });
      const again = await openNode(context, flaky.id, flaky.incarnation);
      await context.advance(stepMs);
      assertEqual((await beat(judge, { confirmMs: 300 })).recheckMs, undefined, "second look");
      await context.advance(stepMs * 2);
      await beat(judge, { confirmMs: 300 });
      assertEqual((await recordOf(judge, flaky.id)).state, "up", "state");
      await again.close();
      await context.settle();
      await beat(judge, { confirmMs: 300 });
      assertEqual((await recordOf(judge, flaky.id)).state, "up", "state at its next absence");
    },
  },
  {
    title: "a suspect that beats is up again and told that it was gone",
    run: async (context) => {
      const [judge, flaky] = await twoUp(context);
      await flaky.backend.close();
      await suspicionOf(context, judge, flaky.id);
      const backend = await openNode(context, flaky.id, flaky.incarnation);
      const answer = await beat({ ...flaky, backend });
      assertEqual(answer.wasGone, true, "wasGone");
      assertEqual(answer.flaps, 1, "flaps");
      assertEqual((await recordOf(judge, flaky.id)).state, "up", "state");
    },
  },
  {
    title: "a suspect whose lease ends is lost and was gone once",
    run: async (context) => {
      const [judge, flaky] = await twoUp(context);
      await flaky.backend.close();
      await suspicionOf(context, judge, flaky.id);
      await beatFor(context, [judge], leaseMs + 2 * stepMs);
      assertEqual((await recordOf(judge, flaky.id)).state, "lost", "state");
      const backend = await openNode(context, flaky.id, flaky.incarnation);
      assertEqual((await beat({ ...flaky, backend })).flaps, 1, "flaps");
    },
  },
  {
    title: "a node that has left is not judged",
    run: async (context) => {
      const [judge, gone] = await twoUp(context);
      await gone.backend.membership.leave({
        nodeId: gone.id,
        incarnation: gone.incarnation,
      });
      await gone.backend.close();
      await beatFor(context, [judge], leaseMs + 2 * stepMs);
      assertEqual((await recordOf(judge, gone.id)).state, "left", "state");
    },
  },
  {
    title: "after a stall of the store nobody is judged and all leases start anew",
    run: async (context) => {
      const [judge, other] = await twoUp(context);
      await context.advance(3 * leaseMs);
      const { now } = await beat(judge);
      const record = await recordOf(judge, other.id);
      assertEqual(record.state, "up", "state");
      assertThat(record.leaseUntil >= now + leaseMs, "the lease starts anew");
    },
  },
  {
    title: "a node that stays silent after a stall is lost one lease later",
    run: async (context) => {
      const [judge, silent] = await twoUp(context);
      await context.advance(3 * leaseMs);
      await beatFor(context, [judge], leaseMs + 2 * stepMs);
      assertEqual((await recordOf(judge, silent.id)).state, "lost", "state");
    },
  },
  {
    title: "after a change of history nobody is judged",
    needs: "restart",
    run: async (context) => {
      const [judge, other] = await twoUp(context);
      await beatFor(context, [judge], leaseMs - stepMs);
      await context.restart?.();
      await context.advance(stepMs * 2);
      const answer = await beat(judge);
      assertThat(answer.historyId !== judge.joined.historyId, "the history is another one");
      const record = await recordOf(judge, other.id);
      assertEqual(record.state, "up", "state");
      assertThat(record.leaseUntil >= answer.now + leaseMs, "the lease starts anew");
    },
  },
  {
    title: "for one lease after connecting again a missing subscription proves nothing",
    needs: "restart",
    run: async (context) => {
      const [judge, other] = await twoUp(context);
      await context.restart?.();
      await beat(judge);
      await beat(other);
      await other.backend.close();
      for (let passed = 0; passed < leaseMs - 2 * stepMs; passed += stepMs) {
        await context.advance(stepMs);
        assertEqual((await beat(judge)).recheckMs, undefined, "second look");
        assertEqual((await recordOf(judge, other.id)).state, "up", "state");
      }
    },
  },
  {
    title: "time that goes backwards judges nobody",
    needs: "rewind",
    run: async (context) => {
      const [judge, other] = await twoUp(context);
      await context.rewind?.(3_600_000);
      const { now } = await beat(judge);
      const record = await recordOf(judge, other.id);
      assertEqual(record.state, "up", "state");
      assertEqual(record.leaseUntil, now + leaseMs, "the lease starts anew");
      await beatFor(context, [judge, other], leaseMs);
      assertEqual((await recordOf(judge, other.id)).state, "up", "state while beating");
    },
  },
];
