/** Where to find Sentinels, what they call the primary and how to log in, out of the user's options. */
import type { Redis, RedisOptions } from "ioredis";
import type { NatMap, Password, ResolvedRedisOptions } from "../options.ts";
import { isClusterClient } from "./cluster-source.ts";
import { passwordOf } from "./passwords.ts";
import { sentinelPort, serverAddress, translator } from "./server-address.ts";
import type { Settings } from "./settings.ts";

export interface SentinelSource {
  /** The Sentinels, as host and port. */
  readonly sentinels: readonly string[];
  /** What they call the primary. */
  readonly name: string;
  /** What connections to Sentinels have beside our own settings, but for the password. */
  readonly ofSentinels: Settings;
  readonly sentinelPassword: Password | undefined;
  /** What connections to servers with data have beside our own settings, but for the password. */
  readonly ofServers: Settings;
  readonly serverPassword: Password | undefined;
  /** Where an address that Sentinels tell is reached from here. */
  translate(address: string): string;
}

const logIn = (username: string | undefined, tls: boolean | object | undefined): Settings => ({
  ...(username !== undefined && { username }),
  ...(tls !== undefined && tls !== false && { tls: tls === true ? {} : tls }),
});

const ofClient = (client: Redis): SentinelSource => {
  const {
    sentinels,
    name,
    sentinelUsername,
    sentinelPassword,
    sentinelTLS,
    enableTLSForSentinelMode,
    natMap,
    tls,
    // Replies come in the shape that our reading expects, whatever the user's client asks for.
    replyMapping: _,
    ...settings
  } = client.options;
  return {
    sentinels: (sentinels ?? []).map(({ host = "127.0.0.1", port = sentinelPort }) =>
      serverAddress({ host, port }),
    ),
    name: name ?? "",
    ofSentinels: logIn(sentinelUsername ?? undefined, sentinelTLS),
    sentinelPassword: sentinelPassword ?? undefined,
    ofServers: {
      ...(settings as RedisOptions & { replyMapping?: never }),
      ...(enableTLSForSentinelMode === true && tls !== undefined && { tls }),
    },
    serverPassword: undefined,
    translate: translator(natMap as NatMap | undefined),
  };
};

/** Reads the options; `undefined` when they name no Sentinel. */
export const sentinelSource = (options: ResolvedRedisOptions): SentinelSource | undefined => {
  if ("sentinels" in options) {
    return {
      sentinels: options.sentinels.map((each) => serverAddress(each, sentinelPort)),
      name: options.name,
      ofSentinels: logIn(options.sentinelUsername, options.sentinelTls),
      sentinelPassword: options.sentinelPassword,
      ofServers: {
        ...logIn(options.username, options.tls),
        ...(options.db !== undefined && { db: options.db }),
      },
      serverPassword: passwordOf(options),
      translate: translator(options.natMap),
    };
  }
  if (!("client" in options) || isClusterClient(options.client)) return undefined;
  return options.client.options.sentinels ? ofClient(options.client) : undefined;
};
