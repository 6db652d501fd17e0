import { expect, test } from "bun:test";
import { createTokenStore, isTokenText } from "./token.ts";

const memory = (): Storage => {
  const kept = new Map<string, string>();
  return {
    get length() {
      return kept.size;
    },
    clear: () => kept.clear(),
    key: (at) => [...kept.keys()][at] ?? null,
    getItem: (name) => kept.get(name) ?? null,
    setItem: (name, value) => void kept.set(name, value),
    removeItem: (name) => void kept.delete(name),
  };
};

test("a token outlives a reload of its tab, and is gone when it is forgotten", () => {
  const storage = memory();
  createTokenStore(() => storage).set("secret-token");
  const reloaded = createTokenStore(() => storage);
  expect(reloaded.get()).toBe("secret-token");
  reloaded.set(undefined);
  expect(reloaded.get()).toBeUndefined();
  expect(storage.length).toBe(0);
});

test("where the browser keeps nothing the token still works until a reload", () => {
  const store = createTokenStore(() => {
    throw new Error("storage is off");
  });
  store.set("secret-token");
  expect(store.get()).toBe("secret-token");
});

test("only what a header can carry is taken for a token", () => {
  expect(["abc-123", "a b", "é", "", "x".repeat(513)].map(isTokenText)).toEqual([
    ...[true, false, false, false, false],
  ]);
});
