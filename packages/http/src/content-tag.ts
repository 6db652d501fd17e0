/** Entity tags that change only when what is told changes, not with the instant it is told at. */
import { createHash } from "node:crypto";

const clocks = /"(?:asOf|leaseAgeMs|lastHeartbeatAt|rttMs)":(?:"[^"]*"|[\d.]+),?/g;
/** Ages in sentences of the verdict: "last heard 3.2 s ago". */
const ages = /\b\d+\.\d s (?=ago|old)/g;

/** Weak tag of a JSON text, blind to its clock fields and ages. */
export const contentTag = (json: string): string => {
  const still = json.replaceAll(clocks, "").replaceAll(ages, "");
  return `W/"${createHash("sha1").update(still).digest("base64url")}"`;
};
