/**
 * Looks at the servers as they are now: the findings of the preflight, ordered by what they are
 * about, and what only shows at run time: latency, clock, memory, and whether hints arrive.
 */
import {
  type BackendFinding,
  BackendUnavailable,
  type Bus,
  type Clock,
  type NodeId,
  type Precondition,
  type Random,
} from "@muster/core/ports";
import type { Connections, Primary } from "./connections/connections.ts";
import type { Keys } from "./keys.ts";
import { type PreflightOptions, parseInfo, preflight } from "./preflight.ts";
import { list, number, text } from "./reply.ts";

export interface Examined {
  readonly connections: Connections;
  readonly keys: Keys;
  readonly options: PreflightOptions;
  readonly bus: Pick<Bus, "subscribe" | "publish">;
  readonly clock: Clock;
  readonly random: Random;
}

type Info = Readonly<Record<string, string>>;

/** What the preflight may find, by what it is about; what is in no list is about the servers. */
const subjects: readonly {
  readonly id: string;
  readonly title: string;
  readonly codes: readonly string[];
  /** Said where nothing was found. */
  fine(infos: readonly Info[]): string;
}[] = [
  {
    id: "redis-version",
    title: "Version of Redis",
    codes: ["VERSION_TOO_OLD"],
    fine: (infos) => `Redis ${values(infos, "redis_version")}.`,
  },
  {
    id: "redis-eviction",
    title: "Eviction",
    codes: ["EVICTION"],
    fine: (infos) => `maxmemory-policy is ${values(infos, "maxmemory_policy")}.`,
  },
  {
    id: "redis-persistence",
    title: "Persistence",
    codes: ["PERSISTENCE_OFF"],
    fine: (infos) =>
      infos.every((info) => info["aof_enabled"] === "1") ? "AOF is on." : "RDB is on.",
  },
  {
    id: "redis-acl",
    title: "What the Redis user may do",
    codes: ["ACL_DENIED", "AUTH_REFUSED"],
    fine: () => "Every command, key and channel that is needed.",
  },
];

const values = (infos: readonly Info[], field: string): string =>
  [...new Set(infos.map((info) => info[field] ?? "unknown"))].join(", ");

const stateOf = ({ level }: BackendFinding): Precondition["state"] =>
  level === "warn" ? "warn" : "bad";

/** Orders findings by what they are about; pure. */
export const judgeFindings = (
  findings: readonly BackendFinding[],
  infos: readonly Info[],
): readonly Precondition[] => {
  const judged: Precondition[] = [];
  for (const { id, title, codes, fine } of subjects) {
    const found = findings.filter(({ code }) => codes.includes(code));
    if (found.length === 0) {
      judged.push({ id, title, state: "ok", message: fine(infos), remedy: null });
    }
    for (const finding of found) {
      const { message, remedy } = finding;
      judged.push({ id, title, state: stateOf(finding), message, remedy });
    }
  }
  for (const finding of findings) {
    if (subjects.some(({ codes }) => codes.includes(finding.code))) continue;
    const { code, message, remedy } = finding;
    const id = `redis-${code.toLowerCase().replaceAll("_", "-")}`;
    judged.push({ id, title: "Servers", state: stateOf(finding), message, remedy });
  }
  return judged;
};

const samples = 5;
/** Beyond it heartbeats of 250 ms and a lease of 1.5 s have little left to spare. */
const slowMs = 50;
const hopelessMs = 400;
const clockOffMs = 1_000;
const fullFraction = 0.9;
const hintMs = 2_000;

const round = (ms: number): number => Math.round(ms * 100) / 100;

/** Judges how long servers take to answer, the slowest of them; pure. */
export const judgeLatency = (worstMs: number): Precondition => ({
  id: "redis-latency",
  title: "Latency",
  state: worstMs > hopelessMs ? "bad" : worstMs > slowMs ? "warn" : "ok",
  message: `${samples} round trips took at most ${round(worstMs)} ms.`,
  remedy:
    worstMs > slowMs
      ? "Bring nodes and Redis nearer to each other, or give a longer leaseMs and heartbeatMs to all nodes."
      : null,
});

