/** The status of the cluster tells the truth on every node when all has come to rest (I10). */
import type { Feature, FeatureFactory, Finding } from "../feature.ts";

export const status: FeatureFactory = (world): Feature => ({
  name: "status",
  unsettled: () =>
    world.processes().flatMap(({ name, muster }): Finding[] => {
      const { verdict, reasons, nodes, shards } = muster.status();
      const up = world.processes().length;
      const wrong = (detail: string): Finding => ({
        invariant: "I10",
        detail: `the status on ${name}: ${detail}`,
      });
      const findings: Finding[] = [];
      if (nodes.up !== up) findings.push(wrong(`${nodes.up} of ${up} nodes are up`));
      if (shards.unowned > 0) findings.push(wrong(`${shards.unowned} shards without an owner`));
      const isFine = verdict === "healthy" || (world.hasLost && verdict === "degraded");
      if (!isFine) findings.push(wrong(`${verdict}: ${reasons.join("; ")}`));
      return findings;
    }),
});
