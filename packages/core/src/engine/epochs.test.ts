/** Epochs never go back while a node lives that has seen them, whatever the store forgets (I1). */
import { expect, test } from "bun:test";
import type { NodeId } from "../model/ids.ts";
import { world } from "./engine-kit.test.ts";

test("a store that went back in data and in time gives no epoch again that a living node has seen", async () => {
  const { backend, clock, outside, server, settled, start } = world();
  await start("n1");
  const before = server.snapshot();
  await clock.runFor(5_000);
  await start("n2");
  await clock.runFor(3_000);
  const epochs = async () => {
    const records = await (await outside()).shards.inspect({ shards: [0, 1, 2, 3, 4, 5, 6, 7] });
    return records.map((record) => ("epoch" in record ? record.epoch : 0));
  };
  const seen = await epochs();
  backend.kill("n2" as NodeId);
  server.shiftTime(-60_000);
  server.rollback(before);
  await settled();
  const given = await epochs();
  expect(given.filter((epoch, shard) => epoch <= (seen[shard] ?? 0))).toEqual([]);
});
