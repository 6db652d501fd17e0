/** Every precondition of a node, each with what to do about it. Changes nothing. */
import type { AppHost } from "../hosts/app-host.ts";
import { isoInstant } from "../model/instant.ts";
import { isLive, type NodeRecord } from "../model/node-record.ts";
import type { Backend } from "../ports/backend.ts";
import type { Precondition } from "../ports/precondition.ts";
import type { ClusterStatus } from "../services.ts";

export interface DoctorReport {
  /** Nothing is `bad`. */
  readonly well: boolean;
  readonly checks: readonly Precondition[];
  readonly asOf: string;
}

export interface DoctorSources {
  readonly backend: Pick<Backend, "examine">;
  readonly appHost: AppHost | undefined;
  readonly runtime: string;
  /** Freezes what users' code is given, which costs time. */
  readonly isDevelopment: boolean;
  now(): number;
  state(): string;
  ready(): boolean;
  status(): ClusterStatus;
  nodes(): readonly NodeRecord[];
  staleViews(): readonly string[];
}

const oldest = { bun: [1, 2], node: [20, 0] } as const;

/** Judges the runtime by its name and version; pure. */
export const judgeRuntime = (runtime: string): Precondition => {
  const [, name = "", major = "", minor = ""] = /^(bun|node) (\d+)\.(\d+)/.exec(runtime) ?? [];
  const least = name === "bun" || name === "node" ? oldest[name] : undefined;
  const [most, next] = least ?? [0, 0];
  const isOld = !least || Number(major) < most || (Number(major) === most && Number(minor) < next);
  return {
    id: "runtime",
    title: "JavaScript runtime",
    state: isOld ? "bad" : "ok",
    message: `This process runs on ${runtime}.`,
    remedy: isOld ? "Use Node 20 or later, or Bun 1.2 or later." : null,
  };
};

const check = (
  id: string,
  title: string,
  state: Precondition["state"],
  message: string,
  remedy: string | null = null,
): Precondition => ({ id, title, state, message, remedy });

const judgeNode = ({ state, ready }: DoctorSources): Precondition =>
  ready()
    ? check("node", "This node", "ok", `It is ${state()}, and has loaded its views.`)
    : check(
        "node",
        "This node",
        "bad",
        `It is ${state()}, and has not loaded its views.`,
        "Look at its log: it goes on trying by itself.",
      );

const judgeViews = ({ staleViews, status }: DoctorSources): Precondition => {
  const stale = staleViews();
  return stale.length === 0
    ? check("views", "Freshness of views", "ok", `All are fresh, as of ${status().asOf}.`)
    : check(
        "views",
        "Freshness of views",
        "warn",
        `May be out of date: ${stale.join(", ")}.`,
        "Wait a few seconds; if it stays, look at the connection to Redis.",
      );
};

/** Tells the first thing that is wrong; `muster status` tells all. */
export const judgeVerdict = ({ status }: Pick<DoctorSources, "status">): Precondition => {
  const { verdict, reasons } = status();
  if (verdict === "healthy") return check("verdict", "The cluster", "ok", "It is healthy.");
  const state = verdict === "degraded" ? "warn" : "bad";
  const [first = "no reason is known", ...others] = reasons;
  const more = others.length > 0 ? `; and ${others.length} more` : "";
  const message = `It is ${verdict}: ${first}${more}`;
  return check("verdict", "The cluster", state, message, "See muster status.");
};

const judgeVersions = ({ nodes }: DoctorSources): Precondition => {
  const versions = new Map<string, string[]>();
  for (const { id, state, info } of nodes()) {
    if (!isLive(state)) continue;
    versions.set(info.version, [...(versions.get(info.version) ?? []), id]);
  }
  if (versions.size <= 1) {
    const [version = "unknown"] = versions.keys();
    return check("versions", "Versions of the nodes", "ok", `All live nodes run ${version}.`);
  }
  const told = [...versions].map(([version, ids]) => `${version} on ${ids.join(", ")}`);
  return check(
    "versions",
    "Versions of the nodes",
    "warn",
    `They differ: ${told.join("; ")}.`,
    "Finish the upgrade, or take it back.",
  );
};

const judgeHost = ({ appHost }: DoctorSources): Precondition => {
  const title = "App host, and its port for licences";
  if (!appHost) return check("app-host", title, "ok", "This node has none, and runs no apps.");
  const licences = appHost.checkLicence
    ? "checks the licences of apps"
    : "has no checkLicence, so that every app counts as licensed";
  return check("app-host", title, "ok", `The host "${appHost.name}" ${licences}.`);
};

const judgeDevelopment = ({ isDevelopment, nodes }: DoctorSources): Precondition => {
  const several = nodes().filter(({ state }) => isLive(state)).length > 1;
  return check(
    "development",
    "Mode",
    isDevelopment && several ? "warn" : "ok",
    isDevelopment ? "Development: what users' code is given is frozen." : "Production.",
    isDevelopment && several ? "Set NODE_ENV=production, or development: false." : null,
  );
};

const silent = (error: unknown): Precondition =>
  check(
    "redis-mode",
    "Connection",
    "bad",
    error instanceof Error ? error.message : "The backend did not answer.",
    "Look at the backend and the network; muster doctor --redis URL looks from where it runs.",
  );

/** Looks at everything. Never rejects: what does not answer is told. */
export const examineNode = async (sources: DoctorSources): Promise<DoctorReport> => {
  const server = await sources.backend.examine().catch((error: unknown) => [silent(error)]);
  const checks = [
    judgeRuntime(sources.runtime),
    judgeNode(sources),
    judgeVerdict(sources),
    judgeViews(sources),
    judgeVersions(sources),
    judgeHost(sources),
    judgeDevelopment(sources),
    ...server,
  ];
  return {
    well: checks.every(({ state }) => state !== "bad"),
    checks,
    asOf: isoInstant(sources.now()),
  };
};
