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
  const { clock, endOf, finish, idOwnedBy, make, ownerOf, read, start } = world();
  const n1 = await start("n1");
  const n2 = await start("n2");
  const id = await idOwnedBy("n2");
  const { ask, tell } = n1.actor(journal, id);
  const lines: string[] = [];
  const sent: Promise<unknown>[] = [];
  const sendUntilOwnedBy = async (owner: string) => {
    for (let more = 40; more > 0; more -= (await ownerOf(id)) === owner ? 1 : 0) {
      const line = `line ${lines.length}`;
      lines.push(line);
      sent.push(lines.length % 2 === 0 ? ask.write({ line }) : tell.write({ line }));
      if (lines.length % 5 === 0) await clock.runFor(7);
    }
  };
  const stopped = n2.stop();
  await sendUntilOwnedBy("n1");
  await finish(stopped);
  const restarted = make("n2").start();
  await sendUntilOwnedBy("n2");
  await finish(restarted);
  expect(await endOf(Promise.all(sent))).toHaveProperty("value");
  expect(await read(n1, id)).toEqual(lines);
});
