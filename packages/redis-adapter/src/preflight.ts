/** Looks at the server before anything is kept in it; each finding says what to do about it. */
import { type BackendFinding, BackendUnavailable } from "@muster/core/ports";
import type { Connections, Primary, Wire } from "./connections/connections.ts";
import type { Durability } from "./connections/replicated-wire.ts";
import { inPieces } from "./in-pieces.ts";
import { judgeCluster, mergeFindings } from "./judge-cluster.ts";
import { judgeWatched } from "./judge-sentinels.ts";
import type { Keys } from "./keys.ts";
import type { Argument } from "./link.ts";
import { isDenied } from "./refused-access.ts";
import { list, text } from "./reply.ts";
import { runScript } from "./script-runner.ts";
import { scripts } from "./scripts.generated.ts";

/** What the server says of itself, as far as it may be read. */
export interface ServerFacts {
  readonly info: Readonly<Record<string, string>>;
  /** Save points of RDB; `unknown` where CONFIG is denied. */
  readonly save: string | "unknown";
}

export interface PreflightOptions {
  readonly allowEviction: boolean;
  readonly durability?: Durability;
  /** The servers are asked as parts of a Redis Cluster. @defaultValue false */
  readonly onCluster?: boolean;
}

export const parseInfo = (info: string): Readonly<Record<string, string>> => {
  const fields: Record<string, string> = Object.create(null);
  for (const line of info.split(/\r?\n/)) {
    const colon = line.indexOf(":");
    if (colon > 0 && !line.startsWith("#")) fields[line.slice(0, colon)] = line.slice(colon + 1);
  }
  return fields;
};

const lowestVersion = 7;

/** Judges what the server says of itself; pure. */
export const judgeServer = (
  { info, save }: ServerFacts,
  options: PreflightOptions,
): readonly BackendFinding[] => {
  const findings: BackendFinding[] = [];
  const version = info["redis_version"] ?? "unknown";
  if (!(Number.parseInt(version, 10) >= lowestVersion)) {
    findings.push({
      level: "refuse",
      code: "VERSION_TOO_OLD",
      message: `The server is Redis ${version}.`,
      remedy: `Use Redis ${lowestVersion}.0 or later, or Valkey.`,
    });
  }
  if (info["role"] === "slave") {
    findings.push({
      level: "refuse",
      code: "REPLICA",
      message: "The server is a replica and takes no writes.",
      remedy: "Connect to the primary.",
    });
  }
  if (info["cluster_enabled"] === "1" && !options.onCluster) {
    findings.push({
      level: "refuse",
      code: "CLUSTER_MODE",
      message: "The server is part of a Redis Cluster.",
      remedy: 'Give some of its servers as redisBackend({ cluster: ["host:port"] }).',
    });
  }
  const policy = info["maxmemory_policy"] ?? "unknown";
  if (policy !== "noeviction") {
    findings.push({
      level: options.allowEviction ? "alert" : "refuse",
      code: "EVICTION",
      message: `maxmemory-policy is ${policy}: under memory pressure the server drops data of the cluster.`,
      remedy:
        "Run CONFIG SET maxmemory-policy noeviction (and set it in redis.conf), or accept the loss with allowEviction: true.",
    });
  }
  if (info["aof_enabled"] !== "1" && (save === "" || save === "unknown")) {
    findings.push({
      level: "warn",
      code: "PERSISTENCE_OFF",
      message:
        save === ""
          ? "Neither AOF nor RDB is on: a restart of the server loses everything."
          : "AOF is off and whether RDB is on cannot be read: a restart of the server may lose everything.",
      remedy: "Run CONFIG SET appendonly yes (and set it in redis.conf).",
    });
  }
  const replicas = Number(info["connected_slaves"] ?? 0);
  if (options.durability && replicas < options.durability.replicas) {
    findings.push({
      level: "warn",
      code: "TOO_FEW_REPLICAS",
      message: `The server has ${replicas} replicas, and durability waits for ${options.durability.replicas}.`,
      remedy: "Add replicas; until then callers are told that outcomes are unknown.",
    });
  }
  return findings;
};

const ask = async (
  primary: Primary,
  command: string,
  args: readonly Argument[],
): Promise<string | undefined> => {
  try {
    const reply = await primary.call("preflight", command, args);
    return text(Array.isArray(reply) ? list(reply)[1] : reply);
  } catch (error) {
    if (isDenied(error)) return undefined;
    throw error;
  }
};

