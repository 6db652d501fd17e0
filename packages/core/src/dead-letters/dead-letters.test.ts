/** Dead letters as people list, read, replay and resolve them, from any node (I8). */
import { describe, expect, test } from "bun:test";
import type { Muster } from "../muster-types.ts";
import type { Principal } from "../principal.ts";
import { clerk, clerks, ops } from "./letters-kit.test.ts";

/** Two nodes; letters of clerks of both. */
const desk = async () => {
  const all = clerks();
  const { clock, finish, idOwnedBy, start } = all;
  const n1 = await start("n1");
  const n2 = await start("n2");
  const [one, two] = [await idOwnedBy("n1"), await idOwnedBy("n2")];
  const file = (node: Muster, id: string, form: string) =>
    node.actor(clerk, id).tell.file({ form, password: "hush-hush" });
  const failing = [file(n1, one, "bad-1"), file(n1, two, "bad-2")];
  await clock.runFor(20_000);
  await finish(Promise.all(failing));
  const filed = (id: string) => finish(n1.actor(clerk, id).ask.filed({}));
  const list = (query = {}, node = n1) => finish(node.deadLetters.list(query));
  const first = async (node = n1) => (await list({}, node)).items[0]?.id ?? "";
  return { ...all, n1, n2, one, two, filed, list, first, letters: n2.as(ops).deadLetters };
};

describe("dead letters", () => {
  test("tell what was put aside, why, and how often it was tried", async () => {
    const { list, one, two, n2 } = await desk();
    const { items, nextCursor } = await list({}, n2);
    expect(nextCursor).toBeUndefined();
    expect(items.map(({ actorId }) => actorId).toSorted()).toEqual([one, two].toSorted());
    const letter = items.find(({ actorId }) => actorId === one);
    expect(letter).toMatchObject({
      source: "actor",
      appId: null,
      work: "message",
      reason: "handler_threw",
      kind: "clerk",
      command: "file",
      attempts: 5,
      lastError: "Error: no bad-1 [redacted]",
      resolution: null,
      resolvedBy: null,
      replays: 0,
    });
    expect(Date.parse(letter?.lastAttemptAt ?? "")).toBeGreaterThan(
      Date.parse(letter?.firstAttemptAt ?? ""),
    );
  });

  test("are read with what was put aside, without what is secret by its name", async () => {
    const { first, finish, n1 } = await desk();
    const letter = await finish(n1.deadLetters.get(await first()));
    expect(letter.payload).toEqual({
      form: expect.stringMatching(/^bad/),
      password: "[redacted]",
    });
    expect(letter.replayable).toBe(true);
    expect(letter.bytes.byteLength).toBeGreaterThan(10);
  });

  test("are counted by every node, from memory", async () => {
    const { clock, finish, first, letters, n1, n2 } = await desk();
    for (const node of [n1, n2]) {
      expect(node.deadLetters.count()).toMatchObject({ unresolved: 2, parked: 0, stale: false });
      expect(node.status().deadLetters).toEqual({ unresolved: 2, parked: 0 });
    }
    await finish(letters.resolve(await first(), { reason: "seen" }));
    expect(n2.status().deadLetters.unresolved).toBe(1);
    await clock.runFor(100);
    expect(n1.status().deadLetters.unresolved).toBe(1);
  });
});

describe("a list", () => {
  test("gives pages that hold each letter once, oldest first", async () => {
    const { clock, finish, list, n1 } = await desk();
    for (let n = 0; n < 23; n++) {
      n1.actor(clerk, `c-${n}`)
        .tell.file({ form: `bad-${n}` })
        .catch(() => {});
      await clock.runFor(n % 3 === 0 ? 1_000 : 0);
    }
    await clock.runFor(120_000);
    const all = (await list({ limit: 500 })).items;
    expect(all).toHaveLength(25);
    const instants = all.map(({ createdAt }) => createdAt);
    expect(instants).toEqual(instants.toSorted());
    const paged: string[] = [];
    let cursor: string | undefined;
    for (let pages = 0; pages < 30; pages++) {
      const page = await finish(
        n1.deadLetters.list({ limit: 4, ...(cursor !== undefined && { cursor }) }),
      );
      expect(page.items.length).toBeLessThanOrEqual(4);
      paged.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
      if (cursor === undefined) break;
    }
    expect(paged).toEqual(all.map(({ id }) => id));
  });

  test("holds what matches", async () => {
    const { finish, first, letters, list, one } = await desk();
    await finish(letters.resolve(await first(), { reason: "seen" }));
    const count = async (query: object) => (await list(query)).items.length;
    expect(await count({ unresolved: true })).toBe(1);
    expect(await count({ actor: `clerk/${one}` })).toBe(1);
    expect(await count({ kind: "clerk", reason: "handler_threw", work: "message" })).toBe(2);
    for (const none of [{ kind: "app" }, { reason: "crash_loop" }, { work: "timer" }, { app: "x" }])
      expect(await count(none)).toBe(0);
  });

  test.each([
    [{ cursor: "7" }, "cursor"],
    [{ limit: 0 }, "limit"],
    [{ limit: 501 }, "limit"],
  ])("refuses %p", async (query, field) => {
    const { endOf, n1 } = await desk();
    const end = await endOf(n1.deadLetters.list(query));
    expect(end).toMatchObject({ code: "VALIDATION", message: expect.stringContaining(field) });
  });
});

