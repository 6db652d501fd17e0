/** Generates load inside a node program and tells of each outcome as soon as it is known. */
import { isMusterError, type Muster } from "@muster/core";
import { ledger } from "./ledger.ts";
import { type LoadPlan, loadActor, type ProgramLine } from "./program-protocol.ts";

export interface RunningLoad {
  /** Ends the load after the commands under way have settled; answers how many were sent. */
  stop(): Promise<number>;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Starts the workers of a plan. */
export const startLoad = (
  muster: Muster,
  nodeId: string,
  plan: LoadPlan,
  say: (line: ProgramLine) => void,
): RunningLoad => {
  let running = true;
  let sent = 0;
  let acked: string[] = [];
  let notApplied: string[] = [];
  let unknown: string[] = [];
  let codes: string[] = [];
  const report = (): void => {
    if (acked.length + notApplied.length + unknown.length === 0) return;
    say({ event: "outcomes", load: plan.name, acked, notApplied, unknown, codes });
    acked = [];
    notApplied = [];
    unknown = [];
    codes = [];
  };
  const reporting = setInterval(report, 10);

  const putOnce = async (id: string, key: string): Promise<void> => {
    try {
      const options = plan.repeat
        ? { timeoutMs: plan.timeoutMs, idempotencyKey: key }
        : { timeoutMs: plan.timeoutMs };
      await muster.actor(ledger, id).ask.put({ key }, options);
      acked.push(key);
    } catch (error) {
      if (plan.repeat && isMusterError(error) && error.retryable) {
        await pause(20);
        return putOnce(id, key);
      }
      codes.push(isMusterError(error) ? error.code : String(error));
      if (isMusterError(error) && error.outcome === "not-applied") notApplied.push(key);
      else unknown.push(key);
    }
  };
  const work = async (worker: number): Promise<void> => {
    for (let n = worker; running; n += plan.workers) {
      sent += 1;
      await putOnce(loadActor(plan, n), `${nodeId}/${plan.name}/${worker}/${n}`);
      await pause(plan.pauseMs);
    }
  };
  const workers = Array.from({ length: plan.workers }, (_, worker) => work(worker));
  return {
    stop: async () => {
      running = false;
      await Promise.all(workers);
      clearInterval(reporting);
      report();
      return sent;
    },
  };
};
