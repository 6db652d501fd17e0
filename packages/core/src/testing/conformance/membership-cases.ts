import type { ConformanceCase } from "./context.ts";
import { joinCases } from "./join-cases.ts";
import { judgementCases } from "./judgement-cases.ts";
import { reapCases } from "./reap-cases.ts";

/** What every {@link MembershipStore} does. */
export const membershipCases: readonly ConformanceCase[] = [
  ...joinCases,
  ...judgementCases,
  ...reapCases,
];
