import { appendCases } from "./append-cases.ts";
import { commitCases } from "./commit-cases.ts";
import { commitPartCases } from "./commit-part-cases.ts";
import type { ConformanceCase } from "./context.ts";
import { deadLetterCases } from "./dead-letter-cases.ts";
import { durabilityCases } from "./durability-cases.ts";
import { ownershipCases } from "./ownership-cases.ts";
import { shardLossCases } from "./shard-loss-cases.ts";
import { shardSourceCases } from "./shard-source-cases.ts";
import { surveyCases } from "./survey-cases.ts";
import { takeOverCases } from "./take-over-cases.ts";

/** What every {@link ShardStore} does. */
export const shardStoreCases: readonly ConformanceCase[] = [
  ...ownershipCases,
  ...takeOverCases,
  ...commitCases,
  ...commitPartCases,
  ...deadLetterCases,
  ...appendCases,
  ...shardSourceCases,
  ...shardLossCases,
  ...durabilityCases,
  ...surveyCases,
];
