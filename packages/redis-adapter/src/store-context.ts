import type { Random } from "@muster/core/ports";
import type { Keys } from "./keys.ts";
import type { Reply } from "./link.ts";
import type { ScriptCall } from "./script-runner.ts";

/** What the stores need from their backend. */
export interface StoreContext {
  readonly keys: Keys;
  readonly random: Random;
  /** Runs a script over the control connection. */
  run(call: ScriptCall): Promise<readonly Reply[]>;
  /** Time given to scripts instead of Redis's own, for tests; otherwise the empty string. */
  time(): string;
}
