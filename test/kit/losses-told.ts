/** The check of I2 where Redis lost what was acknowledged: all of it is told, until somebody has seen it. */
import { expect } from "bun:test";
import type { TestCluster } from "./cluster.ts";
import { type LoadReport, shardOfLedger } from "./load.ts";

/** Every shard of which something acknowledged is gone is named by every node, and no node is well. */
export const expectLossesTold = async (
  cluster: TestCluster,
  { lost, losers, doubled }: LoadReport,
  also: readonly string[] = [],
): Promise<void> => {
  expect(lost.length).toBeGreaterThan(0);
  expect(doubled).toEqual([]);
  const subjects = [...new Set([...losers.map(shardOfLedger), ...also])];
  for (const node of cluster.nodes()) {
    await cluster.waitUntil(
      `${node.id} names ${subjects.join(", ")}`,
      async () => (await node.losses()).items.map(({ subject }) => subject),
      (named) => subjects.every((subject) => named.includes(subject)),
    );
    const { verdict, reasons } = await node.status();
    expect(verdict).toBe("degraded");
    expect(reasons.join()).toMatch(/data of shard \d+ was lost: .*commit/);
  }
  for (const node of cluster.nodes()) {
    await cluster.waitUntil(
      `${node.id} is well once that was acknowledged`,
      async () => {
        // A node may find out that more is missing after what was told by then was acknowledged.
        await node.do({ do: "acknowledgeLosses" });
        return node.status();
      },
      ({ verdict }) => verdict === "healthy",
    );
  }
};
