/**
 * Plays one order from beginning to end: `bun examples/03-your-own-actor/main.ts`, with REDIS_URL
 * set on a Redis, else in memory.
 */
import { createMuster, defineReplica, memoryBackend } from "@muster/core";
import { redisBackend } from "@muster/redis-adapter";
import { Order, order, Stock, stock } from "./order.ts";

const url = process.env["REDIS_URL"];

/** Acts on every node on what an order has come to; here it only says so. */
const announcer = defineReplica(order, {
  apply: async (intent: { item: string; status: string } | undefined, { id }) => {
    if (intent) console.log(`  this node sees ${id}: ${intent.item} is ${intent.status}`);
    return intent?.status ?? "gone";
  },
});

const muster = createMuster({
  cluster: `example-${Date.now()}`,
  node: { id: "web-1" },
  backend: url ? redisBackend({ url }) : memoryBackend(),
  actors: [Order, Stock],
  replicas: [announcer],
});
await muster.start();

const first = muster.actor(order, "order-1");
console.log("placed:", await first.ask.place({ item: "lamp", count: 2 }));
console.log("placed again:", await first.ask.place({ item: "lamp", count: 2 }));
console.log(
  "too many:",
  await muster.actor(order, "order-2").ask.place({ item: "lamp", count: 9 }),
);

console.log("paid for:", await first.ask.pay({}));
const until = Date.now() + 10_000;
while ((await first.ask.status({})) !== "paid" && Date.now() < until) {
  await new Promise((resolve) => setTimeout(resolve, 20));
}
console.log("status:", await first.ask.status({}));

const lamps = muster.actor(stock, "lamp");
while ((await lamps.ask.left({})) === 10 && Date.now() < until) {
  await new Promise((resolve) => setTimeout(resolve, 20));
}
console.log("lamps left:", await lamps.ask.left({}));

// The same key: applied once, answered alike.
const key = { idempotencyKey: "retry-of-a-caller" };
const second = muster.actor(order, "order-3");
await second.ask.place({ item: "chair", count: 1 }, key);
console.log("same key again:", await second.ask.place({ item: "chair", count: 1 }, key));

await muster.stop();
