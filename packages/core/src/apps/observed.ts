/** What one node has of one app, as its replica reports it. */
import { z } from "zod";
import { AppStatus } from "./model.ts";

/** Read from rows of other nodes, which may run another release: newer fields are passed over. */
export const appObserved = z.object({
  initStatus: z.enum(AppStatus),
  /** Generation of the intent last acted on. */
  observedGeneration: z.int(),
  /** Version of the package that was loaded or found broken; `null` when none was. */
  version: z.string().nullable(),
  packageDigest: z.string().nullable(),
  settingsHash: z.string().nullable(),
  runtime: z.string(),
  reason: z.object({ code: z.string(), message: z.string() }).nullable(),
  /** True when nothing of the app can be running here: never enabled, or its tear-down returned. */
  tornDown: z.boolean(),
});
export type AppObserved = Readonly<z.output<typeof appObserved>>;
