/** On whose behalf a change is made; its name is the actor (who) in intent, history and audit. */
import { MusterError } from "./errors.ts";

export interface Principal {
  readonly name: string;
  readonly role: Role;
  readonly tenant?: string;
  readonly grants?: readonly string[];
  readonly timezone?: string;
}
export type Role = "viewer" | "operator" | "admin";

const rank: Readonly<Record<Role, number>> = { viewer: 0, operator: 1, admin: 2 };

/** @throws MusterError `FORBIDDEN` when the principal's role does not reach as far. */
export const requireRole = (principal: Principal, role: Role, op: string): void => {
  if (rank[principal.role] >= rank[role]) return;
  throw new MusterError(
    "FORBIDDEN",
    `${op} needs the role "${role}"; "${principal.name}" has "${principal.role}".`,
    { op, outcome: "not-applied" },
  );
};

/** @throws MusterError `VALIDATION` for a reason that is missing or longer than 500 characters. */
export const requireReason = (reason: unknown, op: string): void => {
  if (typeof reason === "string" && reason.trim().length > 0 && reason.length <= 500) return;
  throw new MusterError("VALIDATION", `${op} needs a reason.`, {
    op,
    outcome: "not-applied",
    fieldErrors: { reason: "a reason of 1 to 500 characters is required" },
    hint: "Say why, so that others can read it later.",
  });
};
