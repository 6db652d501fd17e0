import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { z } from "zod";
import { encode } from "../codec.ts";
import { defineActor } from "../define-actor.ts";
import { encodeTimer } from "../engine/wire.ts";
import type { ShardData } from "../memory/cluster-data.ts";
import { MemoryServer, memoryBackend } from "../memory/index.ts";
import { actorKey } from "../model/actor-address.ts";
import type { ActorKey, ClaimId, EntryId, NodeId } from "../model/ids.ts";
import { createMuster } from "../muster.ts";
import type { Muster } from "../muster-types.ts";
import type { VerifyReport } from "./model.ts";

const counter = defineActor({
  kind: "counter",
  state: z.number(),
  commands: { add: { input: z.strictObject({ by: z.number() }) }, arm: { input: z.null() } },
});
const Counter = counter.implement({
  initial: () => 0,
  view: (state) => ({ state }),
  row: z.object({ state: z.number() }),
  on: {
    add: (turn, state, { by }) => turn.next(state + by).reply(),
    arm: (turn, state) =>
      turn
        .next(state, {
          timers: [{ name: "far", afterMs: 3_600_000, command: "add", input: { by: 1 } }],
        })
        .reply(),
  },
});

let server: MemoryServer;
const running: Muster[] = [];
const start = async (id: string): Promise<Muster> => {
  const muster = createMuster({
    cluster: "checked",
    node: { id },
    backend: memoryBackend({ server }),
    actors: [Counter],
    settings: { shardCount: 4, idempotencyPerShard: 10, deadLettersPerShard: 10 },
    reconciler: { everyMs: 3_600_000 },
  });
  running.push(muster);
  await muster.start();
  return muster;
};
let muster: Muster;
beforeEach(async () => {
  server = new MemoryServer();
  muster = await start("web-1");
  await muster.actor(counter, "one").ask.arm(null);
  const admin = muster.as({ name: "test", role: "admin" });
  await admin.apps.install({ id: "crm", version: "1.0.0", reason: "seed" });
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((each) => each.stop()));
});

const shards = (): readonly ShardData[] => [...server.cluster("checked").shards.values()];
const holding = (actor: string): ShardData => {
  const found = shards().find((shard) => shard.states.has(actor as ActorKey));
  if (!found) throw new Error(`no shard holds ${actor}`);
  return found;
};
const told = ({ findings }: VerifyReport) =>
  findings.map(({ check, subject }) => `${check} ${subject}`);
const shardNumber = (data: ShardData): number =>
  [...server.cluster("checked").shards].find(([, each]) => each === data)?.[0] ?? -1;

test("a cluster at work is clean, everything was looked at, and nothing was written", async () => {
  const seqs = () => shards().map(({ own }) => [own.seq, own.epoch]);
  const before = seqs();
  const report = await muster.verify();
  expect(report).toMatchObject({ clean: true, findings: [], more: 0 });
  const looked = Object.fromEntries(report.checks.map(({ check, looked }) => [check, looked]));
  expect(looked).toMatchObject({ shards: 4, owners: 4, sequence: 4, timers: 1, intents: 1 });
  expect(report.checks.every(({ skipped }) => skipped === 0)).toBe(true);
  expect(seqs()).toEqual(before);
});

test("two nodes are both asked, and a cluster under load stays clean", async () => {
  const other = await start("web-2");
  let isOn = true;
  const load = (async () => {
    for (let n = 0; isOn; n++) await muster.actor(counter, `c-${n % 7}`).ask.add({ by: 1 });
  })();
  const report = await other.verify();
  isOn = false;
  await load;
  expect(told(report)).toEqual([]);
});

interface Damage {
  readonly what: string;
  /** Plants it and answers what is to be told. */
  plant(): readonly string[];
}
const garbage = new Uint8Array([0xc1, 0xff, 0x00]);

