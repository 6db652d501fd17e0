/** Hash of a package's files: two nodes with the same digest run the same build. */
import { createHash } from "node:crypto";
import { readdir, readFile, readlink, stat } from "node:fs/promises";
import { join } from "node:path";

export interface DigestLimits {
  readonly maxFiles: number;
  readonly maxBytes: number;
}

export type DigestAnswer =
  | { readonly kind: "digest"; readonly digest: string }
  | { readonly kind: "too-large"; readonly error: string };

/**
 * Hashes paths and contents of all files below a folder with SHA-256, in order of their paths, so
 * that the answer does not depend on the file system. Links count by their target and are not
 * followed; sockets, pipes and devices are passed over.
 * @throws what the file system throws, or the signal's reason
 */
export const packageDigest = async (
  folder: string,
  limits: DigestLimits,
  signal: AbortSignal,
): Promise<DigestAnswer> => {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const entries = names
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) => {
      const full = join(entry.parentPath, entry.name);
      return { full, path: full.slice(folder.length + 1).replaceAll("\\", "/"), entry };
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  if (entries.length > limits.maxFiles) {
    return { kind: "too-large", error: `the package has more than ${limits.maxFiles} files` };
  }
  const hash = createHash("sha256");
  let bytes = 0;
  for (const { full, path, entry } of entries) {
    signal.throwIfAborted();
    bytes += entry.isFile() ? (await stat(full)).size : 0;
    if (bytes > limits.maxBytes) {
      return { kind: "too-large", error: `the package has more than ${limits.maxBytes} bytes` };
    }
    const content = entry.isFile() ? await readFile(full) : Buffer.from(await readlink(full));
    // Lengths are part of what is hashed, so that no two packages run together to the same text.
    hash.update(
      `${entry.isFile() ? "file" : "link"} ${path.length} ${content.byteLength}\n${path}`,
    );
    hash.update(content);
  }
  return { kind: "digest", digest: `sha256:${hash.digest("hex")}` };
};
