import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { cleanUpAfterEach, folderWith, muster } from "../cli-kit.test.ts";

cleanUpAfterEach();

const hashOf = (text: string) => createHash("sha256").update(text).digest("hex");

test("muster token new makes a token and the entry that nodes know it by, without the token", async () => {
  const args = ["token", "new", "--name", "ops", "--role", "admin", "--tenant", "t-1", "--json"];
  const { code, out } = await muster(args);
  const { token, entry } = JSON.parse(out);
  expect(code).toBe(0);
  expect(token).toMatch(/^mst_[\w-]{43}$/);
  expect(entry).toEqual({ name: "ops", role: "admin", tenant: "t-1", sha256: [hashOf(token)] });
});

test("muster token new makes another token each time, and -o name prints the token alone", async () => {
  const { out: first } = await muster(["token", "new", "--name", "a", "-o", "name"]);
  const { out: second } = await muster(["token", "new", "--name", "a", "-o", "name"]);
  expect(first).toMatch(/^mst_[\w-]{43}\n$/);
  expect(second).not.toBe(first);
});

test("muster token hash reads standard input or a file, and never an argument", async () => {
  const token = "mst_0123456789abcdef";
  const expected = { code: 0, out: `${hashOf(token)}\n`, err: "" };
  expect(await muster(["token", "hash"], { input: `${token}\n` })).toEqual(expected);
  const cwd = folderWith({ t: token });
  expect(await muster(["token", "hash", "--token-file", "t"], { cwd })).toEqual(expected);
  expect((await muster(["token", "hash", token])).code).toBe(2);
});

test.each([[""], ["short"], ["two words of some length"]])(
  "muster token hash refuses %p",
  async (input) => {
    expect((await muster(["token", "hash"], { input })).code).toBe(2);
  },
);
