/**
 * Lets no process outlive the test that started it: a small shell reads our pipe, and when the pipe
 * ends, also by `kill -9` of this process, it kills what is still on its list, stopped or not.
 */
import { type ChildProcess, spawn } from "node:child_process";

const script = `trap '' INT TERM HUP
pids=" "
while read -r verb pid; do
  case $verb in
    add) pids="$pids$pid " ;;
    drop) pids=$(echo "$pids" | sed "s/ $pid / /") ;;
  esac
done
for pid in $pids; do kill -9 "$pid" 2>/dev/null; done`;

let guard: ChildProcess | undefined;

const say = (line: string): void => {
  if (guard === undefined) {
    guard = spawn("sh", ["-c", script], { stdio: ["pipe", "ignore", "ignore"], detached: true });
    guard.unref();
    const pipe = guard.stdin;
    if (pipe !== null && "unref" in pipe && typeof pipe.unref === "function") pipe.unref();
    pipe?.on("error", () => {});
  }
  guard.stdin?.write(`${line}\n`);
};

/** Puts a child on the list until it exits. */
export const guardChild = (child: ChildProcess): void => {
  const pid = child.pid;
  if (pid === undefined) return;
  say(`add ${pid}`);
  child.once("exit", () => say(`drop ${pid}`));
};
