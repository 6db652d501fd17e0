/** Who looks at the page, and what it may do. Pure: the server decides, this only says so beforehand. */

export interface Caller {
  readonly name: string;
  readonly role: string;
  readonly readOnly: boolean;
  readonly grants?: readonly string[];
  readonly expiresAt?: string;
  /** Whether one can sign in and out here. */
  readonly sessions: boolean;
}

export type Role = "viewer" | "operator" | "admin";
const ranks: Readonly<Record<string, number>> = { viewer: 0, operator: 1, admin: 2 };

/** Why something that needs the role cannot be done; `undefined` where it can be tried. */
export const refusalOf = (caller: Caller | undefined, role: Role): string | undefined => {
  if (!caller) return undefined;
  if (caller.readOnly) return "This mount only answers questions: it is read-only.";
  if ((ranks[caller.role] ?? 0) >= (ranks[role] ?? 0)) return undefined;
  return `This needs the role ${role}; ${caller.name} has ${caller.role}.`;
};

/** The caller in a few words. */
export const callerText = ({ name, role, readOnly }: Caller): string =>
  `${name}, ${role}${readOnly ? ", read-only" : ""}`;
