/**
 * A private Sentinel set on loopback: a primary, its replicas and the Sentinels that watch them. Each
 * server is one of redis-server.ts and ends by its handle. Replicas may follow through a pipe, so
 * that they can be kept behind while the Sentinels find them well.
 */
import { caughtUp, primaryArgs, startReplica } from "./redis-replica.ts";
import { type RedisServer, type RedisServerOptions, startRedisServer } from "./redis-server.ts";
import { type ReplicationPipe, startReplicationPipe } from "./replication-pipe.ts";
import { stretch } from "./stretch.ts";
import { waitUntil } from "./wait-until.ts";

export interface SentinelSetOptions {
  /** @defaultValue 2 */
  readonly replicas?: number;
  /** @defaultValue 3 */
  readonly sentinels?: number;
  /** After how long a silent server counts as down, in milliseconds; stretched. @defaultValue 1000 */
  readonly downAfterMs?: number;
  /** Of the servers with data. */
  readonly server?: RedisServerOptions;
  /** Further lines of the Sentinels' configuration. */
  readonly conf?: readonly string[];
  /** Further arguments of the Sentinels. */
  readonly sentinelArgs?: readonly string[];
  /** Sent to Sentinels before each command of the test, such as `["AUTH", "secret"]`. */
  readonly logIn?: readonly string[];
}

export interface SentinelSet {
  /** What the Sentinels call the primary. */
  readonly name: string;
  /** Servers with data; the first one was the primary at first. */
  readonly servers: readonly RedisServer[];
  readonly sentinels: readonly RedisServer[];
  /** Of the Sentinels, as host and port. */
  readonly addresses: readonly string[];
  /** Through which replicas follow the first primary. */
  readonly replication: ReplicationPipe;
  /** The primary, by what the Sentinels that run say; throws while they differ. */
  primary(): Promise<RedisServer>;
  /** Has the Sentinels replace the primary though it is well, and waits until they all know. */
  failOver(): Promise<void>;
  /** Waits until another server than this is the primary, and all Sentinels know. */
  replaced(former: RedisServer): Promise<RedisServer>;
  /** Waits until every replica of the present primary has what was written up to now. */
  caughtUp(): Promise<void>;
  /** Waits until all is as it was made: everybody is known, every server that runs follows. */
  healthy(): Promise<void>;
  stop(): Promise<void>;
}

const host = "127.0.0.1";
const name = "main";
const deadline = { deadlineMs: 20_000 };

const field = (info: string, key: string): string | undefined =>
  new RegExp(`^${key}:(.*?)\\r?$`, "m").exec(info)?.[1];

