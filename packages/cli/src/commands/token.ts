import { createHash, randomBytes } from "node:crypto";
import { resolve } from "node:path";
import { usageError } from "../cli-error.ts";
import { readTextFile } from "../config/settings-file.ts";
import type { Register } from "../noun.ts";
import { runLocal } from "../run-local.ts";
import { isRole, roles, type TokenEntry } from "../serve/token-entry.ts";

const tokenBytes = 32;
const minTokenChars = 16;

const sha256 = (token: string): string => createHash("sha256").update(token).digest("hex");

interface NewOptions {
  readonly name: string;
  readonly role: string;
  readonly tenant?: string;
}

/** `muster token new|hash` */
export const registerToken: Register = (noun, cli) => {
  noun
    .command("new")
    .description("makes a token, and the entry by which nodes know it")
    .requiredOption("--name <name>", "whose token it is; shown in intents and the audit log")
    .option("--role <role>", roles.join("|"), "viewer")
    .option("--tenant <id>", "may see and change this tenant only")
    .action(async ({ name, role, tenant }: NewOptions) => {
      const given = cli();
      if (!isRole(role)) {
        throw usageError(`--role ${role} is not known`, `Roles: ${roles.join(", ")}.`);
      }
      const token = `mst_${randomBytes(tokenBytes).toString("base64url")}`;
      const entry: TokenEntry = {
        name,
        role,
        ...(tenant !== undefined && { tenant }),
        sha256: [sha256(token)],
      };
      const item = { token, entry };
      await runLocal(given, {
        data: item,
        items: [item],
        columns: [],
        name: () => token,
        text: () => `token  ${token}\nentry  ${JSON.stringify(entry)}\n`,
      });
      given.say("keep the token: nothing holds it but this output; nodes get the entry, in a list");
    });
  noun
    .command("hash")
    .description("the hash of a token, as nodes are given it; reads --token-file or standard input")
    .action(async () => {
      const given = cli();
      const { io, flags } = given;
      const file = flags.tokenFile;
      if (file === undefined && io.canAsk) given.say("type the token, Enter, then Ctrl-D");
      const text =
        file === undefined ? await io.readAll() : await readTextFile(resolve(io.cwd, file));
      if (text === undefined) throw usageError(`--token-file: there is no file ${file}`);
      const token = text.trim();
      if (token.length < minTokenChars || !/^[\x21-\x7e]{1,512}$/.test(token)) {
        throw usageError(`a token is one word of ${minTokenChars} to 512 characters`);
      }
      const item = { sha256: sha256(token) };
      await runLocal(given, {
        data: item,
        items: [item],
        columns: [],
        name: () => item.sha256,
        text: () => `${item.sha256}\n`,
      });
    });
};
