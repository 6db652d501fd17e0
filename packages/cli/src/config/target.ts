/**
 * Decides whom to ask, and with which token: flags, environment, project, user; the first that says
 * it. A token that a settings file names goes only to the address the same file gives, so that no
 * `--url` and no project can draw it elsewhere.
 */
import { realpath } from "node:fs/promises";
import { dirname, resolve, sep } from "node:path";
import { usageError } from "../cli-error.ts";
import type { ClientEnvironment } from "../environment.ts";
import type { ClientSettings, ContextSettings } from "./client-settings.ts";
import { readTextFile } from "./settings-file.ts";

export const defaultUrl = "http://127.0.0.1:7300";

export interface TargetFlags {
  readonly url: string | undefined;
  readonly tokenFile: string | undefined;
  readonly context: string | undefined;
}

export interface TargetSources {
  readonly flags: TargetFlags;
  readonly env: ClientEnvironment;
  readonly project: ClientSettings | undefined;
  readonly user: ClientSettings | undefined;
  readonly cwd: string;
}

/** A node's HTTP API. */
export interface Target {
  /** Without a slash at its end; may have a path. */
  readonly url: string;
  readonly token: string | undefined;
  /** Where the address was found, for messages. */
  readonly from: string;
}

const maxTokenChars = 512;

/** Checks an address as typed. @throws CliError `USAGE` */
export const parseUrl = (text: string, from: string): string => {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw usageError(`${from}: "${text}" is no URL`, `Write it in full, such as ${defaultUrl}`);
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw usageError(`${from}: "${text}" must begin with http:// or https://`);
  }
  if (url.username !== "" || url.password !== "") {
    throw usageError(
      `${from}: an address must not hold a name or password`,
      "Give a token by --token-file, MUSTER_TOKEN_FILE or MUSTER_TOKEN.",
    );
  }
  if (url.search !== "" || url.hash !== "") {
    throw usageError(`${from}: "${text}" must end before "${url.search || url.hash}"`);
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
};

/** Checks a token before it goes into a header. @throws CliError `USAGE` that does not show it */
const parseToken = (text: string, from: string): string => {
  const token = text.trim();
  if (token === "") throw usageError(`${from} holds no token`);
  if (token.length > maxTokenChars || !/^[\x21-\x7e]+$/.test(token)) {
    throw usageError(
      `${from} does not hold a token`,
      `A token is one word of up to ${maxTokenChars} characters.`,
    );
  }
  return token;
};

const readToken = async (path: string, from: string): Promise<string> => {
  const text = await readTextFile(path);
  if (text === undefined) throw usageError(`${from}: there is no file ${path}`);
  return parseToken(text, `${from} ${path}`);
};

/** Follows links; the path as it is where there is nothing. */
const realPathOf = (path: string): Promise<string> => realpath(path).catch(() => path);

/** A project's file may name a token's file in its own folder only: it may be somebody else's work. */
const settingsToken = async (
  settings: ClientSettings,
  tokenFile: string,
  confined: boolean,
): Promise<string> => {
  const folder = await realPathOf(dirname(settings.file));
  const path = await realPathOf(resolve(folder, tokenFile));
  if (confined && !path.startsWith(folder.endsWith(sep) ? folder : folder + sep)) {
    throw usageError(
      `${settings.file}: "tokenFile" must be inside the project`,
      "Name a file elsewhere by --token-file or MUSTER_TOKEN_FILE.",
    );
  }
  return await readToken(path, `${settings.file}: tokenFile`);
};

interface Found {
  readonly url: string;
  readonly from: string;
  /** The settings that gave the address, and what they say beside it. */
  readonly settings?: ClientSettings;
  readonly beside?: ContextSettings;
}

const namedContext = (name: string, from: string, { project, user }: TargetSources): Found => {
  for (const settings of [project, user]) {
    const beside = settings?.contexts.get(name);
    if (settings !== undefined && beside?.url !== undefined) {
      const where = `context "${name}" in ${settings.file}`;
      return { url: parseUrl(beside.url, where), from: where, settings, beside };
    }
  }
  const known = [project, user].flatMap((settings) => [...(settings?.contexts.keys() ?? [])]);
  throw usageError(
    `${from}: there is no context "${name}"`,
    known.length > 0
      ? `There are: ${known.join(", ")}.`
      : "Contexts are kept in ~/.config/muster/config.json.",
  );
};

const findUrl = (sources: TargetSources): Found => {
  const { flags, env, project, user } = sources;
  if (flags.url !== undefined) return { url: parseUrl(flags.url, "--url"), from: "--url" };
  if (flags.context !== undefined) return namedContext(flags.context, "--context", sources);
  if (env.url !== undefined) return { url: parseUrl(env.url, "MUSTER_URL"), from: "MUSTER_URL" };
  if (env.context !== undefined) return namedContext(env.context, "MUSTER_CONTEXT", sources);
  for (const settings of [project, user]) {
    if (settings?.url !== undefined) {
      const url = parseUrl(settings.url, `${settings.file}: url`);
      return { url, from: settings.file, settings, beside: settings };
    }
    if (settings?.context !== undefined) {
      return namedContext(settings.context, `${settings.file}: context`, sources);
    }
  }
  return { url: defaultUrl, from: "the default" };
};

const findToken = async (sources: TargetSources, found: Found): Promise<string | undefined> => {
  const { flags, env, cwd, project } = sources;
  if (flags.tokenFile !== undefined) {
    return await readToken(resolve(cwd, flags.tokenFile), "--token-file");
  }
  if (env.tokenFile !== undefined) {
    return await readToken(resolve(cwd, env.tokenFile), "MUSTER_TOKEN_FILE");
  }
  if (env.token !== undefined) return parseToken(env.token, "MUSTER_TOKEN");
  const { settings, beside } = found;
  if (settings === undefined || beside?.tokenFile === undefined) return undefined;
  return await settingsToken(settings, beside.tokenFile, settings === project);
};

/** Finds the node to ask. @throws CliError `USAGE` */
export const resolveTarget = async (sources: TargetSources): Promise<Target> => {
  const found = findUrl(sources);
  return { url: found.url, from: found.from, token: await findToken(sources, found) };
};
