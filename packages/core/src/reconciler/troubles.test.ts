import { describe, expect, test } from "bun:test";
import type { NodeRecord } from "../model/node-record.ts";
import type { LossFinding } from "../ports/loss-store.ts";
import { type AlertRow, alertId } from "./model.ts";
import { alarmsOf, findTroubles, type TroubleFacts } from "./troubles.ts";

const minute = 60_000;
const calm: TroubleFacts = {
  now: 1_000_000,
  alertAfterMs: minute,
  members: [],
  losses: [],
  backendMode: "redis",
  findings: [],
  letters: [],
  lettersPerShard: 1_000,
  unowned: [],
  flapping: [],
};
const node = (over: Partial<NodeRecord>, kinds = ["app"]): NodeRecord =>
  ({
    id: "web-1",
    state: "up",
    cordoned: false,
    info: { kinds },
    stats: {},
    ...over,
  }) as NodeRecord;
const finding = (level: "alert" | "warn") => ({
  level,
  code: "EVICTION",
  message: "maxmemory-policy is allkeys-lru",
  remedy: "Run CONFIG SET maxmemory-policy noeviction",
});
const loss = { subject: 3, id: "shard-3-x", batches: [], foundAt: 1, foundBy: "web-1" };
const waitingSince = (at: number, state: NodeRecord["state"] = "up") =>
  node({ state, stats: { oldest: { shard: 2, at } } as NodeRecord["stats"] });

describe("what is wrong becomes an alert of its own", () => {
  test.each<[string, Partial<TroubleFacts>, string, number]>([
    [
      "lost data",
      { losses: [loss as unknown as LossFinding] },
      "data-loss:shard-3:unacknowledged",
      0,
    ],
    ["an evicting policy", { findings: [finding("alert")] }, "backend:redis:eviction", 0],
    [
      "full dead letters",
      { letters: [{ shard: "4", open: 1_000, parked: 1 }] },
      "dead-letters:shard-4:full",
      0,
    ],
    [
      "nearly full ones",
      { letters: [{ shard: "4", open: 900, parked: 0 }] },
      "dead-letters:shard-4:nearly_full",
      0,
    ],
    ["a shard without an owner", { unowned: [7] }, "shard-unowned:shard-7:unowned", minute],
    [
      "an unknown kind",
      { members: [node({}), node({}, ["app", "bill"])] },
      "unknown-kind:bill:unknown",
      minute,
    ],
    [
      "a message that waits",
      { members: [waitingSince(1_000_000 - minute - 1)] },
      "mailbox-old:shard-2:waiting",
      0,
    ],
    [
      "a node gone again and again",
      { flapping: ["web-2"] },
      "node-flapping:web-2:suspect_again",
      0,
    ],
  ])("%s", (_, facts, id, afterMs) => {
    const troubles = findTroubles({ ...calm, ...facts });
    expect(troubles.map(({ about, afterMs }) => [alertId(about), afterMs])).toEqual([
      [id, afterMs],
    ]);
    expect(troubles[0]?.about.remedy).not.toBe("");
  });

  test.each<[string, Partial<TroubleFacts>]>([
    ["a warning of the backend", { findings: [finding("warn")] }],
    ["some dead letters", { letters: [{ shard: "4", open: 899, parked: 0 }] }],
    ["a message that has just come", { members: [waitingSince(1_000_000 - minute)] }],
    ["what a lost node told last", { members: [waitingSince(1, "lost")] }],
  ])("%s is none", (_, facts) => {
    expect(findTroubles({ ...calm, ...facts })).toEqual([]);
  });
});

test("the verdict tells of open alerts that nobody has acknowledged, unless it does so anyway", () => {
  const alert = (kind: string, ackedBy: string | null) =>
    ({ kind, ackedBy, message: `${kind} is bad`, remedy: "mend it" }) as AlertRow;
  expect(
    alarmsOf([
      alert("mailbox-old", null),
      alert("node-flapping", "ops"),
      alert("data-loss", null),
      alert("app-drift", null),
    ]),
  ).toEqual(["mailbox-old is bad; mend it"]);
});
