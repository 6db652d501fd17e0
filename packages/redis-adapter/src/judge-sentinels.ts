/** Judges what Sentinels say, and the primary that they watch; pure. */
import type { BackendFinding } from "@muster/core/ports";
import { BackendUnavailable } from "@muster/core/ports";
import type { Said } from "./connections/decide-primary.ts";
import type { Hearing } from "./connections/sentinel-watch.ts";

interface Heard {
  readonly sentinel: string;
  readonly said: Said;
}

const heard = ({ said }: Hearing): readonly Heard[] =>
  [...said].map(([sentinel, each]) => ({ sentinel, said: each }));
const at = (those: readonly Heard[]): string => those.map(({ sentinel }) => sentinel).join(", ");

const withDetails = (those: readonly Heard[]): string =>
  those
    .map(({ sentinel, said }) => ("detail" in said ? `${sentinel}: ${said.detail}` : sentinel))
    .join("; ");

/** The commands that a user needs at a Sentinel. */
export const sentinelAcl =
  "+hello +auth +client|setname +subscribe &* +sentinel|master +sentinel|get-master-addr-by-name +sentinel|ckquorum";

/** Why no primary can be told, which time does not mend; `undefined` when there is no such reason. */
export const judgeRefusals = (name: string, hearing: Hearing): BackendFinding | undefined => {
  if (hearing.followed) return undefined;
  const all = heard(hearing);
  const unknown = all.filter(({ said }) => said.kind === "name-unknown");
  if (unknown.length > 0) {
    return {
      level: "refuse",
      code: "SENTINEL_NAME_UNKNOWN",
      message: `The Sentinels watch no primary called ${name} (asked: ${at(unknown)}).`,
      remedy: `Give the name that stands behind "sentinel monitor" in their configuration; redis-cli SENTINEL MASTERS lists the names.`,
    };
  }
  const refusing = (why: string) =>
    all.filter(({ said }) => said.kind === "refused" && said.why === why);
  const noSentinel = refusing("no-sentinel");
  if (noSentinel.length > 0) {
    return {
      level: "refuse",
      code: "NOT_A_SENTINEL",
      message: `What answers is no Sentinel: ${withDetails(noSentinel)}.`,
      remedy:
        "Give the addresses of the Sentinels (port 26379 unless set otherwise), not those of the servers with the data.",
    };
  }
  const acl = refusing("acl");
  if (acl.length > 0) {
    return {
      level: "refuse",
      code: "SENTINEL_ACL_DENIED",
      message: `The user may not ask the Sentinels: ${withDetails(acl)}.`,
      remedy: `Grant it on every Sentinel by ACL SETUSER with ${sentinelAcl}.`,
    };
  }
  const logIn = refusing("log-in");
  if (logIn.length === 0) return undefined;
  return {
    level: "refuse",
    code: "SENTINEL_AUTH_REFUSED",
    message: `The Sentinels refuse the user or its password: ${withDetails(logIn)}.`,
    remedy:
      "Check sentinelUsername and sentinelPassword: they are apart from username and password, which are those of the servers with the data.",
  };
};

/** The error to fail with while no Sentinel tells a primary, though that may change. */
export const nobodyTells = (name: string, hearing: Hearing): BackendUnavailable =>
  new BackendUnavailable(
    "sentinels",
    new Error(
      `no Sentinel tells where the primary ${name} is: ${withDetails(heard(hearing))}; start the Sentinels, or correct their addresses and sentinelTls`,
    ),
  );

/** What stands against the Sentinels by now. */
export const judgeHearing = (name: string, hearing: Hearing): readonly BackendFinding[] => {
  const all = heard(hearing);
  const away = all.filter(({ said }) => said.kind !== "primary");
  if (away.length === all.length) {
    return [
      {
        level: "alert",
        code: "SENTINELS_AWAY",
        message: `No Sentinel tells where the primary ${name} is: a fail-over would not be followed (${withDetails(away)}).`,
        remedy: "Bring the Sentinels back; nothing else is needed.",
      },
    ];
  }
  const findings: BackendFinding[] = [];
  if (hearing.noQuorum !== undefined) {
    findings.push({
      level: "alert",
      code: "SENTINEL_QUORUM",
      message: `The Sentinels cannot replace the primary ${name} when it fails: ${hearing.noQuorum}`,
      remedy: `Bring Sentinels back until SENTINEL CKQUORUM ${name} answers OK.`,
    });
  }
  if (away.length > 0) {
    findings.push({
      level: "warn",
      code: "SENTINEL_AWAY",
      message: `Sentinels that do not tell where the primary ${name} is: ${withDetails(away)}.`,
      remedy: "Bring them back, or name those that have taken their place.",
    });
  }
  return findings;
};

/** Looks at a primary by what INFO says, where Sentinels may replace it. */
export const judgeWatched = (info: Readonly<Record<string, string>>): readonly BackendFinding[] => {
  if (Number(info["connected_slaves"] ?? 0) === 0) {
    return [
      {
        level: "warn",
        code: "NO_REPLICA",
        message: "The primary has no replica: when it fails, nothing can take its place.",
        remedy: "Add a replica by REPLICAOF; the Sentinels find it by themselves.",
      },
    ];
  }
  // INFO shows how many replicas keep up only where a number is asked for.
  if (info["min_slaves_good_slaves"] !== undefined) return [];
  return [
    {
      level: "warn",
      code: "MIN_REPLICAS",
      message:
        "min-replicas-to-write is 0: a primary that is cut off goes on taking writes, which a fail-over then loses.",
      remedy:
        "Run CONFIG SET min-replicas-to-write 1 on every server (and set it in redis.conf), as far as the primary has two replicas or may stand still without its one.",
    },
  ];
};
