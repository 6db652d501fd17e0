/** What one node has of one app, as its replica reports it. */
import type { AppReason, AppStatus } from "./model.ts";

export interface AppObserved {
  readonly initStatus: AppStatus;
  /** Generation of the intent last acted on. */
  readonly observedGeneration: number;
  /** Version of the package that was loaded or found broken; `null` when none was. */
  readonly version: string | null;
  readonly packageDigest: string | null;
  readonly settingsHash: string | null;
  readonly runtime: string;
  readonly reason: AppReason | null;
  /** True when nothing of the app can be running here: never enabled, or its tear-down returned. */
  readonly tornDown: boolean;
}