describe("a replay", () => {
  test("sends the message again once, and says who did it and why", async () => {
    const { clock, endOf, filed, finish, letters, list, mend, n2, one } = await desk();
    const { items } = await list({ actor: `clerk/${one}` });
    const id = items[0]?.id ?? "";
    mend();
    const { letter, changed } = await finish(letters.replay(id, { reason: "mended" }));
    expect(changed).toBe(true);
    expect(letter).toMatchObject({
      resolution: "replayed",
      resolvedBy: "ops",
      resolvedReason: "mended",
      replays: 1,
    });
    await clock.runFor(1_000);
    expect(await filed(one)).toEqual(["bad-1"]);
    expect(await endOf(letters.replay(id, { reason: "again" }))).toMatchObject({
      code: "DEAD_LETTER_RESOLVED",
      outcome: "not-applied",
    });
    await clock.runFor(1_000);
    expect(await filed(one)).toEqual(["bad-1"]);
    const again = n2.as(ops).deadLetters.replay(id, { reason: "on purpose", again: true });
    expect((await finish(again)).letter.replays).toBe(2);
    await clock.runFor(1_000);
    expect(await filed(one)).toEqual(["bad-1", "bad-1"]);
  });

  test("repeated with its key answers as the first did, and sends nothing", async () => {
    const { clock, filed, finish, letters, list, mend, n1, one } = await desk();
    const id = (await list({ actor: `clerk/${one}` })).items[0]?.id ?? "";
    mend();
    const change = { reason: "mended", idempotencyKey: "k-1" };
    const answers = [
      await finish(letters.replay(id, change)),
      await finish(letters.replay(id, change)),
      await finish(n1.as(ops).deadLetters.replay(id, change)),
    ];
    expect(answers.map(({ letter }) => letter.replays)).toEqual([1, 1, 1]);
    expect(answers.map(({ changed }) => changed)).toEqual([true, false, false]);
    await clock.runFor(1_000);
    expect(await filed(one)).toEqual(["bad-1"]);
  });

  test("of two people at once is one", async () => {
    const { clock, endOf, filed, letters, list, mend, n1, one } = await desk();
    const id = (await list({ actor: `clerk/${one}` })).items[0]?.id ?? "";
    mend();
    const both = [letters, n1.as({ ...ops, name: "other" }).deadLetters].map((by) =>
      by.replay(id, { reason: "mended" }).then(
        () => "replayed",
        (error: { code: string }) => error.code,
      ),
    );
    const ends = await endOf(Promise.all(both));
    expect("value" in ends ? ends.value.toSorted() : ends).toEqual([
      "DEAD_LETTER_RESOLVED",
      "replayed",
    ]);
    await clock.runFor(1_000);
    expect(await filed(one)).toEqual(["bad-1"]);
  });

  test("survives a change of owner: the next one sends nothing twice", async () => {
    const { clock, endOf, filed, finish, letters, list, mend, n1, one } = await desk();
    const id = (await list({ actor: `clerk/${one}` })).items[0]?.id ?? "";
    mend();
    await finish(letters.replay(id, { reason: "mended" }));
    const n2 = letters;
    await finish(n1.as(ops).nodes.drain("n1", { reason: "move" }));
    await clock.runFor(3_000);
    expect(await endOf(n2.replay(id, { reason: "again" }))).toMatchObject({
      code: "DEAD_LETTER_RESOLVED",
    });
    expect(await filed(one)).toEqual(["bad-1"]);
  });

  test("that fails again makes a letter of its own", async () => {
    const { clock, finish, letters, list, one } = await desk();
    const [letter] = (await list({ actor: `clerk/${one}` })).items;
    await finish(letters.replay(letter?.id ?? "", { reason: "hope" }));
    await clock.runFor(20_000);
    const { items } = await list({ actor: `clerk/${one}` });
    expect(items.map(({ resolution, attempts }) => [resolution, attempts])).toEqual([
      ["replayed", 5],
      [null, 5],
    ]);
  });

  test("of many sends what matches, no faster than asked, or only tells of it", async () => {
    const { clock, filed, finish, letters, mend, n1, one, two } = await desk();
    mend();
    const dry = await finish(
      letters.replayMany({ filter: { kind: "clerk" }, reason: "look", dryRun: true }),
    );
    expect(dry.items.map(({ result }) => result)).toEqual(["would-replay", "would-replay"]);
    expect(await finish(letters.replayMany({ filter: { app: "x" }, reason: "none" }))).toEqual({
      items: [],
      dryRun: false,
    });
    const before = clock.monotonic();
    const answer = await finish(
      letters.replayMany({ filter: {}, reason: "mended", ratePerSecond: 0.5 }),
    );
    expect(answer.items.map(({ result }) => result)).toEqual(["replayed", "replayed"]);
    expect(clock.monotonic() - before).toBeGreaterThanOrEqual(2_000);
    await clock.runFor(1_000);
    expect([await filed(one), await filed(two)]).toEqual([["bad-1"], ["bad-2"]]);
    const again = await finish(letters.replayMany({ filter: {}, reason: "mended" }));
    expect(again.items).toEqual([]);
    expect(n1.status().deadLetters.unresolved).toBe(0);
  });

  test("of many that takes long says where to go on", async () => {
    const { clock, finish, letters, list, mend, n1 } = await desk();
    const more = [0, 1, 2].map((n) => n1.actor(clerk, `c-${n}`).tell.file({ form: `bad-${n}` }));
    await finish(Promise.all(more));
    await clock.runFor(20_000);
    mend();
    const request = { filter: {}, reason: "mended", ratePerSecond: 0.2 };
    const first = await finish(letters.replayMany(request));
    expect(first.items).toHaveLength(3);
    expect(first.nextCursor).toBeDefined();
    const { nextCursor = "" } = first;
    const second = await finish(letters.replayMany({ ...request, cursor: nextCursor }));
    expect(second.items).toHaveLength(2);
    expect(second.nextCursor).toBeUndefined();
    expect((await list({ unresolved: true })).items).toEqual([]);
  });
});

