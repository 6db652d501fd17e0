/** Decides what node `muster serve` runs: flags, environment, settings file; the first that says it. */
import { dirname, resolve } from "node:path";
import { usageError } from "../cli-error.ts";
import { clientMembers } from "../config/client-settings.ts";
import { nodeMembers } from "../config/node-members.ts";
import {
  checkMembers,
  projectFileName,
  readJsonFile,
  readTextFile,
} from "../config/settings-file.ts";
import type { ServeEnvironment } from "../environment.ts";
import { isRecord, type JsonRecord, numberAt, parseJson, recordAt, textAt } from "../json.ts";
import { parsePort } from "../port.ts";
import { parseRedisAddress } from "./redis-address.ts";
import { parseTokenEntries, type TokenEntry } from "./token-entry.ts";

export interface ServeFlags {
  readonly config?: string;
  readonly cluster?: string;
  readonly nodeId?: string;
  readonly redis?: string;
  readonly apps?: string;
  readonly appsHost?: string;
  readonly host?: string;
  readonly port?: string;
  readonly auth?: string;
  readonly tokensFile?: string;
}

/** Who may call: anyone on this machine, or who has a token. */
export type ServeAuth =
  | { readonly kind: "none" }
  | { readonly kind: "tokens"; readonly entries: readonly TokenEntry[] };

export interface AppsSettings {
  readonly dir: string;
  /** Inside the node, or each app in a worker thread of its own. */
  readonly host: "module" | "worker";
  /** Memory of a worker thread in MB. */
  readonly maxMemoryMb?: number;
  readonly hookTimeoutMs?: number;
  readonly slowRetryMs?: number;
}

export interface NodeSettings {
  readonly cluster: string;
  readonly node: {
    readonly id?: string;
    readonly weight?: number;
    readonly version?: string;
    readonly url?: string;
  };
  /** Of one server, of Sentinels, or of a Redis Cluster; checked. */
  readonly redisUrl: string;
  readonly apps: AppsSettings | undefined;
  readonly host: string;
  readonly port: number;
  readonly auth: ServeAuth;
  /** Shared settings as written; checked when the node is made. */
  readonly settings: JsonRecord;
}

export interface NodeSources {
  readonly flags: ServeFlags;
  readonly env: ServeEnvironment;
  readonly cwd: string;
}

interface File {
  readonly path: string;
  readonly value: JsonRecord;
}

const readFile = async ({ flags, cwd }: NodeSources): Promise<File> => {
  const path = resolve(cwd, flags.config ?? projectFileName);
  const value = await readJsonFile(path);
  if (value === undefined && flags.config !== undefined) {
    throw usageError(`--config: there is no file ${flags.config}`);
  }
  const read = value ?? {};
  checkMembers(path, "", read, { ...clientMembers, ...nodeMembers });
  checkMembers(path, "node", recordAt(read, "node"), {
    id: "text",
    weight: "number",
    version: "text",
    url: "text",
  });
  checkMembers(path, "apps", recordAt(read, "apps"), {
    dir: "text",
    host: "text",
    maxMemoryMb: "number",
    hookTimeoutMs: "number",
    slowRetryMs: "number",
  });
  checkMembers(path, "http", recordAt(read, "http"), {
    host: "text",
    port: "number",
    auth: "text",
    tokens: "list",
  });
  return { path, value: read };
};

const parseAuthNone = (text: string, from: string): ServeAuth => {
  if (text === "none") return { kind: "none" };
  throw usageError(
    `${from} "${text}" is not known`,
    'Only "none" can be named; tokens come by --tokens-file or http.tokens.',
  );
};

const readTokens = async (path: string, from: string): Promise<ServeAuth> => {
  const text = await readTextFile(path);
  if (text === undefined) throw usageError(`${from}: there is no file ${path}`);
  const value = parseJson(text);
  const list = isRecord(value) ? value["tokens"] : value;
  return { kind: "tokens", entries: parseTokenEntries(path, list) };
};

