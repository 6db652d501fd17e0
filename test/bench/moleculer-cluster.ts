/** Moleculer processes laid out like ours: two that serve, one that calls. */
import { type Program, startProgram } from "./program.ts";
import type { BenchContext } from "./row.ts";

export interface MoleculerCluster {
  readonly caller: Program;
  end(): Promise<void>;
}

export const startMoleculerCluster = async (
  context: BenchContext,
  servers: number,
): Promise<MoleculerCluster> => {
  const { runtime, redisPort } = context;
  const namespace = context.fresh("bench");
  const broker = (nodeId: string, role: "service" | "caller"): Promise<Program> =>
    startProgram("moleculer", { runtime, config: { redisPort, namespace, nodeId, role } });
  const services = await Promise.all(
    Array.from({ length: servers }, (_, i) => broker(context.fresh(`service-${i}`), "service")),
  );
  const caller = await broker(context.fresh("caller"), "caller");
  await caller.call("settled", { services: servers });
  return {
    caller,
    end: async () => {
      await Promise.all([caller, ...services].map((program) => program.end()));
    },
  };
};
