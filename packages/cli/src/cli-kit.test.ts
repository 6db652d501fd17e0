/** What tests of commands share: a fake node that answers as told, and a process that is none. */
import { afterEach } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Environment } from "./environment.ts";
import type { Io } from "./io.ts";
import { type JsonRecord, parseJson } from "./json.ts";
import { run } from "./run.ts";

const endings: (() => void)[] = [];
/** Ends servers and removes folders after each test. Called once in every file that makes any. */
export const cleanUpAfterEach = (): void => {
  afterEach(() => {
    for (const end of endings.splice(0)) end();
  });
};

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: JsonRecord;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; text as it is. */
  readonly body: unknown;
  /** Never answers. */
  readonly hang?: boolean;
}

export interface FakeNode {
  readonly url: string;
  readonly asked: readonly Asked[];
}

const answerText = (body: unknown): string =>
  typeof body === "string" ? body : JSON.stringify(body);

/** Starts a server that answers by `reply`; it ends with the test. */
export const fakeNode = async (reply: (asked: Asked) => Answer): Promise<FakeNode> => {
  const asked: Asked[] = [];
  const server: Server = createServer((incoming, outgoing) => {
    let text = "";
    incoming.on("data", (chunk: Buffer) => {
      text += chunk.toString("utf8");
    });
    incoming.on("end", () => {
      const url = new URL(incoming.url ?? "/", "http://fake");
      const request: Asked = {
        method: incoming.method ?? "",
        path: url.pathname,
        query: Object.fromEntries(url.searchParams),
        headers: incoming.headers,
        body: text === "" ? undefined : parseJson(text),
      };
      asked.push(request);
      const { status = 200, headers = {}, body, hang = false } = reply(request);
      if (hang) return;
      const type = status < 400 ? "application/json" : "application/problem+json";
      outgoing.writeHead(status, { "content-type": type, ...headers }).end(answerText(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  endings.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
};

/** The body of a refusal, as a node writes it. */
export const problem = (status: number, code: string, more: JsonRecord = {}): Answer => ({
  status,
  body: {
    type: "about:blank",
    title: code,
    status,
    code,
    detail: `it is ${code}`,
    requestId: "r-1",
    ...more,
  },
});

/** Makes an empty folder that is gone after the test, with these files in it. */
export const folderWith = (files: Readonly<Record<string, unknown>> = {}): string => {
  const folder = mkdtempSync(join(tmpdir(), "muster-cli-"));
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(folder, name), answerText(content));
  }
  endings.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

export interface Surroundings {
  readonly env?: Environment;
  readonly cwd?: string;
  /** Both streams are a terminal, where somebody answers this; `undefined` is the end of input. */
  readonly answers?: readonly (string | undefined)[];
  readonly terminal?: boolean;
  readonly input?: string;
  readonly interrupt?: AbortSignal;
  onOut?(all: string): void;
}

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line in this process. The home has no settings unless `env` says otherwise. */
export const muster = async (args: readonly string[], around: Surroundings = {}): Promise<Ran> => {
  const { env = {}, cwd = "/", answers, terminal = answers !== undefined, input = "" } = around;
  const never = new AbortController().signal;
  const waiting = [...(answers ?? [])];
  let out = "";
  let err = "";
  const io: Io = {
    env,
    cwd,
    out: (text) => {
      out += text;
      around.onOut?.(out);
    },
    err: (text) => {
      err += text;
    },
    outIsTerminal: terminal,
    canAsk: terminal,
    ask: async (question) => {
      err += question;
      return waiting.shift();
    },
    readAll: async () => input,
    interrupt: around.interrupt ?? never,
    terminate: never,
    host: () => {},
  };
  const code = await run(args, io);
  return { code, out, err };
};
