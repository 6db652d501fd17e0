/**
 * A real browser without a window, where this machine has one: Chromium by its DevTools protocol.
 * Scripts in a page see it as people do, under its content security policy.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { guardChild } from "./guard.ts";
import { waitUntil } from "./wait-until.ts";

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"] as const;

/** `MUSTER_CHROMIUM`, or what is found on PATH; `undefined` where there is none. */
export const chromiumPath = (): string | undefined => {
  const named = process.env["MUSTER_CHROMIUM"];
  if (named) return named;
  return names.map((name) => Bun.which(name)).find((path) => path !== null) ?? undefined;
};

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

export interface View {
  readonly width: number;
  readonly height: number;
  readonly scheme: "light" | "dark";
}

export interface Tab {
  open(url: string): Promise<void>;
  /** Answers the value of an expression, once its promise has settled. */
  read<T>(expression: string): Promise<T>;
  /** Polls an expression until it is true. */
  until(fact: string, expression: string): Promise<void>;
  press(key: string): Promise<void>;
  look(view: View): Promise<void>;
  /** Addresses asked for so far. */
  readonly requests: readonly string[];
  /** Errors of scripts and refusals of the content security policy so far. */
  readonly errors: readonly string[];
}

export interface Browser {
  readonly tab: Tab;
  close(): Promise<void>;
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

const connect = async (address: string): Promise<Tab> => {
  const socket = new WebSocket(address);
  const waiting = new Map<number, (message: Message) => void>();
  const requests: string[] = [];
  const errors: string[] = [];
  let sent = 0;
  const send = (method: string, params: object = {}): Promise<Readonly<Record<string, unknown>>> =>
    new Promise((resolve, reject) => {
      sent += 1;
      waiting.set(sent, ({ result, error }) =>
        error ? reject(new Error(`${method}: ${error.message}`)) : resolve(result ?? {}),
      );
      socket.send(JSON.stringify({ id: sent, method, params }));
    });
  const note = (method: string, params: Readonly<Record<string, unknown>>): void => {
    if (method === "Network.requestWillBeSent") {
      requests.push(textOf((params["request"] as { readonly url?: unknown }).url));
    }
    if (method === "Runtime.exceptionThrown") errors.push(JSON.stringify(params));
    const entry = params["entry"] as { readonly source?: string; readonly text?: string };
    // What an API refuses is logged as well, from the network.
    if (method === "Log.entryAdded" && entry.source !== "network") errors.push(entry.text ?? "");
  };
  socket.addEventListener("message", ({ data }) => {
    const message = JSON.parse(String(data)) as Message;
    if (message.id !== undefined) waiting.get(message.id)?.(message);
    else if (message.method !== undefined) note(message.method, message.params ?? {});
  });
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve, { once: true });
    socket.addEventListener("error", reject, { once: true });
  });
  for (const part of ["Page", "Runtime", "Log", "Network"]) await send(`${part}.enable`);
  const read = async <T>(expression: string): Promise<T> => {
    const { result, exceptionDetails } = (await send("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
      userGesture: true,
    })) as { result?: { value?: T }; exceptionDetails?: unknown };
    if (exceptionDetails) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
    return result?.value as T;
  };
  return {
    open: async (url) => {
      await send("Page.navigate", { url });
      await waitUntil(
        "the document is there",
        () => read<string>("document.readyState + ' ' + location.href"),
        (text) => text === `complete ${url}`,
      );
    },
    read,
    until: async (fact, expression) => {
      await waitUntil(fact, () => read<boolean>(`Boolean(${expression})`), Boolean);
    },
    press: async (key) => {
      const text = key.length === 1 ? key : key === "Enter" ? "\r" : undefined;
      await send("Input.dispatchKeyEvent", { type: "keyDown", key, ...(text && { text }) });
      await send("Input.dispatchKeyEvent", { type: "keyUp", key });
    },
    look: async ({ width, height, scheme }) => {
      const size = { width, height, deviceScaleFactor: 1, mobile: width < 500 };
      await send("Emulation.setDeviceMetricsOverride", size);
      await send("Emulation.setEmulatedMedia", {
        features: [{ name: "prefers-color-scheme", value: scheme }],
      });
    },
    requests,
    errors,
  };
};

/** Starts one with a profile of its own, and opens a tab. */
export const startChromium = async (path: string): Promise<Browser> => {
  const profile = mkdtempSync(join(tmpdir(), "muster-chromium-"));
  const child = spawn(
    path,
    [
      "--headless=new",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--no-first-run",
      "--remote-debugging-port=0",
      `--user-data-dir=${profile}`,
      "about:blank",
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  guardChild(child);
  const exited = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  const close = async (): Promise<void> => {
    child.kill("SIGKILL");
    await exited;
    // Helpers of its own may still be writing for a moment.
    rmSync(profile, { recursive: true, force: true, maxRetries: 20 });
  };
  try {
    let origin: string | undefined;
    const said: string[] = [];
    createInterface({ input: child.stderr }).on("line", (line) => {
      said.push(line);
      origin ??= /DevTools listening on ws:\/\/([\w.:]+)\//.exec(line)?.[1];
    });
    await waitUntil("the browser listens", () => origin !== undefined, Boolean, {
      deadlineMs: 30_000,
      context: () => said.slice(-10).join("\n"),
    });
    const address = await waitUntil(
      "the browser has a tab",
      async () => {
        const answer = await fetch(`http://${origin}/json`);
        const targets = (await answer.json()) as readonly {
          readonly type: string;
          readonly webSocketDebuggerUrl: string;
        }[];
        return targets.find(({ type }) => type === "page")?.webSocketDebuggerUrl ?? "";
      },
      (found) => found !== "",
    );
    return { tab: await connect(address), close };
  } catch (error) {
    await close();
    throw error;
  }
};
