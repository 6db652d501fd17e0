/**
 * A private Redis Cluster on loopback: primaries that share the slots, replicas where asked for, made
 * by the commands that `redis-cli --cluster` gives. Each server is one of redis-server.ts and ends
 * by its handle. Slots move by the steps of a reshard, one after another or held half-way.
 */
import { freePort, type RedisServer, startRedisServer } from "./redis-server.ts";
import { stretch } from "./stretch.ts";
import { waitUntil } from "./wait-until.ts";

export interface RedisClusterOptions {
  /** @defaultValue 3 */
  readonly primaries?: number;
  /** Replicas of each primary. @defaultValue 0 */
  readonly replicas?: number;
  /** After how long a silent server counts as failed, in milliseconds. @defaultValue 1000 */
  readonly nodeTimeoutMs?: number;
  /** Keeps data across restarts. @defaultValue true */
  readonly aof?: boolean;
  readonly args?: readonly string[];
}

export interface ClusterServer extends RedisServer {
  /** Its id within the cluster. */
  readonly id: string;
  readonly address: string;
}

/** A slot on its way from one primary to another. */
export interface SlotMove {
  /** Moves up to so many keys, all without a number; answers how many are left. */
  moveKeys(most?: number): Promise<number>;
  /** Gives the slot to its new primary for good. */
  finish(): Promise<void>;
}

export interface RedisCluster {
  readonly servers: readonly ClusterServer[];
  readonly addresses: readonly string[];
  /** The slot of a key. */
  slotOf(key: string): Promise<number>;
  /** The primary that serves a slot now, by what the other servers say. */
  ownerOf(slot: number): Promise<ClusterServer>;
  primaries(): Promise<readonly ClusterServer[]>;
  replicasOf(primary: ClusterServer): Promise<readonly ClusterServer[]>;
  /** Begins to move a slot: its keys are still where they were. */
  beginMove(slot: number, to: ClusterServer): Promise<SlotMove>;
  /** Moves a slot with all its keys. */
  move(slot: number, to: ClusterServer): Promise<void>;
  /** One command at the primary of a key. */
  commandAt(key: string, ...words: readonly string[]): Promise<string>;
  /** One command at every primary. */
  everywhere(...words: readonly string[]): Promise<void>;
  /** Waits until all servers that run agree that all is well. */
  healthy(): Promise<void>;
  stop(): Promise<void>;
}

const slotCount = 16_384;

interface NodeLine {
  readonly id: string;
  readonly address: string;
  readonly flags: readonly string[];
  readonly primaryId: string;
  readonly slots: readonly (readonly [from: number, to: number])[];
}

const parseNodes = (text: string): readonly NodeLine[] =>
  text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const [id = "", address = "", flags = "", primaryId = "", , , , , ...slots] = line
        .trim()
        .split(" ");
      return {
        id,
        address: address.replace(/@.*$/, ""),
        flags: flags.split(","),
        primaryId,
        slots: slots
          .filter((range) => !range.startsWith("["))
          .map((range) => {
            const [from = "", to = from] = range.split("-");
            return [Number(from), Number(to)] as const;
          }),
      };
    });

/** Bulk strings of an array reply, as the raw command of the kit shows it. */
const words = (reply: string): readonly string[] =>
  reply.split("\r\n").filter((line) => line !== "" && !/^[*$]\d+$/.test(line));

const startServer = async (options: RedisClusterOptions): Promise<ClusterServer> => {
  const server = await startRedisServer({
    aof: options.aof ?? true,
    args: [
      ...["--cluster-enabled", "yes", "--cluster-port", String(await freePort())],
      ...["--cluster-node-timeout", String(stretch(options.nodeTimeoutMs ?? 1_000))],
      // A primary without replica that is down must not stop the others.
      ...["--cluster-require-full-coverage", "no", "--repl-diskless-sync-delay", "0"],
      ...(options.args ?? []),
    ],
  });
  const id = await server.command("CLUSTER", "MYID");
  return Object.defineProperties(server as ClusterServer, {
    id: { value: id },
    address: { get: () => `127.0.0.1:${server.port}` },
  });
};

