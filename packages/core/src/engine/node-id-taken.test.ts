/** One node id belongs to one running process at a time (I1). */
import { expect, test } from "bun:test";
import type { NodeId } from "../model/ids.ts";
import { journal, world } from "./engine-kit.test.ts";

test("a second node under the id of a running one is refused, and the first goes on", async () => {
  const { clock, endOf, finish, make, start } = world();
  const first = await start("n1");
  const second = make("n1");
  expect(await endOf(second.start())).toMatchObject({
    code: "NODE_ID_TAKEN",
    message: expect.stringContaining('the node id "n1"'),
  });
  expect(second.state).toBe("stopped");
  await finish(second.stop());
  await clock.runFor(5_000);
  expect(await finish(first.actor(journal, "a").ask.write({ line: "x" }))).toBe(1);
  expect(first.status()).toMatchObject({ verdict: "healthy", nodes: { up: 1 } });
});

test("a node under the id of one that was killed takes its place within a lease", async () => {
  const { backend, clock, finish, make, start } = world();
  const first = await start("n1");
  await finish(first.actor(journal, "a").ask.write({ line: "x" }));
  backend.kill("n1" as NodeId);
  const before = clock.monotonic();
  const second = make("n1");
  await finish(second.start());
  expect(clock.monotonic() - before).toBeLessThanOrEqual(1_600);
  expect(await finish(second.actor(journal, "a").ask.write({ line: "y" }))).toBe(2);
});

test("a node under the id of one that left joins at once", async () => {
  const { clock, finish, make, start } = world();
  const first = await start("n1");
  await finish(first.stop());
  const before = clock.monotonic();
  await finish(make("n1").start());
  expect(clock.monotonic() - before).toBeLessThan(200);
});

test("a node under the id of one that was killed waits out a store that restarts again and again", async () => {
  const { backend, clock, finish, make, server, start } = world();
  await start("n1");
  await start("n2");
  backend.kill("n1" as NodeId);
  const second = make("n1");
  const started = second.start({ timeoutMs: 30_000 });
  // Each restart draws out the leases of all nodes, the dead one's too.
  for (let restarts = 0; restarts < 5; restarts++) {
    await clock.runFor(1_200);
    server.restart({ keepData: true });
  }
  await finish(started);
  expect(second.state).toBe("running");
});
