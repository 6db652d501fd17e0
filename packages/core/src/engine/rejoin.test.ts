/** A node whose registration was lost with the data joins again, whatever becomes of the answers. */
import { expect, test } from "bun:test";
import { fatesByPlan } from "../testing/fates.ts";
import { calmPlan } from "../testing/fault-plan.ts";
import { seededRandom } from "../testing/seeded-random.ts";
import { journal, world } from "./engine-kit.test.ts";

test("a node whose late join was taken by data made anew joins it itself", async () => {
  const calm = fatesByPlan(() => calmPlan, seededRandom(3));
  const { clock, endOf, finish, idOwnedBy, server, settled, start } = world({
    fates: {
      ...calm,
      // A copy of the first join is executed after the data was lost.
      call: (of) => ({
        ...calm.call(of),
        ...(of.nodeId === "n2" && of.op === "join" && of.nth === 1 && { copyAfterMs: 6_000 }),
      }),
    },
  });
  await start("n1");
  const joinedAt = clock.monotonic();
  const second = await start("n2");
  await clock.run(joinedAt + 6_000);
  server.flush();
  await settled();
  const { ask } = second.actor(journal, await idOwnedBy("n1"));
  await endOf(ask.write({ line: "x" }));
  await finish(ask.write({ line: "y" }));
  expect(await finish(ask.read({}))).toContain("y");
});

test("a node whose join took effect unanswered can send to the other nodes' shards", async () => {
  const calm = fatesByPlan(() => calmPlan, seededRandom(3));
  const { endOf, finish, idOwnedBy, server, settled, start, until } = world({
    fates: {
      ...calm,
      call: (of) => ({
        ...calm.call(of),
        replyLost: of.nodeId === "n2" && of.op === "join" && of.nth === 2,
      }),
    },
  });
  await start("n1");
  const second = await start("n2");
  server.flush();
  await settled();
  await until(() => second.status().verdict !== "unknown");
  const elsewhere = await idOwnedBy("n1");
  const { ask } = second.actor(journal, elsewhere);
  // What was under way to the lost mailbox is settled first; then all is as before.
  await endOf(ask.write({ line: "x" }));
  await finish(ask.write({ line: "y" }));
  expect(await finish(ask.read({}))).toContain("y");
});
