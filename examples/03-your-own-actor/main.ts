/**
 * Two nodes with an actor kind of their own. `bun main.ts` keeps everything in memory; with
 * REDIS_URL the nodes meet on that Redis.
 */
import { createMuster, type Muster, memoryBackend } from "@muster/core";
import { redisBackend } from "@muster/redis-adapter";
import { type OrderRow, order, orderKind } from "./order.ts";
import { packingReplica } from "./packing.ts";
import { paymentProvider } from "./payment-provider.ts";
import { Stock, stock } from "./stock.ts";
import { until } from "./until.ts";

const log = (line: string): void => console.log(line);
const url = process.env["REDIS_URL"];
const backend = url === undefined ? memoryBackend() : redisBackend({ url });
const charge = paymentProvider(log);

const node = (id: string): Muster =>
  createMuster({
    cluster: process.env["CLUSTER"] ?? "example-orders",
    node: { id },
    backend,
    actors: [orderKind(charge), Stock],
    replicas: [packingReplica(id, log)],
  });

const web1 = node("web-1");
const web2 = node("web-2");
await Promise.all([web1.start(), web2.start()]);
// Shards move as nodes come in. Commands wait for that by themselves; an effect under way would be
// run again by the next owner, and this program prints its attempts.
const owners = async () => new Set((await web1.shards.list()).items.map(({ owner }) => owner));
await until("both nodes own shards", async () => {
  const found = await owners();
  return found.has("web-1") && found.has("web-2") && !found.has(null);
});
log(`web-1 and web-2 are up, on ${url === undefined ? "memory" : "Redis"}`);

// Ids of their own for each run, since on Redis the orders of the last run are still there.
const run = Date.now().toString(36);
const [paid, forgotten] = [`paid-${run}`, `forgotten-${run}`];
const rows = web2.view<OrderRow>(order);
const isStatus = (id: string, status: OrderRow["status"]) => () => rows.get(id)?.status === status;

const first = web1.actor(order, paid);
await first.ask.place({ item: "mug", count: 2, payWithinMs: 60_000 });
log("placed 2 × mug");

const again = await first.ask.place({ item: "mug", count: 9, payWithinMs: 60_000 });
log(again.ok ? "placed twice?" : `placing it again is refused: ${again.refusal}`);

const before = await web1.actor(stock, "mug").ask.left({});
await first.ask.pay({ customer: "rosa", cents: 1_800 });
await until("the order is paid", isStatus(paid, "paid"));
await until(
  "the stock was told",
  async () => (await web1.actor(stock, "mug").ask.left({})) < before,
);
log(`stock of mug: ${before} before, ${await web2.actor(stock, "mug").ask.left({})} after`);

// A command that is repeated with its key is applied once: safe after a time-out.
const key = { idempotencyKey: `cart-${run}` };
const second = web2.actor(order, forgotten);
await second.ask.place({ item: "cup", count: 1, payWithinMs: 500 }, key);
const repeated = await second.ask.place({ item: "cup", count: 1, payWithinMs: 500 }, key);
log(`placed 1 × cup; the same request once more answers ok: ${repeated.ok}`);
await until("its timer has rung", isStatus(forgotten, "expired"));

const late = await second.ask.pay({ customer: "ivan", cents: 700 });
log(late.ok ? "paid late?" : `paying it now is refused: ${late.refusal}`);

log("orders, as web-2 lists them from memory:");
for (const id of [paid, forgotten]) log(`  ${id.split("-")[0]}: ${rows.get(id)?.status}`);

await Promise.all([web1.stop(), web2.stop()]);
log("stopped");
