/** Entry "@muster/core/testing": what a backend's author and a simulation need. */
export * from "./conformance/index.ts";
export { NodeClock } from "./node-clock.ts";
export { type SeededRandom, seededRandom } from "./seeded-random.ts";
export { VirtualClock } from "./virtual-clock.ts";
