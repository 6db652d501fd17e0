/// <reference path="./redlock.d.ts" />
/**
 * Elections through redlock, over the connection that carries the stores' calls. The only file that
 * knows redlock. Its lock decides who should try; the fence that goes with it decides who may write.
 */
import { BackendUnavailable, type Guard, type Term } from "@muster/core/ports";
import Redlock, { type Lock, type Server } from "redlock";
import type { Keys } from "./keys.ts";
import type { Argument, Reply } from "./link.ts";
import { number } from "./reply.ts";
import type { ScriptCall } from "./script-runner.ts";
import { scripts } from "./scripts.generated.ts";

type Callback = Parameters<Server["eval"]>[1];

export interface GuardContext {
  readonly keys: Keys;
  run(call: ScriptCall): Promise<readonly Reply[]>;
  /** Sends one command to the server that holds `key`. @throws BackendUnavailable */
  call(op: string, command: string, args: readonly Argument[], key: string): Promise<Reply>;
  time(): string;
}

const asError = (error: unknown): Error =>
  error instanceof BackendUnavailable && error.cause instanceof Error
    ? error.cause
    : error instanceof Error
      ? error
      : new Error(String(error));

export const createRedlockGuard = (context: GuardContext): Guard => {
  const locks = new Map<string, Lock>();
  /** What kept the store from answering the call under way; redlock tells only that it failed. */
  let failure: unknown;
  const send = (command: "evalsha" | "eval", words: readonly (string | number)[]): Promise<Reply> =>
    context.call("redlock", command, words.map(String), String(words[2]));
  const answer = (work: Promise<Reply>, callback: Callback): void => {
    work.then(
      // What the callback answers is redlock's own promise, and redlock's to handle.
      (reply) => void callback(null, reply),
      (error: unknown) => {
        const cause = asError(error);
        if (!cause.message.startsWith("NOSCRIPT")) failure = error;
        callback(cause);
      },
    );
  };
  const server: Server = {
    evalsha: (hash, args, callback) => answer(send("evalsha", [hash, ...args]), callback),
    eval: (args, callback) => answer(send("eval", args), callback),
  };
  const redlock = new Redlock([server], { retryCount: 0, driftFactor: 0.01 });

  /** One call at a time, so that a failure is told to the call it belongs to. */
  let last: Promise<unknown> = Promise.resolve();
  const alone = <T>(op: string, work: () => PromiseLike<T>): Promise<T | "refused"> => {
    const turn = last.then(async () => {
      failure = undefined;
      try {
        return await work();
      } catch (error) {
        if (failure === undefined) return "refused";
        throw failure instanceof BackendUnavailable ? failure : new BackendUnavailable(op, error);
      }
    });
    last = turn.catch(() => {});
    return turn;
  };

  return {
    elect: async ({ role, ttlMs }) => {
      const lock = await alone("elect", () => redlock.lock(context.keys.cluster.role(role), ttlMs));
      if (lock === "refused") return { kind: "held" };
      const { fence } = context.keys.cluster;
      const call = { script: scripts.nextFence, keys: [fence], args: [context.time()] };
      const term: Term = { role, token: lock.value, fence: number((await context.run(call))[1]) };
      locks.set(term.token, lock);
      return { kind: "elected", term };
    },
    extend: async ({ term, ttlMs }) => {
      const lock = locks.get(term.token);
      const longer = lock ? await alone("extend", () => lock.extend(ttlMs)) : "refused";
      if (longer === "refused") {
        locks.delete(term.token);
        return { kind: "lost" };
      }
      locks.set(term.token, longer);
      return { kind: "extended" };
    },
    resign: async ({ term }) => {
      const lock = locks.get(term.token);
      locks.delete(term.token);
      if (lock) await alone("resign", () => lock.unlock());
    },
  };
};
