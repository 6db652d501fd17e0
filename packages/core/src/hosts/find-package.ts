/**
 * Finds an app's package in a folder, `<dir>/<appId>/<version>/muster.app.json` or
 * `<dir>/<appId>/muster.app.json`, and hashes it. What is checked here is that a name cannot lead
 * outside the folder; app code itself is trusted as the server's is.
 */
import { readFile, realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import { idPattern } from "../model/ids.ts";
import type { LoadAnswer, PackageRef } from "./app-host.ts";
import {
  type AppManifest,
  isInnerPath,
  manifestFile,
  parseManifest,
  versionPattern,
} from "./app-manifest.ts";
import { type DigestLimits, packageDigest } from "./package-digest.ts";

export interface PackageFolder extends DigestLimits {
  /** Absolute path of the folder with the packages. */
  readonly dir: string;
}

/** A package that may be loaded: its entry is there, and inside it. */
export interface FoundPackage {
  readonly kind: "found";
  readonly manifest: AppManifest;
  /** Absolute path of the entry. */
  readonly entry: string;
  readonly digest: string;
}
export type NotFound = Exclude<LoadAnswer<never>, { kind: "loaded" }>;

interface Place {
  readonly kind: "place";
  readonly folder: string;
  readonly manifest: AppManifest;
}

const isNotThere = (error: unknown): boolean =>
  error instanceof Error &&
  "code" in error &&
  (error.code === "ENOENT" || error.code === "ENOTDIR");

/** Answers the real path, or `undefined` where there is nothing. Other trouble throws: it may pass. */
const realPathOf = async (path: string): Promise<string | undefined> => {
  try {
    return await realpath(path);
  } catch (error) {
    if (isNotThere(error)) return undefined;
    throw error;
  }
};

const isInside = (path: string, folder: string): boolean => path.startsWith(folder + sep);

const broken = (error: string, digest?: string): NotFound => ({
  kind: "broken",
  error,
  ...(digest !== undefined && { digest }),
});

/** Digest of a folder that is broken anyway; none where it is too large to hash. */
const digestOf = async (
  folder: string,
  limits: DigestLimits,
  signal: AbortSignal,
): Promise<string | undefined> => {
  const hashed = await packageDigest(folder, limits, signal);
  return hashed.kind === "digest" ? hashed.digest : undefined;
};

const findPlace = async (
  { dir, ...limits }: PackageFolder,
  { appId, version, ref }: PackageRef,
  signal: AbortSignal,
): Promise<Place | NotFound> => {
  const named = ref === undefined ? "" : ` (ref ${ref})`;
  if (!idPattern.test(appId) || !versionPattern.test(version)) {
    return broken(`${appId} ${version} names no folder`);
  }
  if (ref !== undefined && !isInnerPath(ref)) {
    return broken(`the ref "${ref}" must be a path inside the apps folder`);
  }
  const root = await realPathOf(dir);
  if (root === undefined) return { kind: "missing", error: `the apps folder ${dir} is not there` };
  const places = ref === undefined ? [join(appId, version), appId] : [ref];
  let other: string | undefined;
  for (const place of places) {
    const file = await realPathOf(join(root, place, manifestFile));
    if (file === undefined) continue;
    const folder = await realpath(join(root, place));
    if (!isInside(folder, root) || !isInside(file, folder)) {
      return broken(`${place} leads outside the apps folder`);
    }
    const parsed = parseManifest(await readFile(file, "utf8"));
    if (parsed.kind === "invalid") {
      return broken(parsed.error, await digestOf(folder, limits, signal));
    }
    const { manifest } = parsed;
    if (manifest.id !== appId) {
      const error = `${manifestFile}: id is "${manifest.id}", not "${appId}"`;
      return broken(error, await digestOf(folder, limits, signal));
    }
    if (manifest.version === version) return { kind: "place", folder, manifest };
    other = manifest.version;
  }
  const error = other
    ? `version ${version} of ${appId}${named} is not on this node, which has ${other}`
    : `no ${manifestFile} for ${appId} ${version}${named} in ${dir}`;
  return { kind: "missing", error };
};

/**
 * Finds and hashes a package.
 * @throws what the file system throws other than that nothing is there, or the signal's reason
 */
export const findPackage = async (
  where: PackageFolder,
  ref: PackageRef,
  signal: AbortSignal,
): Promise<FoundPackage | NotFound> => {
  const place = await findPlace(where, ref, signal);
  if (place.kind !== "place") return place;
  const { folder, manifest } = place;
  const entry = await realPathOf(join(folder, manifest.entry));
  if (entry === undefined) {
    // Likely still being copied, so it is tried again.
    return {
      kind: "missing",
      error: `the entry ${manifest.entry} of ${manifest.id} is not there`,
    };
  }
  if (!isInside(entry, folder)) {
    return broken(
      `the entry ${manifest.entry} leads outside the package`,
      await digestOf(folder, where, signal),
    );
  }
  const hashed = await packageDigest(folder, where, signal);
  if (hashed.kind === "too-large") return broken(hashed.error);
  return { kind: "found", manifest, entry, digest: hashed.digest };
};
