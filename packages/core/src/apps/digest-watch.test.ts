/** A package that did not compile is loaded again when other bytes lie there, and not before. */
import { expect, test } from "bun:test";
import type { LoadAnswer } from "../hosts/app-host.ts";
import { type FakeApp, intent, scriptedHost } from "./app-kit.test.ts";
import { onNode } from "./replica-kit.test.ts";

const broken = (digest?: string) => (): LoadAnswer<FakeApp> => ({
  kind: "broken",
  error: "Unexpected token",
  ...(digest !== undefined && { digest }),
});

test("the same bytes are looked at again and again, and loaded once", async () => {
  let looks = 0;
  const digest = () => {
    looks += 1;
    return "d1";
  };
  const web = onNode(scriptedHost({ load: broken("d1"), digest }));
  expect(await web.apply(intent())).toMatchObject({
    retry: "never",
    observed: { initStatus: "compiler_error_disabled", packageDigest: "d1" },
  });
  await web.clock.runFor(3_600_000);
  expect(looks).toBeWithin(9, 16);
  expect(web.nudges).toEqual([]);
  expect(web.calls()).toEqual(["load 1.0.0"]);
});

test("other bytes are tried at once when they are seen", async () => {
  let now: string | undefined = "d1";
  const web = onNode(scriptedHost({ load: broken("d1"), digest: () => now }));
  await web.apply(intent());
  now = undefined;
  await web.clock.runFor(900_000);
  expect(web.nudges).toEqual([]);
  now = "d2";
  await web.clock.runFor(400_000);
  expect(web.nudges).toEqual(["crm-sync force"]);
  await web.clock.runFor(900_000);
  expect(web.nudges).toHaveLength(1);
});

test("a look that throws or hangs is followed by another", async () => {
  const answers = [
    () => Promise.reject(new Error("EIO")),
    () => new Promise<never>(() => {}),
    () => "d2",
  ];
  let aborted = 0;
  const web = onNode(
    scriptedHost({
      load: broken("d1"),
      digest: (_, { signal }) => {
        signal.addEventListener("abort", () => {
          aborted += 1;
        });
        return answers.shift()?.() ?? "d1";
      },
    }),
  );
  await web.apply(intent());
  await web.clock.runFor(800_000);
  expect(aborted).toBe(1);
});

test.each([
  ["a host without digests", scriptedHost({ load: broken("d1") })],
  ["a package without one", scriptedHost({ load: broken(), digest: () => "d2" })],
])("%s is never nudged", async (_, scripted) => {
  const web = onNode(scripted);
  await web.apply(intent());
  await web.clock.runFor(3_600_000);
  expect(web.nudges).toEqual([]);
});

test("nothing is looked at once the app is applied again, or the node stops", async () => {
  let looks = 0;
  const digest = () => {
    looks += 1;
    return "d2";
  };
  const web = onNode(scriptedHost({ load: broken("d1"), digest }));
  await web.apply(intent());
  delete web.hooks.load;
  await web.apply(intent({ intentId: "i2", generation: 2 }));
  await web.clock.runFor(900_000);
  web.hooks.load = broken("d1");
  await web.apply(intent({ version: "2.0.0", intentId: "i3", generation: 3 }));
  await web.replica.stopped?.({ id: "crm-sync", observed: undefined });
  await web.clock.runFor(900_000);
  expect(looks).toBe(0);
});
