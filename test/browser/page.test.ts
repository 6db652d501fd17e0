/** The page in a real browser, under its own content security policy; needs Chromium on this machine. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHost, createMuster, type Muster } from "@muster/core";
import { createHttp, type Served, serveBun, tokens } from "@muster/http";
import { type Browser, chromiumPath, startChromium, type Tab } from "../kit/chromium.ts";

const path = chromiumPath();
const evil = `"><img src=x onerror="window.caught=1"><script>window.caught=2</script>`;
const secret = "operator-token-0123456789";

describe.skipIf(path === undefined)("the page in a browser", () => {
  let muster: Muster;
  let served: Served;
  let browser: Browser;
  let tab: Tab;
  let base: string;

  beforeAll(async () => {
    muster = createMuster({
      cluster: "shop",
      node: { id: "web-1" },
      settings: { shardCount: 4 },
      apps: {
        host: createHost({
          load: async ({ appId }) => ({ kind: "loaded", app: appId }),
          enable: (appId) => {
            if (appId === "hostile") throw new Error(evil);
          },
        }),
      },
    });
    await muster.start();
    const as = muster.as({ name: "seed", role: "admin" });
    await as.apps.install({ id: "crm-sync", version: "1.0.0", reason: "first use" });
    await as.apps.install({ id: "hostile", version: "1.0.0", reason: evil });
    const auth = tokens([{ name: "otto", role: "operator", tokens: [secret] }]);
    served = await serveBun(createHttp(muster, { auth }), { port: 0 });
    base = `${served.url}/`;
    browser = await startChromium(path ?? "");
    tab = browser.tab;
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await served?.stop();
    await muster?.stop();
  });

  test("one signs in by a token that no script sees again", async () => {
    await tab.open(base);
    await tab.until("it is asked for", "document.activeElement.id === 'token-input'");
    await tab.read(
      `document.querySelector("#token-input").value = "${secret}", document.querySelector("#sign-in").click()`,
    );
    await tab.until("the apps are there", `document.querySelector("#matrix tbody tr")`);
    expect(await tab.read<string>("document.querySelector('#caller').textContent")).toBe(
      "otto, operator",
    );
    expect(
      await tab.read<string>("document.cookie + JSON.stringify([localStorage, sessionStorage])"),
    ).toBe("[{},{}]");
    await tab.open(base);
    await tab.until("a reload needs no token", `document.querySelector("#matrix tbody tr")`);
  });

  test("it listens to the node, and shows at once what was changed elsewhere", async () => {
    await tab.until("it is live", `document.querySelector("#live").textContent === "Live: on"`);
    await muster
      .as({ name: "anna", role: "admin" })
      .apps.disable("crm-sync", { reason: "from elsewhere" });
    await tab.until(
      "the change is shown",
      `document.querySelector("#matrix tbody .desired").textContent.includes("disabled")`,
    );
  });

  test("what an app supplied is text", async () => {
    await tab.open(`${base}?app=hostile`);
    await tab.until(
      "the panel tells it",
      `document.querySelector("#view-app .sentence").textContent.includes("<img src=x")`,
    );
    for (const view of ["", "?view=events"]) {
      await tab.open(`${base}${view}`);
      await tab.until("it is shown", `document.body.textContent.includes("<img src=x")`);
    }
    expect(
      await tab.read<unknown[]>("[window.caught ?? null, document.querySelectorAll('img').length]"),
    ).toEqual([null, 0]);
  });

  test("a change by the session is made, under the caller's name and with its reason", async () => {
    await tab.open(`${base}?app=crm-sync`);
    const button = `[...document.querySelectorAll("#view-app .acts button")].find(({ textContent }) => textContent === "Enable…")`;
    await tab.until("it can be enabled", button);
    await tab.read(
      `${button}.click(), document.querySelector("#dialog-reason").value = "by hand", document.querySelector("#dialog-confirm").click()`,
    );
    await tab.until(
      "it is told",
      `document.querySelector("#view-app").textContent.includes("by hand")`,
    );
    const { desiredStatus, changedBy, reason } = muster.apps.get("crm-sync");
    expect([desiredStatus, changedBy, reason]).toEqual(["enabled", "otto", "by hand"]);
  });

  test("keys go from view to view and row to row", async () => {
    await tab.open(base);
    await tab.until("the apps are there", `document.querySelector("#matrix tbody tr")`);
    for (const key of ["g", "e"]) await tab.press(key);
    await tab.until("the events are there", `document.querySelector("#view-events .row")`);
    expect(await tab.read<string>("location.search")).toBe("?view=events");
    await tab.press("j");
    await tab.until("a row has the focus", `document.activeElement.matches("#view-events .row")`);
    await tab.press("Enter");
    await tab.until("its app is open", `location.search.includes("app=")`);
    await tab.press("Escape");
    await tab.until("it is closed", `!location.search.includes("app=")`);
  });

  test.each(["", "?app=hostile", "?view=nodes", "?view=reconciler", "?view=events"])(
    "at 360 px nothing is cut off: %s",
    async (search) => {
      for (const scheme of ["light", "dark"] as const) {
        await tab.look({ width: 360, height: 740, scheme });
        await tab.open(`${base}${search}`);
        await tab.until("it is filled", `document.body.dataset.screen === "data"`);
        expect(
          await tab.read<number>("document.documentElement.scrollWidth - innerWidth"),
        ).toBeLessThanOrEqual(0);
      }
      await tab.look({ width: 1280, height: 900, scheme: "light" });
    },
  );

  test("it asked nobody else, and broke no rule of its policy", () => {
    expect(tab.requests.length).toBeGreaterThan(20);
    const others = tab.requests.filter((url) => !url.startsWith(base) && !url.startsWith("data:"));
    expect(others).toEqual([]);
    expect(tab.errors).toEqual([]);
  });

  test("after signing out nothing is left to see", async () => {
    await tab.open(base);
    await tab.until("one is signed in", `!document.querySelector("#sign-out").hidden`);
    await tab.read(`document.querySelector("#sign-out").click()`);
    await tab.until("one is asked", `document.body.dataset.screen === "token"`);
    expect(await tab.read<boolean>("document.body.innerText.includes('crm-sync')")).toBe(false);
    expect(await tab.read<number>("fetch('v1/status').then(({ status }) => status)")).toBe(401);
  });
});
