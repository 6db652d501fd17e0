import { expect, test } from "bun:test";
import type { Answer, Api, Change, Failure } from "./api.ts";
import { createSignIn } from "./sign-in.ts";

const refused = (status: number): Failure => ({
  kind: "problem",
  problem: { status, code: "X", detail: "no" },
});

const start = ({
  isSecure = true,
  answer = { kind: "value", value: {} } as Answer<unknown>,
} = {}) => {
  const sent: Change[] = [];
  const api = {
    change: async (change: Change) => {
      sent.push(change);
      return answer;
    },
  } as unknown as Api;
  return { signIn: createSignIn(() => api, { isSecure }), sent };
};
const token = "token-0123456789";

test("the token is sent once, and kept nowhere", async () => {
  const { signIn, sent } = start();
  expect(await signIn.open(token)).toBeUndefined();
  expect(sent).toEqual([{ method: "POST", path: "v1/session", body: { token } }]);
  expect([signIn.state, signIn.bearer]).toEqual(["asked", undefined]);
});

test("over plain http it is kept in memory, since a session may not change anything there", async () => {
  const { signIn } = start({ isSecure: false });
  await signIn.open(token);
  expect(signIn.bearer).toBe(token);
  signIn.lost();
  expect([signIn.bearer, signIn.state]).toEqual([undefined, "ended"]);
});

test("a wrong token, one that cannot be one, and a server that takes none are told apart", async () => {
  for (const [answer, text, state] of [
    [refused(401), token, "wrong"],
    [refused(404), token, "elsewhere"],
    [{ kind: "value", value: {} } as const, "with blanks in it", "wrong"],
  ] as const) {
    const { signIn, sent } = start({ answer, isSecure: false });
    expect(await signIn.open(text)).toBeUndefined();
    expect([signIn.state, signIn.bearer]).toEqual([state, undefined]);
    expect(sent.length).toBe(text === token ? 1 : 0);
  }
});

test("what is not about the token is told as it is", async () => {
  const silent = { kind: "silent" } as const;
  expect(await start({ answer: silent }).signIn.open(token)).toEqual(silent);
  expect(await start({ answer: refused(429) }).signIn.open(token)).toEqual(refused(429));
});

test("whoever signs out is asked anew, and whoever never was in is told of no end", async () => {
  const { signIn, sent } = start();
  signIn.lost();
  expect(signIn.state).toBe("asked");
  await signIn.open(token);
  await signIn.close();
  expect(sent.at(-1)).toEqual({ method: "DELETE", path: "v1/session" });
  signIn.lost();
  expect(signIn.state).toBe("asked");
});
