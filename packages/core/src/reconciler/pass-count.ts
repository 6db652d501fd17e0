/** Adds a pass to the figures of the node that ran it. */
import type { Meter } from "../engine/meter.ts";
import type { PassResult } from "./model.ts";

export const countPass = (meter: Meter, pass: PassResult, durationMs: number): void => {
  meter.passes += 1;
  meter.rowsChecked += pass.checked;
  meter.rowsDrifted += pass.drifted;
  meter.rowsRepaired += pass.repaired;
  meter.rowsFailed += pass.failed;
  meter.rowsSkipped += pass.skipped;
  meter.passMs.add(durationMs);
};