/** What to tell when the user may not do something that is needed. */
export const denied = (keys: Keys, what: string, detail: string): BackendFinding => ({
  level: "refuse",
  code: "ACL_DENIED",
  message: `The Redis user may not run ${what}: ${detail}`,
  remedy: `Grant it by ACL SETUSER with keys ~${keys.pattern} and channels &${keys.pattern}; docs/operations.md lists the commands needed.`,
});

const judgePermissions = async (wire: Wire, keys: Keys): Promise<readonly BackendFinding[]> => {
  const findings = new Map<string, BackendFinding>();
  let silent = 0;
  let failure: unknown;
  const probe = async (key: string): Promise<void> => {
    try {
      const answer = await runScript(wire, { script: scripts.preflight, keys: [key], args: [key] });
      for (let i = 1; i + 1 < answer.length; i += 2) {
        const [command, detail] = [text(answer[i]), text(answer[i + 1])];
        findings.set(`${command} ${detail}`, denied(keys, command, detail));
      }
    } catch (error) {
      if (!isDenied(error) || !(error instanceof BackendUnavailable)) {
        silent += 1;
        failure = error;
        return;
      }
      const detail = String((error.cause as Error).message);
      findings.set(detail, denied(keys, "a script", detail));
    }
  };
  await Promise.all(keys.probes.map(probe));
  // One of several servers may be away; it is looked at by nobody then.
  if (silent === keys.probes.length || (silent > 0 && !wire.sharded)) throw failure;
  return [...findings.values()];
};

interface Inspected extends ServerFacts {
  readonly name: string;
  readonly fullCoverage: string | "unknown";
}

const inspectServer = async (primary: Primary): Promise<Inspected | "denied"> => {
  const info = await ask(primary, "info", []);
  if (info === undefined) return "denied";
  const setting = async (name: string) =>
    (await ask(primary, "config", ["get", name])) ?? "unknown";
  const isMember = parseInfo(info)["cluster_enabled"] === "1";
  return {
    name: primary.name,
    info: parseInfo(info),
    save: await setting("save"),
    fullCoverage: isMember ? await setting("cluster-require-full-coverage") : "unknown",
  };
};

const mayWait = async (primary: Primary): Promise<boolean> => {
  try {
    await primary.call("preflight", "wait", ["0", "1"]);
    return true;
  } catch (error) {
    if (isDenied(error)) return false;
    throw error;
  }
};

/** Looks at what the servers are like; `denied` where that may not be read. @throws BackendUnavailable */
const judgeServers = async (
  connections: Connections,
  options: PreflightOptions,
): Promise<readonly BackendFinding[] | "denied"> => {
  const inspected = await inPieces(connections.primaries(), 1, async ([primary]) =>
    primary ? [await inspectServer(primary)] : [],
  );
  const facts = inspected.filter((one) => one !== undefined);
  const readable = facts.filter((one) => one !== "denied");
  if (readable.length < facts.length) return "denied";
  const onCluster = connections.mode === "cluster";
  const judged = readable.map((server) => ({
    name: server.name,
    findings: judgeServer(server, { ...options, onCluster }),
  }));
  return [
    ...mergeFindings(judged),
    ...(connections.mode === "sentinel" ? readable.flatMap(({ info }) => judgeWatched(info)) : []),
    ...(onCluster
      ? judgeCluster({ primaries: readable, uncovered: connections.uncoveredSlots() })
      : []),
  ];
};

/** Looks at servers and permissions. @throws BackendUnavailable when no server answers */
export const preflight = async (
  connections: Connections,
  keys: Keys,
  options: PreflightOptions,
): Promise<readonly BackendFinding[]> => {
  const judged = await judgeServers(connections, options);
  if (judged === "denied")
    return [denied(keys, "INFO", "it is needed to tell one run of the server from another.")];
  const findings = [...judged];
  for (const primary of options.durability ? connections.primaries() : []) {
    if (!(await mayWait(primary))) findings.push(denied(keys, "WAIT", "durability needs it."));
  }
  // An old server may not even know the scripts' commands.
  if (findings.some(({ level }) => level === "refuse")) return findings;
  return [...findings, ...(await judgePermissions(connections.control, keys))];
};

/**
 * Looks again at servers in use, as settings of theirs may be changed. A policy that would have been
 * refused at the start alarms; that a server is a replica, or another one, is noticed by its answers.
 * @throws BackendUnavailable when no server answers
 */
export const lookAgain = async (
  connections: Connections,
  options: PreflightOptions,
): Promise<readonly BackendFinding[] | "denied"> => {
  const judged = await judgeServers(connections, options);
  if (judged === "denied") return judged;
  return judged.flatMap((finding) => {
    if (finding.level !== "refuse") return finding;
    return finding.code === "EVICTION" ? { ...finding, level: "alert" as const } : [];
  });
};
