/** Names a request in answers and in the server's log. */
import { randomBytes } from "node:crypto";

/** The caller's own id where it sent a sound one, else a new one. */
export const requestIdOf = (header: string | undefined): string =>
  header !== undefined && /^[\w.:-]{1,128}$/.test(header)
    ? header
    : randomBytes(12).toString("base64url");
