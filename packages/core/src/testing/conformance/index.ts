export { busCases } from "./bus-cases.ts";
export type { ConformanceCase, ConformanceContext, Need, OpenOptions } from "./context.ts";
export { guardCases } from "./guard-cases.ts";
export { lossCases } from "./loss-cases.ts";
export { membershipCases } from "./membership-cases.ts";
export type { ConformanceOptions, TestRunner } from "./run-conformance.ts";
export { runConformance } from "./run-conformance.ts";
export { shardStoreCases } from "./shard-store-cases.ts";
export { viewCases } from "./view-cases.ts";
