/** The parts of Muster that a simulation can put to use. */
import { ledgers } from "./ledgers.ts";

export const features = { actors: ledgers } as const;
export type FeatureName = keyof typeof features;
export const featureNames = Object.keys(features) as FeatureName[];