/** Starts the servers and resolves when every Sentinel knows all of them. */
export const startSentinelSet = async (options: SentinelSetOptions = {}): Promise<SentinelSet> => {
  const { replicas = 2, sentinels: count = 3, downAfterMs = 1_000 } = options;
  const args = [...primaryArgs, ...(options.server?.args ?? [])];
  const first = await startRedisServer({ ...options.server, args });
  const servers: RedisServer[] = [first];
  const sentinels: RedisServer[] = [];
  let replication: ReplicationPipe | undefined;
  const stop = async (): Promise<void> => {
    await Promise.all([...sentinels, ...servers].map((server) => server.stop()));
    await replication?.close();
  };
  const begin = async (): Promise<ReplicationPipe> => {
    const proxy = await startReplicationPipe(first.port);
    replication = proxy;
    const followers = Array.from({ length: replicas }, () =>
      startReplica({ port: proxy.port }, { ...options.server }),
    );
    for (const follower of followers) servers.push(await follower);
    for (let n = 0; n < count; n++) {
      sentinels.push(
        await startRedisServer({
          ...(options.logIn && { logIn: options.logIn }),
          ...(options.sentinelArgs && { args: options.sentinelArgs }),
          sentinel: [
            `sentinel monitor ${name} ${host} ${first.port} ${Math.floor(count / 2) + 1}`,
            `sentinel down-after-milliseconds ${name} ${stretch(downAfterMs)}`,
            `sentinel failover-timeout ${name} ${stretch(20_000)}`,
            `sentinel parallel-syncs ${name} 2`,
            ...(options.conf ?? []),
            "",
          ].join("\n"),
        }),
      );
    }
    return proxy;
  };
  const proxy = await begin().catch(async (error: unknown) => {
    await stop();
    throw error;
  });

  const running = (all: readonly RedisServer[]) => all.filter(({ pid }) => pid !== 0);
  const toldBy = async (sentinel: RedisServer): Promise<number> =>
    Number(/(\d+)$/.exec(await sentinel.command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", name))?.[1]);
  const primary = async (): Promise<RedisServer> => {
    const told = new Set(await Promise.all(running(sentinels).map(toldBy)));
    const found = servers.find(({ port }) => told.has(port));
    if (told.size !== 1 || !found) throw new Error(`The Sentinels tell ${[...told].join(", ")}.`);
    return found;
  };
  const healthy = async (): Promise<void> => {
    for (const sentinel of running(sentinels)) {
      await waitUntil(
        `the Sentinel at ${sentinel.port} knows all others`,
        () => sentinel.command("INFO", "sentinel"),
        (info) =>
          info.includes(`status=ok,address=${host}:`) &&
          info.includes(`slaves=${replicas},sentinels=${count}`),
        deadline,
      );
      await waitUntil(
        `the Sentinel at ${sentinel.port} could replace the primary`,
        () => sentinel.command("SENTINEL", "CKQUORUM", name),
        (answer) => answer.startsWith("OK"),
        deadline,
      );
    }
    const leader = await waitUntil("the Sentinels agree", primary, Boolean, deadline);
    for (const server of running(servers)) {
      if (server.port === leader.port) continue;
      await waitUntil(
        `the server at ${server.port} follows ${leader.port}`,
        () => server.command("INFO", "replication"),
        (info) =>
          field(info, "role") === "slave" &&
          [leader.port, proxy.port].includes(Number(field(info, "master_port"))) &&
          field(info, "master_link_status") === "up",
        deadline,
      );
      // A replica that was just given the data is sent nothing more for up to a second.
      await caughtUp(leader, server);
    }
  };
  const replaced = (former: RedisServer): Promise<RedisServer> =>
    waitUntil(
      `another server than ${former.port} is the primary`,
      primary,
      ({ port }) => port !== former.port,
      deadline,
    );
  /** How often they look, and tell each other: on an ordinary day it takes them 20 s to know all. */
  const pace = async (publishMs: string): Promise<void> => {
    const look = ["info-period", "500", "ping-period", "200", "publish-period", publishMs];
    for (const each of sentinels) await each.command("SENTINEL", "DEBUG", ...look);
  };
  await pace("300")
    .then(healthy)
    // After four of these they make a replica of a primary that was replaced.
    .then(() => pace("500"))
    .catch(async (error: unknown) => {
      await stop();
      throw error;
    });

  return {
    name,
    servers,
    sentinels,
    addresses: sentinels.map(({ port }) => `${host}:${port}`),
    replication: proxy,
    primary,
    failOver: async () => {
      const former = await primary();
      const [any] = running(sentinels);
      if (!any) throw new Error("No Sentinel runs.");
      // Refused while the one before is not over.
      await waitUntil(
        "the Sentinels begin to replace the primary",
        () => any.command("SENTINEL", "FAILOVER", name),
        Boolean,
        deadline,
      );
      await replaced(former);
    },
    replaced,
    caughtUp: async () => {
      const leader = await primary();
      for (const server of running(servers)) {
        const info = await server.command("INFO", "replication");
        if (field(info, "role") === "slave") await caughtUp(leader, server);
      }
    },
    healthy,
    stop,
  };
};