/** Judges how far the clocks are apart; pure. */
export const judgeClock = (offsetMs: number): Precondition => {
  const apart = Math.abs(offsetMs) > clockOffMs;
  const ahead = offsetMs > 0 ? "behind" : "ahead of";
  return {
    id: "clock",
    title: "Clock of this machine against Redis",
    state: apart ? "warn" : "ok",
    message: apart
      ? `This machine is ${round(Math.abs(offsetMs))} ms ${ahead} Redis.`
      : `They differ by ${round(Math.abs(offsetMs))} ms.`,
    remedy: apart
      ? "Have both follow NTP. What is compared goes by the time of Redis, so only logs and displays are off."
      : null,
  };
};

/** Judges how full a server is; pure. */
export const judgeMemory = (infos: readonly Info[]): Precondition => {
  const fractions = infos.map((info) => {
    const most = Number(info["maxmemory"] ?? 0);
    return most > 0 ? Number(info["used_memory"] ?? 0) / most : 0;
  });
  const worst = Math.max(0, ...fractions);
  const isFull = worst > fullFraction;
  return {
    id: "redis-memory",
    title: "Memory of Redis",
    state: isFull ? "warn" : "ok",
    message:
      worst === 0
        ? `${values(infos, "used_memory_human")} in use, without a limit.`
        : `${Math.round(worst * 100)} % of maxmemory is in use.`,
    remedy: isFull ? "Raise maxmemory: a full server takes no new commands." : null,
  };
};

const infoOf = async (primary: Primary): Promise<Info> => {
  try {
    return parseInfo(text(await primary.call("examine", "info", [])));
  } catch {
    // Not allowed, or away: the preflight tells.
    return {};
  }
};

const worstRoundTrip = async (
  primaries: readonly Primary[],
  clock: Clock,
): Promise<{ readonly worstMs: number; readonly offsetMs: number }> => {
  let worstMs = 0;
  let offsetMs = 0;
  for (const primary of primaries) {
    for (let i = 0; i < samples; i++) {
      const sentAt = clock.monotonic();
      const [seconds, micros] = list(await primary.call("examine", "time", []));
      const tookMs = clock.monotonic() - sentAt;
      worstMs = Math.max(worstMs, tookMs);
      const redisMs = number(seconds) * 1_000 + number(micros) / 1_000;
      const off = redisMs - (clock.wall() - tookMs / 2);
      if (Math.abs(off) > Math.abs(offsetMs)) offsetMs = off;
    }
  }
  return { worstMs, offsetMs };
};

/** Sends a hint to itself. */
const hintsArrive = async ({ bus, clock, random }: Examined): Promise<boolean> => {
  const node = `doctor-${random.id().toLowerCase()}` as NodeId;
  const topic = { topic: "node", node } as const;
  let heard: (came: boolean) => void = () => {};
  const coming = new Promise<boolean>((resolve) => {
    heard = resolve;
  });
  const cancel = clock.after(hintMs, () => heard(false));
  const end = await bus.subscribe(topic, () => heard(true));
  await bus.publish(topic, { topic: "node", payload: new Uint8Array([1]) });
  const came = await coming;
  cancel();
  await end();
  return came;
};

const judgeHints = (came: boolean): Precondition => ({
  id: "redis-pubsub",
  title: "Pub/sub",
  state: came ? "ok" : "bad",
  message: came ? "A message to itself came back." : "A message to itself did not come back.",
  remedy: came
    ? null
    : "Look for a proxy that does not pass on subscriptions, and at the channels that the user may use.",
});

/** Looks at servers, user and connections. @throws BackendUnavailable when no server answers */
export const examine = async (examined: Examined): Promise<readonly Precondition[]> => {
  const { connections, keys, options, clock } = examined;
  const primaries = connections.primaries();
  const found = await preflight(connections, keys, options);
  const findings = [...found, ...(connections.findings?.() ?? [])];
  const infos = await Promise.all(primaries.map(infoOf));
  const { worstMs, offsetMs } = await worstRoundTrip(primaries, clock);
  const came = await hintsArrive(examined).catch((error: unknown) => {
    if (error instanceof BackendUnavailable) return false;
    throw error;
  });
  return [
    {
      id: "redis-mode",
      title: "Connection",
      state: "ok",
      message: `Connected to ${primaries.length === 1 ? "one primary" : `${primaries.length} primaries`} (${connections.mode}): ${primaries.map(({ name }) => name).join(", ")}.`,
      remedy: null,
    },
    ...judgeFindings(findings, infos),
    judgeMemory(infos),
    judgeLatency(worstMs),
    judgeClock(offsetMs),
    judgeHints(came),
  ];
};