/** Each source decides as a whole: tokens of a file are never joined by a `none` of another. */
const decideAuth = async (sources: NodeSources, file: File): Promise<ServeAuth> => {
  const { flags, env, cwd } = sources;
  const http = recordAt(file.value, "http");
  const layers = [
    { auth: flags.auth, tokensFile: flags.tokensFile, from: ["--auth", "--tokens-file"] },
    {
      auth: env.auth,
      tokensFile: env.tokensFile,
      from: ["MUSTER_HTTP_AUTH", "MUSTER_HTTP_TOKENS_FILE"],
    },
  ] as const;
  for (const { auth, tokensFile, from } of layers) {
    if (auth !== undefined && tokensFile !== undefined) {
      throw usageError(`${from[0]} and ${from[1]} contradict each other`);
    }
    if (auth !== undefined) return parseAuthNone(auth, from[0]);
    if (tokensFile !== undefined) return await readTokens(resolve(cwd, tokensFile), from[1]);
  }
  const auth = textAt(http, "auth");
  const tokens = http["tokens"];
  if (auth !== undefined && tokens !== undefined) {
    throw usageError(`${file.path}: "http.auth" and "http.tokens" contradict each other`);
  }
  if (auth !== undefined) return parseAuthNone(auth, `${file.path}: http.auth`);
  if (tokens !== undefined) {
    return { kind: "tokens", entries: parseTokenEntries(`${file.path}: http.tokens`, tokens) };
  }
  throw usageError(
    "who may use the HTTP API is not decided",
    "Give --tokens-file FILE (see: muster token new), or --auth none for this machine only.",
  );
};

/** The apps that the node runs, from flags, environment and file. */
const decideApps = ({ flags, env, cwd }: NodeSources, file: File): AppsSettings | undefined => {
  const apps = recordAt(file.value, "apps");
  const typed = flags.apps ?? env.appsDir;
  const written = textAt(apps, "dir");
  const dir =
    typed !== undefined ? resolve(cwd, typed) : written && resolve(dirname(file.path), written);
  const host = flags.appsHost ?? env.appsHost ?? textAt(apps, "host") ?? "module";
  if (host !== "module" && host !== "worker") {
    throw usageError(`the host of apps "${host}" is not known`, "Hosts: module, worker.");
  }
  if (dir === undefined) return undefined;
  const { maxMemoryMb, hookTimeoutMs, slowRetryMs } = {
    maxMemoryMb: numberAt(apps, "maxMemoryMb"),
    hookTimeoutMs: numberAt(apps, "hookTimeoutMs"),
    slowRetryMs: numberAt(apps, "slowRetryMs"),
  };
  return {
    dir,
    host,
    ...(maxMemoryMb !== undefined && { maxMemoryMb }),
    ...(hookTimeoutMs !== undefined && { hookTimeoutMs }),
    ...(slowRetryMs !== undefined && { slowRetryMs }),
  };
};

/** Reads and checks everything a node is made from. @throws CliError `USAGE` */
export const readNodeSettings = async (sources: NodeSources): Promise<NodeSettings> => {
  const { flags, env } = sources;
  const file = await readFile(sources);
  const node = recordAt(file.value, "node");
  const http = recordAt(file.value, "http");
  const missing = (what: string, ways: string) => usageError(`${what} is missing`, `Give ${ways}.`);

  const cluster = flags.cluster ?? env.cluster ?? textAt(file.value, "cluster");
  if (cluster === undefined) {
    throw missing(
      "the name of the cluster",
      `--cluster, MUSTER_CLUSTER or "cluster" in ${file.path}`,
    );
  }
  const redisUrl = flags.redis ?? env.redisUrl ?? textAt(file.value, "redis");
  if (redisUrl === undefined) {
    throw missing("the address of Redis", `--redis, MUSTER_REDIS_URL or "redis" in ${file.path}`);
  }
  parseRedisAddress(redisUrl);
  const typedPort = flags.port ?? env.port;
  const id = flags.nodeId ?? env.nodeId;
  return {
    cluster,
    node: { ...node, ...(id !== undefined && { id }) },
    redisUrl,
    apps: decideApps(sources, file),
    host: flags.host ?? env.host ?? textAt(http, "host") ?? "127.0.0.1",
    port:
      typedPort !== undefined
        ? parsePort("--port", typedPort)
        : parsePort(`${file.path}: http.port`, String(numberAt(http, "port") ?? 7300)),
    auth: await decideAuth(sources, file),
    settings: recordAt(file.value, "settings"),
  };
};
