/**
 * Chance without memory: what is drawn for a name depends on seed and name alone, so that a fault
 * which is taken out of a run changes nothing that is drawn elsewhere.
 */
import { stableHash } from "../../model/actor-address.ts";
import { type SeededRandom, seededRandom } from "../seeded-random.ts";

/** A generator for one named part of a run. */
export const randomFor = (seed: number, name: string): SeededRandom =>
  seededRandom(stableHash(`${seed} ${name}`));