const damages: readonly Damage[] = [
  {
    what: "a row that cannot be read",
    plant: () => {
      holding("counter/one").views.get("counter")?.rows.set("one", garbage);
      return ["rows actor/counter/one"];
    },
  },
  {
    what: "a row that does not fit its schema",
    plant: () => {
      holding("counter/one")
        .views.get("counter")
        ?.rows.set("one", encode({ state: "many" }));
      return ["rows actor/counter/one"];
    },
  },
  {
    what: "a row of an actor without a state",
    plant: () => {
      const shard = holding("counter/one");
      shard.views.get("counter")?.rows.set("ghost", encode({ state: 1 }));
      return ["rows actor/counter/ghost"];
    },
  },
  {
    what: "rows without a version",
    plant: () => {
      const shard = holding("counter/one");
      const view = shard.views.get("counter");
      if (view) view.n = 0;
      const here = `versions shard/${shardNumber(shard)}`;
      return [here, here];
    },
  },
  {
    what: "an intent that cannot be read",
    plant: () => {
      holding("app/crm").states.set("app/crm" as ActorKey, garbage);
      return ["intents actor/app/crm"];
    },
  },
  {
    what: "an intent whose row is gone",
    plant: () => {
      holding("app/crm").views.get("app")?.rows.delete("crm");
      return ["intents actor/app/crm"];
    },
  },
  {
    what: "a timer that cannot be read",
    plant: () => {
      const shard = holding("counter/one");
      shard.timers.set("damaged", { member: garbage, dueAt: 9e15 });
      return [`timers shard/${shardNumber(shard)}`];
    },
  },
  {
    what: "a timer of an actor that is not there",
    plant: () => {
      const actor = actorKey("counter", "ghost");
      const member = encodeTimer({ actor, name: "t", command: "add", input: null });
      holding("counter/one").timers.set("ghost", { member, dueAt: 9e15 });
      return ["timers actor/counter/ghost"];
    },
  },
  {
    what: "an effect and an open ask that cannot be read",
    plant: () => {
      const shard = holding("counter/one");
      shard.effects.set("e", garbage);
      shard.deferrals.set("d", garbage);
      const here = `shard/${shardNumber(shard)}`;
      return [`effects ${here}`, `deferrals ${here}`];
    },
  },
  {
    what: "a memory of a mailbox entry that is not there",
    plant: () => {
      const shard = holding("counter/one");
      shard.partial.set("5-5" as EntryId, encode([0]));
      return [`partial shard/${shardNumber(shard)}`];
    },
  },
  {
    what: "a count of messages that are not there",
    plant: () => {
      const shard = holding("counter/one");
      shard.pending = 3;
      return [`mailboxes shard/${shardNumber(shard)}`];
    },
  },
  {
    what: "a message whose number was never given",
    plant: () => {
      const shard = holding("counter/one");
      const { outId } = shard.own;
      if (outId === "none") throw new Error("no out id");
      shard.out.set("x", { target: 0, outId, n: 9, payload: garbage });
      return [`outbox shard/${shardNumber(shard)}`];
    },
  },
  {
    what: "more kept replies than may be",
    plant: () => {
      const shard = holding("counter/one");
      for (let n = 0; n <= 10; n++) {
        shard.replies.put({ key: `k${n}`, record: garbage, expiresAt: 9e15 });
      }
      return [`replies shard/${shardNumber(shard)}`];
    },
  },
  {
    what: "more dead letters than may be",
    plant: () => {
      const shard = holding("counter/one");
      const put = Array.from({ length: 11 }, (_, n) => ({
        id: `${n}`,
        at: n,
        head: garbage,
        body: garbage,
      }));
      shard.dead.write({ put, resolve: [], keep: 100 });
      return [`dead-letters shard/${shardNumber(shard)}`];
    },
  },
  {
    what: "a record that went back",
    plant: () => {
      const shard = holding("counter/one");
      shard.own.seq = 0;
      return [`sequence shard/${shardNumber(shard)}`];
    },
  },
  {
    what: "an epoch that is another than that of its owner",
    plant: () => {
      const shard = holding("counter/one");
      shard.own.epoch += 1;
      return [`owners shard/${shardNumber(shard)}`];
    },
  },
  {
    what: "an owner that is no node, while another runs the shard",
    plant: () => {
      const shard = holding("counter/one");
      shard.own.owner = "ghost" as NodeId;
      shard.own.claimId = "stolen" as ClaimId;
      const here = `shard/${shardNumber(shard)}`;
      return [`shards ${here}`, `owners ${here}`];
    },
  },
  {
    what: "what a node reports and nobody can read",
    plant: () => {
      const status = server.cluster("checked").status.get("web-1" as NodeId);
      status?.rows.set("app/crm", garbage);
      return ["nodes node/web-1"];
    },
  },
];

describe("damage that is planted is told, and nothing else", () => {
  test.each(damages.map((damage) => [damage.what, damage] as const))("%s", async (_, damage) => {
    expect(told(await muster.verify())).toEqual([]);
    const expected = damage.plant();
    const report = await muster.verify();
    expect(told(report).toSorted()).toEqual([...expected].toSorted());
    expect(report.clean).toBe(false);
    for (const { remedy, message } of report.findings) {
      expect([remedy.length > 5, message.length > 5]).toEqual([true, true]);
    }
  });
});

test("calls at the same time are one reading", async () => {
  const [one, other] = await Promise.all([muster.verify(), muster.verify()]);
  expect(one).toBe(other);
});

test("a node that cannot take part refuses", async () => {
  const idle = createMuster({ cluster: "checked", backend: memoryBackend({ server }) });
  await expect(idle.verify()).rejects.toMatchObject({ code: "NOT_STARTED" });
});
