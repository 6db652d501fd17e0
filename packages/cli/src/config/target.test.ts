import { describe, expect, test } from "bun:test";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { cleanUpAfterEach, fakeNode, folderWith, muster } from "../cli-kit.test.ts";

cleanUpAfterEach();

/** A node that tells which token it was called with. */
const node = async () => {
  const { url, asked } = await fakeNode(() => ({ body: { verdict: "healthy" } }));
  return { url, asked, tokens: () => asked.map(({ headers }) => headers["authorization"] ?? null) };
};
const nowhere = "http://127.0.0.1:9";

/** A home with settings of its user, and its environment. */
const home = (settings: object, files: Record<string, string> = {}) => {
  const folder = folderWith();
  mkdirSync(join(folder, "muster"));
  Bun.write(join(folder, "muster/config.json"), JSON.stringify(settings));
  for (const [name, text] of Object.entries(files)) Bun.write(join(folder, "muster", name), text);
  return { XDG_CONFIG_HOME: folder };
};
const bearer = (token: string) => [`Bearer ${token}`];

describe("the address", () => {
  test("comes from flags, environment, project, user, in this order", async () => {
    const { url } = await node();
    const cwd = folderWith({ "muster.config.json": { url } });
    const bad = { MUSTER_URL: nowhere, ...home({ url: nowhere }) };
    expect((await muster(["status", "--url", url], { env: bad, cwd })).code).toBe(0);
    expect((await muster(["status"], { env: { ...bad, MUSTER_URL: url }, cwd: "/" })).code).toBe(0);
    expect((await muster(["status"], { env: home({ url: nowhere }), cwd })).code).toBe(0);
    expect((await muster(["status"], { env: home({ url }) })).code).toBe(0);
    expect((await muster(["status"], { env: bad, cwd })).code).toBe(7);
  });

  test("may be that of a named context", async () => {
    const { url, tokens } = await node();
    const contexts = { prod: { url, tokenFile: "prod.token" }, other: { url: nowhere } };
    const env = home({ context: "prod", contexts }, { "prod.token": "prod-secret\n" });
    expect((await muster(["status"], { env })).code).toBe(0);
    expect((await muster(["status", "--context", "other"], { env })).code).toBe(7);
    expect((await muster(["status"], { env: { ...env, MUSTER_CONTEXT: "other" } })).code).toBe(7);
    expect(tokens()).toEqual(bearer("prod-secret"));
    const { code, err } = await muster(["status", "--context", "nope"], { env });
    expect(code).toBe(2);
    expect(err).toContain('there is no context "nope"\n  There are: prod, other.');
  });

  test("may have a path under which the API is mounted", async () => {
    const { url, asked } = await node();
    await muster(["status", "--url", `${url}/ops/`]);
    expect(asked[0]?.path).toBe("/ops/v1/status");
  });
});

describe("the token", () => {
  test("comes from --token-file, MUSTER_TOKEN_FILE, MUSTER_TOKEN, in this order", async () => {
    const { url, tokens } = await node();
    const cwd = folderWith({ a: "from-flag\n", b: "from-file" });
    const env = { MUSTER_TOKEN_FILE: "b", MUSTER_TOKEN: "from-env" };
    await muster(["status", "--url", url, "--token-file", "a"], { env, cwd });
    await muster(["status", "--url", url], { env, cwd });
    await muster(["status", "--url", url], { env: { MUSTER_TOKEN: "from-env" }, cwd });
    await muster(["status", "--url", url], { cwd });
    expect(tokens()).toEqual(["Bearer from-flag", "Bearer from-file", "Bearer from-env", null]);
  });

  test("of a settings file goes only to the address beside it", async () => {
    const { url, tokens } = await node();
    const env = home(
      {
        url: nowhere,
        tokenFile: "t",
        context: "c",
        contexts: { c: { url: nowhere, tokenFile: "t" } },
      },
      { t: "user-secret" },
    );
    await muster(["status", "--url", url], { env });
    await muster(["status"], { env: { ...env, MUSTER_URL: url } });
    await muster(["status"], { env, cwd: folderWith({ "muster.config.json": { url } }) });
    expect(tokens()).toEqual([null, null, null]);
  });

  test("of a project is a file inside it, links followed", async () => {
    const { url, tokens } = await node();
    const outside = folderWith({ key: "private-key" });
    const project = (tokenFile: string) => {
      const cwd = folderWith({ "muster.config.json": { url, tokenFile }, inside: "project-token" });
      symlinkSync(join(outside, "key"), join(cwd, "link"));
      return cwd;
    };
    expect((await muster(["status"], { cwd: project("inside") })).code).toBe(0);
    for (const tokenFile of [join(outside, "key"), "../key", "link"]) {
      const { code, err } = await muster(["status"], { cwd: project(tokenFile) });
      expect(code).toBe(2);
      expect(err).toContain('"tokenFile" must be inside the project');
    }
    expect(tokens()).toEqual(bearer("project-token"));
  });

  test("that is none is refused without being shown", async () => {
    const { url, asked } = await node();
    const cwd = folderWith({ lines: "one\ntwo-secret\n", empty: "\n" });
    for (const file of ["lines", "empty", "missing"]) {
      const { code, err } = await muster(["status", "--url", url, "--token-file", file], { cwd });
      expect(code).toBe(2);
      expect(err).not.toContain("secret");
    }
    expect(asked).toEqual([]);
  });
});

describe("a settings file that is wrong", () => {
  test.each([
    ["not json", "is not JSON"],
    ["[1]", "does not hold a JSON object"],
    ['{"urll":"http://h"}', '"urll" is not known'],
    ['{"url":5}', '"url" must be text'],
    ['{"contexts":{"a":{}}}', '"contexts.a.url" is missing'],
    ['{"contexts":{"a":{"url":"http://h","tokn":"x"}}}', '"contexts.a.tokn" is not known'],
    ['{"contexts":{"a":1}}', '"contexts.a" must be an object'],
    ['{"context":"gone"}', 'there is no context "gone"'],
    ['{"url":"nowhere"}', '"nowhere" is no URL'],
    ['{"__proto__":{"url":"http://h"}}', '"__proto__" is not known'],
  ])("%s ends with 2 and names the file", async (text, message) => {
    const cwd = folderWith({ "muster.config.json": text });
    const { code, err } = await muster(["status"], { cwd });
    expect(code).toBe(2);
    expect(err).toContain(message);
    expect(err).toContain(join(cwd, "muster.config.json"));
  });

  test("does not stop commands that ask no node", async () => {
    expect(
      (await muster(["version"], { cwd: folderWith({ "muster.config.json": "{" }) })).code,
    ).toBe(0);
  });
});
