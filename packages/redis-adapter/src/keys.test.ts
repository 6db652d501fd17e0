/** Every script touches one slot, and only keys that it was given. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Incarnation, NodeId } from "@muster/core/ports";
import { Redis } from "ioredis";
import { type RedisServer, startRedisServer } from "../../../test/kit/redis-server.ts";
import { waitUntil } from "../../../test/kit/wait-until.ts";
import { makeBackend } from "../test-kit/backend.ts";
import { useEverything, useReplicas, useTerm } from "../test-kit/use-everything.ts";
import { createKeys } from "./keys.ts";
import { scripts } from "./scripts.generated.ts";

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer();
});
afterAll(() => server.stop());

interface Call {
  readonly script: string;
  readonly keys: readonly string[];
  /** Keys that the script used. */
  readonly touched: Set<string>;
}

/** These read many shards or nodes in one go; a Cluster would be asked slot by slot. */
const readsMany = new Set([
  "inspect",
  "check",
  "read",
  "list-rows",
  "versions",
  "list-status",
  "status-versions",
  "list-losses",
]);
const keyless = new Set(["publish", "pubsub", "info", "time"]);
const tagOf = (key: string): string => /\{([^}]+)\}/.exec(key)?.[1] ?? "no tag";

const recordCalls = async (): Promise<readonly Call[]> => {
  const bySha = new Map(Object.values(scripts).map(({ sha, name }) => [sha, name]));
  const calls: Call[] = [];
  let ended = false;
  const watcher = new Redis({ port: server.port, protocol: 2 });
  const monitor = await watcher.monitor();
  monitor.on("monitor", (_: string, words: readonly string[], source: string) => {
    const [command = "", key = "", third = ""] = words;
    if (command === "echo") ended = true;
    if (command.toLowerCase() === "evalsha") {
      const keys = words.slice(3, 3 + Number(third));
      calls.push({ script: bySha.get(key) ?? "unknown", keys, touched: new Set() });
    } else if (source === "lua" && !keyless.has(command.toLowerCase())) {
      calls[calls.length - 1]?.touched.add(key);
    }
  });
  const backend = makeBackend({ url: server.url });
  const waiting = makeBackend({ url: server.url, durability: { replicas: 1, timeoutMs: 1 } });
  await Promise.all([backend.open(), waiting.open()]);
  try {
    await useEverything(backend);
    await useTerm(backend);
    await useReplicas(waiting);
    await watcher.echo("end");
    await waitUntil("the monitor has seen everything", () => ended);
  } finally {
    await backend.close();
    await waiting.close();
    monitor.disconnect();
    watcher.disconnect();
  }
  return calls;
};

test("each script is given its keys, touches no other, and stays in one slot", async () => {
  const calls = await recordCalls();
  const used = new Set(calls.map(({ script }) => script));
  expect(
    Object.values(scripts)
      .map(({ name }) => name)
      .filter((name) => !used.has(name)),
  ).toEqual([]);
  for (const { script, keys, touched } of calls) {
    expect(touched.size).toBeGreaterThan(0);
    expect({ script, undeclared: [...touched].filter((key) => !keys.includes(key)) }).toEqual({
      script,
      undeclared: [],
    });
    if (readsMany.has(script)) continue;
    expect({ script, slots: new Set(keys.map(tagOf)).size }).toEqual({ script, slots: 1 });
  }
});

test("scripts that read many shards or nodes keep the keys of each together", async () => {
  const keys = createKeys("muster", "prod");
  const { own, mail, ver, view } = (({ own, mail, ver, view }) => ({
    own,
    mail,
    ver,
    view: view("app"),
  }))(keys.shard(12));
  expect([own, mail, ver, view].map(tagOf)).toEqual(Array(4).fill("prod:12"));
  const node = keys.node("web-1" as NodeId);
  expect([node.status, node.ver].map(tagOf)).toEqual(["prod@web-1", "prod@web-1"]);
});

describe.each([false, true])("names where channels belong to slots: %p", (sharded) => {
  const keys = createKeys("muster", "prod", sharded);
  const { channels } = keys;
  const node = "web-1" as NodeId;

  test("keys and channels begin with prefix and cluster, and no two are the same", () => {
    const { view, ...shardKeys } = keys.shard(12);
    const ofKeys = [
      ...Object.values({ ...keys.cluster, role: keys.cluster.role("r") }),
      ...Object.values(shardKeys),
      view("app"),
      ...Object.values(keys.node(node)),
      ...keys.probes,
    ];
    const ofChannels = [
      channels.wake(12),
      channels.wake(13),
      channels.view("app", 12),
      channels.replies(node, 12),
      channels.node(node),
      channels.status,
      channels.membership,
      channels.ownership,
      channels.events,
      channels.alive(node, "life" as Incarnation),
    ];
    for (const names of [ofKeys, ofChannels]) {
      expect(names.filter((name) => !name.startsWith("muster:prod:"))).toEqual([]);
      expect(new Set(names).size).toBe(names.length);
    }
  });

  test("scripts publish on channels with the tag of their keys, wherever those have slots", () => {
    const ofShard = [channels.wake(12), channels.view("app", 12), channels.replies(node, 12)];
    const tags = ofShard.map(tagOf);
    expect(tags).toEqual(
      sharded ? ["prod:12", "prod:12", "prod:12"] : ["prod:12", "prod", "prod@web-1"],
    );
    for (const channel of [channels.membership, channels.alive(node, "life" as Incarnation)]) {
      expect(tagOf(channel)).toBe("prod");
    }
  });

  test("a listener to rows of a kind hears every shard", () => {
    const heard = channels.of({ topic: "view", kind: "app" }, () => 3);
    expect(heard).toEqual([...new Set([0, 1, 2].map((shard) => channels.view("app", shard)))]);
  });
});
