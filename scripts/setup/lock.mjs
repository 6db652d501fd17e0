/**
 * One set-up or build at a time per checkout. The lock is a file that appears complete (by a hard
 * link) and names its holder, so that a holder that died is recognised and never waited for.
 */
import {
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { cache, SetupError, say } from "./paths.mjs";

const path = join(cache, "setup.lock");
const pollMs = 100;
const giveUpMs = 15 * 60_000;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
};

const readLock = () => {
  try {
    return { text: readFileSync(path, "utf8"), ageMs: Date.now() - statSync(path).mtimeMs };
  } catch {
    return undefined;
  }
};

/** Whether the holder can no longer release it. Of another machine or container only age tells. */
const isAbandoned = ({ text, ageMs }) => {
  const [pid, host] = text.split(" ");
  return host === hostname() ? !isAlive(Number(pid)) : ageMs > giveUpMs;
};

const takeAway = (seen) => {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
    // Another waiter may have replaced the abandoned lock by its own in between: give that back.
    if (readFileSync(aside, "utf8") !== seen.text) renameSync(aside, path);
    else rmSync(aside);
  } catch {
    // another waiter was faster
  }
};

const tryTake = (text) => {
  const draft = `${path}.draft.${process.pid}`;
  writeFileSync(draft, text);
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
};

/** Runs `work` while no other process of this checkout runs its own. */
export const withLock = async (work) => {
  mkdirSync(cache, { recursive: true });
  const text = `${process.pid} ${hostname()} ${Date.now()}`;
  const startedAt = Date.now();
  let told = false;
  while (!tryTake(text)) {
    const seen = readLock();
    if (seen && isAbandoned(seen)) takeAway(seen);
    else {
      if (!told) say(`waiting for another set-up (process ${seen?.text.split(" ")[0] ?? "?"})`);
      told = true;
      if (Date.now() - startedAt > giveUpMs) throw new SetupError(`another set-up holds ${path}`);
      await pause(pollMs);
    }
  }
  const release = () => {
    if (readLock()?.text === text) rmSync(path, { force: true });
  };
  process.once("exit", release);
  try {
    return await work();
  } finally {
    process.off("exit", release);
    release();
  }
};
