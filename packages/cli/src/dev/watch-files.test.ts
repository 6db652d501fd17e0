import { afterEach, expect, test } from "bun:test";
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cleanUpAfterEach, folderWith } from "../cli-kit.test.ts";
import { poll } from "../poll.ts";
import { judgeName, watchFiles } from "./watch-files.ts";

cleanUpAfterEach();

let end: () => void = () => {};
afterEach(() => end());

const watched = (folder: string) => {
  let changes = 0;
  end = watchFiles([folder], () => {
    changes += 1;
  });
  return () => changes;
};
/** Touches until it is seen: watching begins some moments after it was asked for. */
const untilSeen = (changes: () => number, touch: () => void) => {
  const before = changes();
  return poll(
    () => {
      touch();
      return changes() > before ? true : undefined;
    },
    { deadlineMs: 8_000, everyMs: 250 },
  );
};

test("a change of a source file is seen, in folders below and in new ones too", async () => {
  const folder = folderWith({ "a.ts": "" });
  mkdirSync(join(folder, "below"));
  const changes = watched(folder);
  expect(await untilSeen(changes, () => appendFileSync(join(folder, "a.ts"), " "))).toBe(true);
  expect(await untilSeen(changes, () => writeFileSync(join(folder, "below/b.mjs"), " "))).toBe(
    true,
  );
  mkdirSync(join(folder, "new"));
  expect(await untilSeen(changes, () => appendFileSync(join(folder, "new/c.json"), " "))).toBe(
    true,
  );
});

test.each([
  ["a.ts", "source"],
  ["a.mjs", "source"],
  ["muster.app.json", "source"],
  ["new-folder", "other"],
  ["out.log", "other"],
  ["data.db-wal", "other"],
  [".git", "passed-over"],
  [".a.ts.swp", "passed-over"],
  ["node_modules", "passed-over"],
])("a change of %s is %s", (name, expected) => {
  expect(judgeName(name)).toBe(expected as ReturnType<typeof judgeName>);
});
