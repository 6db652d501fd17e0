/** Tells of changes to files below some folders; installed packages and hidden folders are passed over. */
import { type FSWatcher, watch } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";

const settleMs = 100;
const maxFolders = 2_000;
const passedOver = (name: string): boolean => name.startsWith(".") || name === "node_modules";

/** Calls back once a burst of changes is over. The answer ends it. */
export const watchFiles = (folders: readonly string[], onChange: () => void): (() => void) => {
  const watchers = new Map<string, FSWatcher>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let ended = false;

  const changed = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      // A new folder is to be watched too.
      for (const folder of folders) void follow(folder);
      onChange();
    }, settleMs);
  };
  const follow = async (folder: string): Promise<void> => {
    if (ended || watchers.size >= maxFolders) return;
    if (!watchers.has(folder)) {
      try {
        const watcher = watch(folder, (_, name) => {
          if (name === null || !passedOver(name)) changed();
        });
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
      if (entry.isDirectory() && !passedOver(entry.name)) await follow(join(folder, entry.name));
    }
  };
  for (const folder of folders) void follow(folder);
  return () => {
    ended = true;
    clearTimeout(timer);
    for (const watcher of watchers.values()) watcher.close();
  };
};
