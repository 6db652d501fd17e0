/** Who is calling, and the session of a browser. */
import { z } from "zod";
import { instant } from "./shared.ts";

const role = z.enum(["viewer", "operator", "admin"]);

export const signIn = z.strictObject({
  token: z
    .string("must be text")
    .regex(/^[\x21-\x7e]{1,512}$/, "must be 1 to 512 printable characters without spaces")
    .optional(),
});

export const signedIn = z.object({ name: z.string(), role, expiresAt: instant });

export const signedOut = z.object({ ended: z.boolean() });

export const caller = z.object({
  name: z.string(),
  role,
  tenant: z.string().optional(),
  grants: z.array(z.string()).optional(),
  readOnly: z.boolean(),
  /** When the session ends that the caller is known by; absent for one with a token. */
  expiresAt: instant.optional(),
  /** Whether the mount opens sessions for those who have a token. */
  sessions: z.boolean(),
});
