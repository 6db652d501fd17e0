/** The part of settings files that says whom to ask: an address, a token's file, named contexts. */
import { join } from "node:path";
import { usageError } from "../cli-error.ts";
import { type Environment, userConfigFolder } from "../environment.ts";
import { isRecord, type JsonRecord, recordAt, textAt } from "../json.ts";
import { nodeMembers } from "./node-members.ts";
import { checkMembers, projectFileName, readJsonFile } from "./settings-file.ts";

/** Where a cluster answers, and the file that holds the token for it. */
export interface ContextSettings {
  readonly url: string | undefined;
  /** A path as written, relative to the folder of the settings file. */
  readonly tokenFile: string | undefined;
}

export interface ClientSettings extends ContextSettings {
  readonly file: string;
  /** Name of the context to use where none is asked for. */
  readonly context: string | undefined;
  readonly contexts: ReadonlyMap<string, ContextSettings>;
}

export const clientMembers = {
  url: "text",
  tokenFile: "text",
  context: "text",
  contexts: "object",
} as const;

const contextOf = (file: string, name: string, value: unknown): ContextSettings => {
  const at = `contexts.${name}`;
  if (!isRecord(value)) throw usageError(`${file}: "${at}" must be an object`);
  checkMembers(file, at, value, { url: "text", tokenFile: "text" });
  const url = textAt(value, "url");
  if (url === undefined) throw usageError(`${file}: "${at}.url" is missing`);
  return { url, tokenFile: textAt(value, "tokenFile") };
};

const clientSettings = (file: string, value: JsonRecord): ClientSettings => ({
  file,
  url: textAt(value, "url"),
  tokenFile: textAt(value, "tokenFile"),
  context: textAt(value, "context"),
  contexts: new Map(
    Object.entries(recordAt(value, "contexts")).map(([name, context]) => [
      name,
      contextOf(file, name, context),
    ]),
  ),
});

/** Reads the project's settings from its folder; `undefined` where there are none. */
export const readProjectSettings = async (folder: string): Promise<ClientSettings | undefined> => {
  const file = join(folder, projectFileName);
  const value = await readJsonFile(file);
  if (value === undefined) return undefined;
  checkMembers(file, "", value, { ...clientMembers, ...nodeMembers });
  return clientSettings(file, value);
};

/** Reads the settings of this user; `undefined` where there are none. */
export const readUserSettings = async (env: Environment): Promise<ClientSettings | undefined> => {
  const folder = userConfigFolder(env);
  if (folder === undefined) return undefined;
  const file = join(folder, "config.json");
  const value = await readJsonFile(file);
  if (value === undefined) return undefined;
  checkMembers(file, "", value, clientMembers);
  return clientSettings(file, value);
};
