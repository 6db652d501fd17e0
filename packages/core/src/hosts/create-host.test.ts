import { expect, test } from "bun:test";
import { isMusterError } from "../errors.ts";
import { createHost } from "./create-host.ts";

const signal = new AbortController().signal;

test("every hook is optional: without load an app is its reference", async () => {
  const host = createHost({});
  const ref = { appId: "crm-sync", version: "1.0.0" };
  expect(await host.load(ref, { signal })).toEqual({ kind: "loaded", app: ref });
  expect(host.name).toBe("custom");
  expect(host.enable).toBeUndefined();
});

test("hooks are taken as they are given, with the name", async () => {
  const enable = () => false;
  const host = createHost({ name: "plugins", enable, load: async () => ({ kind: "missing" }) });
  expect({ name: host.name, enable: host.enable }).toEqual({ name: "plugins", enable });
  expect(await host.load({ appId: "a", version: "1" }, { signal })).toEqual({ kind: "missing" });
});

test.each([
  ["a hook that there is not", { onEnable: () => {} }, 'no hook "onEnable"; there are load'],
  ["a hook that is no function", { enable: true }, 'hook "enable" of the host must be a function'],
])("%s is refused, since it would never run", (_, given, message) => {
  try {
    createHost(given as never);
  } catch (error) {
    expect(isMusterError(error, "OPTIONS_INVALID")).toBe(true);
    expect(String(error)).toContain(message);
    return;
  }
  throw new Error("was not refused");
});
