/** Calls scripts by their hash; a server that does not know one (a restart, SCRIPT FLUSH) gets it whole. */
import { BackendUnavailable, type ShardId } from "@muster/core/ports";
import type { Wire } from "./connections/connections.ts";
import type { Argument, Reply } from "./link.ts";
import { list } from "./reply.ts";
import type { Script } from "./script.ts";
import { scripts } from "./scripts.generated.ts";
import { shardedScript } from "./sharded-script.ts";

export interface ScriptCall {
  readonly script: Script;
  readonly keys: readonly string[];
  readonly args: readonly Argument[];
  readonly shard?: ShardId;
}

const isNoScript = (error: unknown): boolean =>
  error instanceof BackendUnavailable &&
  error.cause instanceof Error &&
  error.cause.message.startsWith("NOSCRIPT");

export const runScript = async (wire: Wire, call: ScriptCall): Promise<readonly Reply[]> => {
  const { keys, args, shard } = call;
  const script = wire.sharded ? shardedScript(call.script) : call.script;
  const words: Argument[] = [script.sha, String(keys.length)];
  for (const key of keys) words.push(key);
  for (const arg of args) words.push(arg);
  try {
    return list(await wire.call(script.name, "evalsha", words, shard, keys[0]));
  } catch (error) {
    if (!isNoScript(error)) throw error;
    words[0] = script.source;
    return list(await wire.call(script.name, "eval", words, shard, keys[0]));
  }
};

/** Teaches a server all scripts, so that no call has to come twice. @throws BackendUnavailable */
export const loadScripts = async (server: Pick<Wire, "call">, sharded = false): Promise<void> => {
  await Promise.all(
    Object.values(scripts).map((script) => {
      const { source } = sharded ? shardedScript(script) : script;
      return server.call("load-scripts", "script", ["load", source]);
    }),
  );
};
