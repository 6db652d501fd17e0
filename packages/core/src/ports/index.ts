/** Entry "@muster/core/ports": what a backend implements. */
export * from "../model/actor-address.ts";
export type * from "../model/ids.ts";
export { idPattern } from "../model/ids.ts";
export type * from "../model/node-record.ts";
export * from "../model/position.ts";
export * from "./backend.ts";
export type * from "./bus.ts";
export type * from "./clock.ts";
export * from "./event-store.ts";
export type * from "./guard.ts";
export * from "./logger.ts";
export * from "./loss-store.ts";
export type * from "./membership-store.ts";
export type * from "./random.ts";
export type * from "./shard-store.ts";
export { systemClock } from "./system-clock.ts";
export { systemRandom } from "./system-random.ts";
export type * from "./view-store.ts";
