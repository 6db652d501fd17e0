/** What one sender sends to one actor is handled in the order in which it was sent (I4). */
import { expect, test } from "bun:test";
import { journal, world } from "./engine-kit.test.ts";

const names = (count: number) => Array.from({ length: count }, (_, n) => `line ${n}`);

test.each([
  ["on the caller's own node", "n1"],
  ["on another node", "n2"],
])("asks and tells sent without waiting are handled in order by an actor %s", async (_, owner) => {
  const { finish, idOwnedBy, read, start } = world();
  const n1 = await start("n1");
  await start("n2");
  const id = await idOwnedBy(owner);
  const lines = names(60);
  const { ask, tell } = n1.actor(journal, id);
  const sent = lines.map((line, n) =>
    n % 3 === 0 ? tell.write({ line }) : ask.write({ line }).then(() => {}),
  );
  await finish(Promise.all(sent));
  expect(await read(n1, id)).toEqual(lines);
});

test("the order holds while the actor moves to the caller's node and away again", async () => {
  const { backend, clock, endOf, idOwnedBy, ownerOf, read, start } = world();
  const n1 = await start("n1");
  await start("n2");
  const id = await idOwnedBy("n1");
  // Slow enough that commands are under way on each path while the owner changes.
  backend.plan = { ...backend.plan, delayMs: [6, 6] };
  const { ask, tell } = n1.actor(journal, id);
  const { nodes } = n1.as({ name: "ops", role: "admin" });
  const lines: string[] = [];
  const sent: Promise<unknown>[] = [];
  const sendUntilOwnedBy = async (owner: string) => {
    for (let more = 60; more > 0; more -= (await ownerOf(id)) === owner ? 1 : 0) {
      const line = `line ${lines.length}`;
      lines.push(line);
      sent.push(lines.length % 2 === 0 ? ask.write({ line }) : tell.write({ line }));
      await clock.runFor(1);
    }
  };
  for (let round = 0; round < 3; round++) {
    void nodes.drain("n1", { reason: "away" });
    await sendUntilOwnedBy("n2");
    void nodes.undrain("n1", { reason: "back" });
    await sendUntilOwnedBy("n1");
  }
  expect(await endOf(Promise.all(sent))).toHaveProperty("value");
  expect(await read(n1, id)).toEqual(lines);
});
