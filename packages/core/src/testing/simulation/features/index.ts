/** The parts of Muster that a simulation can put to use. */
import { apps } from "./apps.ts";
import { bells } from "./bells.ts";
import { bombs } from "./bombs.ts";
import { waits } from "./clerks.ts";
import { jobs } from "./jobs.ts";
import { ledgers } from "./ledgers.ts";
import { posters } from "./posters.ts";
import { status } from "./status.ts";

export const features = {
  actors: ledgers,
  timers: bells,
  effects: jobs,
  deferrals: waits,
  bombs,
  apps,
  views: posters,
  status,
} as const;
export type FeatureName = keyof typeof features;
export const featureNames = Object.keys(features) as FeatureName[];