describe("resolving", () => {
  test("says what became of a letter; the same again changes nothing, another word is refused", async () => {
    const { endOf, finish, first, letters } = await desk();
    const id = await first();
    const change = { reason: "done by hand", to: "handled_by_script" } as const;
    expect(await finish(letters.resolve(id, change))).toMatchObject({
      changed: true,
      letter: { resolution: "handled_by_script", resolvedReason: "done by hand" },
    });
    expect((await finish(letters.resolve(id, change))).changed).toBe(false);
    expect(await endOf(letters.resolve(id, { reason: "no" }))).toMatchObject({
      code: "DEAD_LETTER_RESOLVED",
    });
  });

  test.each(["", "x".repeat(501)])("needs a reason, not %p", async (reason) => {
    const { endOf, first, letters } = await desk();
    expect(await endOf(letters.resolve(await first(), { reason }))).toMatchObject({
      code: "VALIDATION",
    });
  });

  test.each(["", "x", "9.none", "3", "99.x", "1e3.x", "-1.x"])(
    "of %p finds nothing",
    async (id) => {
      const { endOf, letters } = await desk();
      expect(await endOf(letters.resolve(id, { reason: "r" }))).toMatchObject({
        code: "DEAD_LETTER_NOT_FOUND",
      });
    },
  );
});

describe("who may", () => {
  const principals: [string, Principal, boolean][] = [
    ["an admin", { name: "a", role: "admin" }, true],
    [
      "an operator with the grant",
      { name: "o", role: "operator", grants: ["AppDeadLetterManage(*)"] },
      true,
    ],
    ["an operator", { name: "o", role: "operator" }, false],
    [
      "a viewer with the grant",
      { name: "v", role: "viewer", grants: ["AppDeadLetterManage(*)"] },
      false,
    ],
  ];
  test.each(principals)("%s", async (_, principal, may) => {
    const { endOf, first, n1 } = await desk();
    const letters = n1.as(principal).deadLetters;
    const id = await first();
    const expected = may ? { value: expect.anything() } : { code: "FORBIDDEN" };
    expect(await endOf(letters.list())).toMatchObject(expected);
    expect(await endOf(letters.get(id))).toMatchObject(expected);
    expect(
      await endOf(letters.replayMany({ filter: {}, reason: "r", dryRun: true })),
    ).toMatchObject(expected);
    expect(await endOf(letters.resolve(id, { reason: "r" }))).toMatchObject(expected);
  });

  test("an operator of one app sees its letters and no others", async () => {
    const { endOf, finish, first, n1 } = await desk();
    const principal: Principal = {
      name: "o",
      role: "operator",
      grants: ["AppDeadLetterManage(crm)"],
    };
    const letters = n1.as(principal).deadLetters;
    expect((await finish(letters.list())).items).toEqual([]);
    expect(await endOf(letters.get(await first()))).toMatchObject({
      code: "DEAD_LETTER_NOT_FOUND",
    });
    expect(await endOf(letters.replay(await first(), { reason: "r" }))).toMatchObject({
      code: "DEAD_LETTER_NOT_FOUND",
    });
  });
});
