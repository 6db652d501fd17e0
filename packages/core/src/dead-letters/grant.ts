/** Who may see and manage dead letters: they hold what others sent, and sending it again acts for them. */
import { MusterError } from "../errors.ts";
import type { Principal } from "../principal.ts";

const grantOf = (app: string): string => `AppDeadLetterManage(${app})`;

/** Apps whose letters the principal may manage; letters of no app are among `all`. */
export type ManagedApps = "all" | ReadonlySet<string>;

/** @throws MusterError `FORBIDDEN` for a principal that may manage none */
export const managedApps = (principal: Principal, op: string): ManagedApps => {
  const { role, grants = [] } = principal;
  if (role === "admin" || (role === "operator" && grants.includes(grantOf("*")))) return "all";
  const apps = grants.flatMap((grant) => /^AppDeadLetterManage\((.+)\)$/.exec(grant)?.[1] ?? []);
  if (role === "operator" && apps.length > 0) return new Set(apps);
  throw new MusterError(
    "FORBIDDEN",
    `${op} needs the role "admin", or the role "operator" with the grant ${grantOf("*")} or that of an app; "${principal.name}" has neither.`,
    { op, outcome: "not-applied" },
  );
};

export const manages = (apps: ManagedApps, appId: string | null): boolean =>
  apps === "all" || (appId !== null && apps.has(appId));
