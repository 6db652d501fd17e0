/** Serves the shop until it is told to end. */
import { randomBytes } from "node:crypto";
import { serveBun } from "@muster/http";
import { redisBackend } from "@muster/redis-adapter";
import { createShop } from "./shop.ts";

const { NODE_ID = "web-1", PORT = "3000", REDIS_URL, OPS_TOKEN } = process.env;
const opsToken = OPS_TOKEN ?? randomBytes(18).toString("base64url");

const { app, muster } = createShop({
  nodeId: NODE_ID,
  opsToken,
  ...(REDIS_URL !== undefined && { backend: redisBackend({ url: REDIS_URL }) }),
});
// Serve first: the probes of /ops then tell "starting" from "gone".
const served = serveBun(app, { port: Number(PORT) });

const end = async (): Promise<void> => {
  await served.stop();
  await muster.stop();
  console.log("stopped");
};
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void end());

await muster.start();
console.log(`${NODE_ID} serves ${served.url}`);
if (OPS_TOKEN === undefined) console.log(`token for ${served.url}/ops/ : ${opsToken}`);
