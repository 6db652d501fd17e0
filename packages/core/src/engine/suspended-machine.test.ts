/** A machine whose monotonic clock stood still finds its lease ended when it goes on (I1). */
import { expect, test } from "bun:test";
import type { NodeId } from "../model/ids.ts";
import { fatesByPlan } from "../testing/fates.ts";
import { calmPlan } from "../testing/fault-plan.ts";
import { seededRandom } from "../testing/seeded-random.ts";
import { journal, world } from "./engine-kit.test.ts";

const n1 = "n1" as NodeId;

/** A node whose machine is suspended as its next heartbeat takes effect, or at once. */
const suspended = async (when: "at a heartbeat" | "at once", ms: number) => {
  const calm = fatesByPlan(() => calmPlan, seededRandom(2));
  let isArmed = false;
  let isSuspended = false;
  let isLost = false;
  const suspend = () => {
    isSuspended = true;
    backend.suspend(n1);
  };
  const { backend, clock, endOf, finish, start } = world({
    fates: {
      ...calm,
      call: (of) => ({
        ...calm.call(of),
        requestLost: isLost,
        ...(isArmed && of.op === "heartbeat" && { onExecuted: suspend }),
      }),
    },
  });
  const node = await start("n1");
  const { ask } = node.actor(journal, "a");
  await finish(ask.write({ line: "in memory from now on" }));
  if (when === "at once") suspend();
  isArmed = true;
  await clock.runUntil(() => isSuspended, 2_000);
  isArmed = false;
  await clock.runFor(ms);
  // Nothing that it sends from now on arrives.
  isLost = true;
  backend.thaw(n1);
  await clock.runFor(1);
  return endOf(ask.write({ line: "x" }, { timeoutMs: 300 }));
};

test.each([
  ["at once", 400],
  ["at once", 900],
  ["at a heartbeat", 900],
  ["at a heartbeat", 60_000],
] as const)(
  "suspended %s for %d ms it runs no turn before Redis has answered",
  async (when, ms) => {
    // A turn that had run and could not be written would be `unknown`.
    expect(await suspended(when, ms)).toMatchObject({
      code: "ASK_TIMEOUT",
      outcome: "not-applied",
    });
  },
);
