import { MusterError } from "@muster/core";
import type { BackendFinding } from "@muster/core/ports";

/** What `start` rejects with when a server may not be used as it is. */
export const preflightRefusal = (findings: readonly BackendFinding[]): MusterError =>
  new MusterError(
    "PREFLIGHT_FAILED",
    findings.map(({ code, message, remedy }) => `${code}: ${message} ${remedy}`).join("\n"),
    { op: "open", hint: findings.map(({ remedy }) => remedy).join(" ") },
  );
