/** Tells of changes to source files below some folders; installed packages and hidden folders are passed over. */
import { type FSWatcher, watch } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";

const settleMs = 100;
const maxFolders = 2_000;
/** Tells what a change under a name may mean; `other` may be a new folder, or a log that grows. */
export const judgeName = (name: string): "source" | "other" | "passed-over" => {
  if (name.startsWith(".") || name === "node_modules") return "passed-over";
  return /\.([cm]?[jt]sx?|json)$/.test(name) ? "source" : "other";
};

/** Calls back once a burst of changes is over. The answer ends it. */
export const watchFiles = (folders: readonly string[], onChange: () => void): (() => void) => {
  const watchers = new Map<string, FSWatcher>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let ended = false;

  let sourceChanged = false;
  const changed = (name: string | null): void => {
    const what = name === null ? "source" : judgeName(name);
    if (what === "passed-over") return;
    sourceChanged ||= what === "source";
    clearTimeout(timer);
    timer = setTimeout(async () => {
      // It may be a new folder, and files in it may be older than our watching it.
      const before = watchers.size;
      await Promise.all(folders.map(follow));
      if (sourceChanged || watchers.size > before) onChange();
      sourceChanged = false;
    }, settleMs);
  };
  const follow = async (folder: string): Promise<void> => {
    if (ended || watchers.size >= maxFolders) return;
    if (!watchers.has(folder)) {
      try {
        const watcher = watch(folder, (_, name) => changed(name));
        watcher.on("error", () => {
          watchers.delete(folder);
          watcher.close();
        });
        watchers.set(folder, watcher);
      } catch {
        return;
      }
    }
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      if (entry.isDirectory() && judgeName(entry.name) !== "passed-over")
        await follow(join(folder, entry.name));
    }
  };
  for (const folder of folders) void follow(folder);
  return () => {
    ended = true;
    clearTimeout(timer);
    for (const watcher of watchers.values()) watcher.close();
  };
};
