/** What one node has of one app, as its replica reports it. */
import { z } from "zod";
import { AppStatus } from "./model.ts";
import { nodeHistory } from "./node-history.ts";

const appTraces = z.object({
  installId: z.string(),
  version: z.string(),
  ref: z.string().nullable(),
});
export type AppTraces = Readonly<z.output<typeof appTraces>>;

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
  /** The installation whose hooks have run on this node and were not undone by its uninstall. */
  traces: appTraces.nullable().default(null),
  /** Redis time since when status and reason are what they are; 0 in rows of older nodes. */
  since: z.number().default(0),
  history: nodeHistory.default({ coveredFrom: 0, dropped: 0, entries: [] }),
});
export type AppObserved = Readonly<z.output<typeof appObserved>>;
