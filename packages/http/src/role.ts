/** Which role reaches how far. */
import type { Principal } from "@muster/core";
import { HttpProblem } from "./problem.ts";
import type { Route } from "./route.ts";

/** A higher one may do all that a lower one may. */
export const roleRank = Object.freeze({ viewer: 0, operator: 1, admin: 2 } as const);

/** @throws HttpProblem `FORBIDDEN` */
export const requireRole = (principal: Principal, { role }: Route): void => {
  if (role === "public" || roleRank[principal.role] >= roleRank[role]) return;
  throw new HttpProblem(
    "FORBIDDEN",
    `This needs the role ${role}; "${principal.name}" has ${principal.role}.`,
  );
};
