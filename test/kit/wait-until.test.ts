import { describe, expect, test } from "bun:test";
import { holdsFor, waitUntil } from "./wait-until.ts";

describe("waitUntil", () => {
  test("answers the first value for which the fact holds", async () => {
    let n = 0;
    expect(
      await waitUntil(
        "n reaches 3",
        () => ++n,
        (value) => value >= 3,
        { everyMs: 1 },
      ),
    ).toBe(3);
  });

  test("names the fact, the last value and the context when the deadline passes", async () => {
    const waiting = waitUntil(
      "nodes are up",
      () => ({ up: 2 }),
      ({ up }) => up === 3,
      {
        deadlineMs: 30,
        everyMs: 5,
        context: () => "log of web-1",
      },
    );
    await expect(waiting).rejects.toThrow(
      /Not within \d+ ms .*nodes are up[\s\S]*up: 2[\s\S]*log of web-1/,
    );
  });

  test("counts a read that throws as not yet and shows its error at the end", async () => {
    let n = 0;
    const read = () => {
      if (++n < 3) throw new Error("connection refused");
      return n;
    };
    expect(await waitUntil("it answers", read, () => true, { everyMs: 1 })).toBe(3);
    const never = () => Promise.reject(new Error("connection refused"));
    await expect(waitUntil("it answers", never, () => true, { deadlineMs: 20 })).rejects.toThrow(
      /last error[\s\S]*connection refused/,
    );
  });
});

describe("holdsFor", () => {
  test("fails at the first value that breaks the fact", async () => {
    let n = 0;
    const watching = holdsFor(
      "n stays below 3",
      5_000,
      () => ++n,
      (value) => value < 3,
      { everyMs: 1 },
    );
    await expect(watching).rejects.toThrow(/n stays below 3[\s\S]*value: 3/);
  });
  test("reads for the whole period", async () => {
    const startedAt = performance.now();
    await holdsFor("true is true", 50, () => true);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(45);
  });
});
