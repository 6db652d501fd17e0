/** Callers of the HTTP API as a file lists them: by name and role, with hashes of their tokens only. */
import { usageError } from "../cli-error.ts";
import { checkMembers } from "../config/settings-file.ts";
import { isRecord, textAt } from "../json.ts";

export const roles = ["viewer", "operator", "admin"] as const;
export type Role = (typeof roles)[number];
export const isRole = (text: string): text is Role => (roles as readonly string[]).includes(text);

export interface TokenEntry {
  readonly name: string;
  readonly role: Role;
  readonly tenant?: string;
  readonly grants?: readonly string[];
  /** SHA-256 of one or two tokens, in lower-case hex. */
  readonly sha256: readonly string[];
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((one) => typeof one === "string");

const parseEntry = (from: string, value: unknown): TokenEntry => {
  if (!isRecord(value)) throw usageError(`${from} must be an object`);
  checkMembers(from, "", value, {
    name: "text",
    role: "text",
    tenant: "text",
    grants: "list",
    sha256: "list",
  });
  const name = textAt(value, "name");
  const role = textAt(value, "role");
  const tenant = textAt(value, "tenant");
  const { sha256, grants } = value;
  if (name === undefined) throw usageError(`${from}: "name" is missing`);
  if (role === undefined || !isRole(role)) {
    throw usageError(`${from}: "role" must be one of ${roles.join(", ")}`);
  }
  if (
    !isTexts(sha256) ||
    sha256.length < 1 ||
    sha256.length > 2 ||
    !sha256.every((hash) => /^[0-9a-f]{64}$/.test(hash))
  ) {
    throw usageError(
      `${from}: "sha256" must list one or two hashes in lower-case hex`,
      "Make one with: muster token hash",
    );
  }
  if (grants !== undefined && !isTexts(grants))
    throw usageError(`${from}: "grants" must list text`);
  return {
    name,
    role,
    sha256,
    ...(tenant !== undefined && { tenant }),
    ...(grants !== undefined && { grants }),
  };
};

/** Parses a list of callers. @throws CliError `USAGE` */
export const parseTokenEntries = (from: string, value: unknown): readonly TokenEntry[] => {
  if (!Array.isArray(value) || value.length === 0) {
    throw usageError(`${from} does not list any caller`, "Make one with: muster token new");
  }
  return value.map((entry, at) => parseEntry(`${from}[${at}]`, entry));
};
