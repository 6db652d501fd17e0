/**
 * One primary that Sentinels watch and replace. Where it is they alone tell; all connections of the
 * node follow it together.
 */
import { Redis } from "ioredis";
import { judgeHearing, judgeRefusals, nobodyTells } from "../judge-sentinels.ts";
import { Link } from "../link.ts";
import { preflightRefusal } from "../preflight-refusal.ts";
import type { Connections, ConnectionsContext } from "./connections.ts";
import { connectToOne } from "./one-server.ts";
import { firstPassword, rotatePassword } from "./passwords.ts";
import { Following } from "./primary-connector.ts";
import { splitAddress } from "./redirection.ts";
import type { SentinelSource } from "./sentinel-source.ts";
import { SentinelWatch } from "./sentinel-watch.ts";
import { settings } from "./settings.ts";

/** A Sentinel answers at once or not at all. */
const patienceMs = 1_000;

/** Makes the connections without connecting them; asks for the passwords first. */
export const connectToSentinels = async (
  context: ConnectionsContext,
  source: SentinelSource,
): Promise<Connections> => {
  const { clock, logger } = context;
  const { name, sentinels, translate } = source;
  const [sentinelPassword, password] = await Promise.all([
    firstPassword(source.sentinelPassword),
    firstPassword(source.serverPassword),
  ]);
  const watch = new SentinelWatch({
    sentinels,
    name,
    clock,
    logger,
    patienceMs,
    translate,
    make: (address) => {
      const redis = new Redis({
        ...settings(context, "sentinel", patienceMs),
        ...source.ofSentinels,
        ...(sentinelPassword !== undefined && { password: sentinelPassword }),
        enableReadyCheck: false,
        // Asked and heard over one connection, which the older protocol does not allow.
        protocol: 3,
        ...splitAddress(address),
      });
      rotatePassword(redis, source.sentinelPassword);
      return new Link(redis, { waitMs: 0, timeoutMs: patienceMs, coalesce: false }, clock);
    },
  });
  const following = new Following(watch);
  const connections = connectToOne(
    context,
    "sentinel",
    (base) =>
      new Redis({
        ...source.ofServers,
        ...(password !== undefined && { password }),
        ...base,
        // It tells whether the server is a primary, and which one.
        enableReadyCheck: true,
        Connector: following.connector(),
      }),
  );
  return {
    ...connections,
    open: async () => {
      await watch.open();
      const refused = judgeRefusals(name, watch.hearing);
      if (refused) throw preflightRefusal([refused]);
      if (!watch.hearing.followed) throw nobodyTells(name, watch.hearing);
      await connections.open();
    },
    close: () => {
      watch.end();
      connections.close();
    },
    findings: () => judgeHearing(name, watch.hearing),
  };
};
