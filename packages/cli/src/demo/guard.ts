/**
 * Ends what the demo has started when the demo itself was killed: a small shell reads our pipe, and
 * when the pipe ends it kills what is still on its list, frozen or not, and removes the demo's folder.
 */
import { type ChildProcess, spawn } from "node:child_process";

export interface Guard {
  /** Puts a child on the list until it exits. */
  watch(child: ChildProcess): void;
  /** Leaves the folder when all has ended, for its logs. */
  keepFolder(): void;
}

// It ignores what a terminal or a supervisor sends to the whole group: only the pipe's end counts.
const script = `trap '' INT TERM HUP
folder=$1
pids=" "
while read -r verb pid; do
  case $verb in
    add) pids="$pids$pid " ;;
    drop) pids=$(echo "$pids" | sed "s/ $pid / /") ;;
    keep) folder= ;;
  esac
done
for pid in $pids; do kill -9 "$pid" 2>/dev/null; done
[ -z "$folder" ] || rm -rf "$folder"`;

/** Starts the guard of one demo. It ends by itself when this process does. */
export const startGuard = (folder: string): Guard => {
  const shell = spawn("sh", ["-c", script, "sh", folder], {
    cwd: "/",
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  shell.unref();
  const pipe: typeof shell.stdin & { unref?: () => void } = shell.stdin;
  pipe.unref?.();
  pipe.on("error", () => {});
  shell.on("error", () => {});
  const say = (line: string): void => {
    pipe.write(`${line}\n`);
  };
  return {
    watch: (child) => {
      const { pid } = child;
      if (pid === undefined) return;
      say(`add ${pid}`);
      child.once("exit", () => say(`drop ${pid}`));
    },
    keepFolder: () => say("keep"),
  };
};
