/** The manifest of an app package, `muster.app.json`: untrusted until it was parsed here. */
import { z } from "zod";
import { idPattern } from "../model/ids.ts";

export const manifestFile = "muster.app.json";
export const versionPattern = /^[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}$/;
const maxManifestChars = 262_144;

/** Tells whether a path stays inside the folder it is relative to, by its text alone. */
export const isInnerPath = (path: string): boolean =>
  path.length > 0 &&
  path.length <= 1_024 &&
  !/[\\\0:?#%]/.test(path) &&
  !path.startsWith("/") &&
  path.split("/").every((part) => part !== "..");

const manifest = z.object({
  id: z.string().regex(idPattern, "must match [a-z0-9][a-z0-9._-]{0,63}"),
  name: z.string().min(1).max(200),
  version: z.string().regex(versionPattern, "must be a version such as 1.4.0"),
  /** ES module that exports `app`. */
  entry: z
    .string()
    .refine(isInnerPath, "must be a path inside the package, with / between its parts"),
  endpoints: z
    .array(
      z.object({
        method: z.enum(["GET", "POST", "PUT", "PATCH", "DELETE"]),
        path: z.string().startsWith("/").max(512),
      }),
    )
    .max(500)
    .default([]),
  permissions: z.array(z.string().min(1).max(200)).max(200).default([]),
  /** Keys without which the app is not enabled. */
  requiredSettings: z.array(z.string().min(1).max(200)).max(200).default([]),
  requiresLicence: z.boolean().default(false),
});
/** A package's description of itself. Members that are not known here are passed over. */
export type AppManifest = Readonly<z.output<typeof manifest>>;

export type ParsedManifest =
  | { readonly kind: "manifest"; readonly manifest: AppManifest }
  | { readonly kind: "invalid"; readonly error: string };

/** Parses a manifest, naming each field that is wrong. Never throws. */
export const parseManifest = (text: string): ParsedManifest => {
  const invalid = (error: string): ParsedManifest => ({
    kind: "invalid",
    error: `${manifestFile}: ${error}`,
  });
  if (text.length > maxManifestChars) return invalid(`longer than ${maxManifestChars} characters`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return invalid(`not JSON (${error instanceof Error ? error.message : String(error)})`);
  }
  const parsed = manifest.safeParse(value);
  if (parsed.success) return { kind: "manifest", manifest: parsed.data };
  const problems = parsed.error.issues.slice(0, 5).map(({ path, message }) => {
    const field = path.join(".");
    return field ? `${field}: ${message}` : message;
  });
  return invalid(problems.join("; "));
};
