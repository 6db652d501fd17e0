/**
 * libfaketime, preloaded into a process to move its wall clock while it runs. It is optional: where
 * it is not installed, what needs it is skipped and says so.
 */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folders = (): readonly string[] => {
  const list = (dir: string): readonly string[] => (existsSync(dir) ? readdirSync(dir) : []);
  return ["/usr/lib", "/usr/lib64", ...list("/usr/lib").map((name) => `/usr/lib/${name}`)].map(
    (dir) => join(dir, "faketime"),
  );
};

/** Path of the library; `MUSTER_FAKETIME` names another one. */
export const findFaketime = (): string | undefined =>
  [process.env["MUSTER_FAKETIME"] ?? "", ...folders().map((dir) => join(dir, "libfaketime.so.1"))]
    .filter((path) => path !== "")
    .find((path) => existsSync(path));

export interface FakeClock {
  /** Environment that puts a process under this clock. Its monotonic clock stays real. */
  readonly env: Readonly<Record<string, string>>;
  /** Sets the wall clock of the process, such as `+1h` or `-1h` against the real one. */
  set(offset: string): void;
  close(): void;
}

/** Makes a clock that shows the real time until it is set. */
export const createFakeClock = (library: string): FakeClock => {
  const dir = mkdtempSync(join(tmpdir(), "muster-clock-"));
  const file = join(dir, "offset");
  const set = (offset: string): void => writeFileSync(file, `${offset}\n`);
  set("+0");
  return {
    env: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    },
    set,
    close: () => rmSync(dir, { recursive: true, force: true }),
  };
};
