/** Entity tags that change only when what is told changes, not with the instant it is told at. */
import { createHash } from "node:crypto";

const moving = /"(asOf|leaseAgeMs|lastHeartbeatAt|rttMs)":("[^"]*"|[\d.]+),?/g;

/** Weak tag of a JSON text, blind to its clock fields. */
export const contentTag = (json: string): string =>
  `W/"${createHash("sha1").update(json.replaceAll(moving, "")).digest("base64url")}"`;
