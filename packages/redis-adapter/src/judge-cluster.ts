/** Judges a Redis Cluster as a whole; pure. What is true of single servers is judged for each apart. */
import type { BackendFinding } from "@muster/core/ports";

/** A primary, by what it says of itself. */
export interface PrimaryFacts {
  /** Host and port. */
  readonly name: string;
  readonly info: Readonly<Record<string, string>>;
  /** Setting `cluster-require-full-coverage`; `unknown` where CONFIG is denied. */
  readonly fullCoverage: string | "unknown";
}

export interface ClusterFacts {
  readonly primaries: readonly PrimaryFacts[];
  /** Slots that nobody serves. */
  readonly uncovered: number;
}

const names = (primaries: readonly PrimaryFacts[]): string =>
  primaries.map(({ name }) => name).join(", ");

/** INFO shows how many replicas keep up only where a number is asked for. */
const asksForReplicas = ({ info }: PrimaryFacts): boolean =>
  info["min_slaves_good_slaves"] !== undefined;
const replicasOf = ({ info }: PrimaryFacts): number => Number(info["connected_slaves"] ?? 0);

export const judgeCluster = ({ primaries, uncovered }: ClusterFacts): readonly BackendFinding[] => {
  const findings: BackendFinding[] = [];
  if (uncovered > 0) {
    findings.push({
      level: "alert",
      code: "SLOTS_UNCOVERED",
      message: `${uncovered} slots of the Redis Cluster are served by nobody: shards that lie in them stand still.`,
      remedy: "Run redis-cli --cluster check, and --cluster fix where a move was broken off.",
    });
  }
  const alone = primaries.filter((primary) => replicasOf(primary) === 0);
  if (alone.length > 0) {
    findings.push({
      level: "warn",
      code: "NO_REPLICA",
      message: `Primaries of the Redis Cluster without a replica: ${names(alone)}. While one is down its shards stand still.`,
      remedy:
        "Add a replica to each primary: redis-cli --cluster add-node NEW KNOWN --cluster-slave.",
    });
  }
  const careless = primaries.filter((each) => replicasOf(each) > 0 && !asksForReplicas(each));
  if (careless.length > 0) {
    findings.push({
      level: "warn",
      code: "MIN_REPLICAS",
      message: `min-replicas-to-write is 0 at ${names(careless)}: a primary that is cut off goes on taking writes, which a fail-over then loses.`,
      remedy:
        "Run CONFIG SET min-replicas-to-write 1 on every server (and set it in redis.conf), as far as each primary has two replicas or may stand still without its one.",
    });
  }
  const strict = primaries.filter(({ fullCoverage }) => fullCoverage === "yes");
  if (strict.length > 0) {
    findings.push({
      level: "warn",
      code: "FULL_COVERAGE",
      message: `cluster-require-full-coverage is yes at ${names(strict)}: a primary that is down without a replica stops the shards of all others, too.`,
      remedy:
        "Run CONFIG SET cluster-require-full-coverage no on every server (and set it in redis.conf).",
    });
  }
  return findings;
};

/** Findings of several servers, each told once with the servers it is true of. */
export const mergeFindings = (
  found: readonly { readonly name: string; readonly findings: readonly BackendFinding[] }[],
): readonly BackendFinding[] => {
  const merged = new Map<string, { readonly finding: BackendFinding; readonly at: string[] }>();
  for (const { name, findings } of found) {
    for (const finding of findings) {
      const key = `${finding.code} ${finding.message}`;
      const known = merged.get(key);
      if (known) known.at.push(name);
      else merged.set(key, { finding, at: [name] });
    }
  }
  return [...merged.values()].map(({ finding, at }) =>
    at.length === found.length
      ? finding
      : { ...finding, message: `${finding.message} (at ${at.join(", ")})` },
  );
};
