/** Entry "@muster/core/testing": what a backend's author and a simulation need. */
export * from "./conformance/index.ts";
export type { CallFate, CallOf, Fates, HintFate, HintOf } from "./fates.ts";
export { calmPlan, type FaultPlan, roughPlan } from "./fault-plan.ts";
export { FaultyBackend, type FaultyOptions } from "./faulty-backend.ts";
export type { CallStep } from "./faulty-link.ts";
export { NodeClock } from "./node-clock.ts";
export { type CommandGiven, type CommandRun, runCommand } from "./run-command.ts";
export { type SeededRandom, seededRandom } from "./seeded-random.ts";
export { describeReport } from "./simulation/describe-report.ts";
export { type FaultKind, faultKinds } from "./simulation/fault.ts";
export { type FeatureName, featureNames } from "./simulation/features/index.ts";
export { type PlantedBug, plantedBugs } from "./simulation/planted.ts";
export type {
  CallEnd,
  Caller,
  RestingCluster,
  Script,
  ScriptContext,
  ScriptFactory,
} from "./simulation/script.ts";
export { type ShrinkOptions, type Shrunk, shrink } from "./simulation/shrink.ts";
export {
  type SimulationOptions,
  type SimulationReport,
  simulate,
} from "./simulation/simulate.ts";
export type { InvariantId, Violation } from "./simulation/violations.ts";
export { createTestMuster, type TestMuster, type TestMusterOptions } from "./test-muster.ts";
export { VirtualClock } from "./virtual-clock.ts";