/** Starts the servers, makes them one cluster and resolves when all agree that it is well. */
export const startRedisCluster = async (
  options: RedisClusterOptions = {},
): Promise<RedisCluster> => {
  const { primaries: primaryCount = 3, replicas = 0 } = options;
  const count = primaryCount * (1 + replicas);
  const servers = await Promise.all(Array.from({ length: count }, () => startServer(options)));
  const [first] = servers as [ClusterServer, ...ClusterServer[]];
  const running = () => servers.filter(({ pid }) => pid !== 0);

  const nodesOf = async (server: ClusterServer): Promise<readonly NodeLine[]> =>
    parseNodes(await server.command("CLUSTER", "NODES"));
  const byId = (id: string): ClusterServer => {
    const found = servers.find((server) => server.id === id);
    if (!found) throw new Error(`No server has the id ${id}.`);
    return found;
  };
  const wait = <T>(fact: string, read: () => Promise<T>, holds: (value: T) => boolean) =>
    waitUntil(fact, read, holds, { deadlineMs: 20_000 });
  const healthy = async (): Promise<void> => {
    for (const server of running()) {
      await wait(
        `${server.address} finds the cluster well`,
        async () => ({
          info: await server.command("CLUSTER", "INFO"),
          known: await nodesOf(server),
        }),
        ({ info, known }) => {
          const owned = known
            .filter(({ flags }) => flags.includes("master") && !flags.includes("fail"))
            .flatMap(({ slots }) => slots)
            .reduce((sum, [from, to]) => sum + to - from + 1, 0);
          return (
            info.includes("cluster_state:ok") &&
            known.length === servers.length &&
            known.every(({ flags }) => !flags.includes("handshake")) &&
            owned === slotCount
          );
        },
      );
    }
  };

  const join = async (): Promise<void> => {
    for (let i = 0; i < primaryCount; i++) {
      const from = Math.floor((i * slotCount) / primaryCount);
      const to = Math.floor(((i + 1) * slotCount) / primaryCount) - 1;
      await servers[i]?.command("CLUSTER", "SET-CONFIG-EPOCH", String(i + 1));
      await servers[i]?.command("CLUSTER", "ADDSLOTSRANGE", String(from), String(to));
    }
    const busPort = (await first.command("CONFIG", "GET", "cluster-port")).match(/\d+$/)?.[0];
    for (const server of servers.slice(1)) {
      await server.command("CLUSTER", "MEET", "127.0.0.1", String(first.port), busPort ?? "");
    }
    await healthy();
    for (let i = primaryCount; i < count; i++) {
      const primary = servers[(i - primaryCount) % primaryCount] as ClusterServer;
      await servers[i]?.command("CLUSTER", "REPLICATE", primary.id);
    }
    for (const replica of servers.slice(primaryCount)) {
      await wait(
        `${replica.address} follows its primary`,
        () => replica.command("INFO", "replication"),
        (info) => info.includes("master_link_status:up"),
      );
    }
    await healthy();
  };
  const stop = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.stop()));
  };
  await join().catch(async (error: unknown) => {
    await stop();
    throw error;
  });

  /** Servers that take part and answer, by the first of them that can be asked. */
  const asked = async (): Promise<readonly NodeLine[]> => {
    const [any] = running();
    if (!any) throw new Error("No server of the cluster runs.");
    return nodesOf(any);
  };
  const slotOf = async (key: string): Promise<number> => {
    const [any] = running();
    return Number(await any?.command("CLUSTER", "KEYSLOT", key));
  };
  const ownerOf = async (slot: number): Promise<ClusterServer> => {
    const line = (await asked()).find(
      ({ flags, slots }) =>
        flags.includes("master") && slots.some(([from, to]) => from <= slot && slot <= to),
    );
    if (!line) throw new Error(`Nobody serves slot ${slot}.`);
    return byId(line.id);
  };
  const primaries = async (): Promise<readonly ClusterServer[]> =>
    (await asked())
      .filter(({ flags, slots }) => flags.includes("master") && slots.length > 0)
      .map(({ id }) => byId(id));

  const beginMove = async (slot: number, to: ClusterServer): Promise<SlotMove> => {
    const from = await ownerOf(slot);
    const text = String(slot);
    await to.command("CLUSTER", "SETSLOT", text, "IMPORTING", from.id);
    await from.command("CLUSTER", "SETSLOT", text, "MIGRATING", to.id);
    const keysLeft = async (most: number) =>
      words(await from.command("CLUSTER", "GETKEYSINSLOT", text, String(most)));
    return {
      moveKeys: async (most = 10_000) => {
        for (const key of await keysLeft(most)) {
          await from.command("MIGRATE", "127.0.0.1", String(to.port), key, "0", "5000");
        }
        return Number(await from.command("CLUSTER", "COUNTKEYSINSLOT", text));
      },
      finish: async () => {
        for (const server of [to, from, ...(await primaries())]) {
          await server.command("CLUSTER", "SETSLOT", text, "NODE", to.id);
        }
      },
    };
  };

  return {
    servers,
    addresses: servers.map(({ address }) => address),
    slotOf,
    ownerOf,
    primaries,
    replicasOf: async (primary) =>
      (await asked()).filter(({ primaryId }) => primaryId === primary.id).map(({ id }) => byId(id)),
    beginMove,
    move: async (slot, to) => {
      const move = await beginMove(slot, to);
      // Writers may add keys while theirs are on the way.
      while ((await move.moveKeys()) > 0);
      await move.finish();
    },
    commandAt: async (key, ...command) => (await ownerOf(await slotOf(key))).command(...command),
    everywhere: async (...command) => {
      for (const primary of await primaries()) await primary.command(...command);
    },
    healthy,
    stop,
  };
};
