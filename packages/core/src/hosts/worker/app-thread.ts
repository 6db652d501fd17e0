/**
 * One app's thread as its host holds it: calls by message, cancellation by message, and an end that
 * the app cannot refuse. Every call settles, also when the thread ends under it (I5).
 */
import { type ResourceLimits, Worker } from "node:worker_threads";
import { AppFailure } from "../app-host.ts";
import type {
  FromThread,
  ThreadError,
  ToThread,
  WorkerContext,
  WorkerHook,
  WorkerStart,
} from "./protocol.ts";

/** Beside this file, in the sources as in what is published. */
const [extension = ".js"] = /\.[a-z]+$/.exec(import.meta.url) ?? [];
const threadMain = new URL(`./thread-main${extension}`, import.meta.url);

interface OpenCall {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

export type Loaded =
  | { readonly kind: "loaded"; readonly hooks: ReadonlySet<WorkerHook> }
  | { readonly kind: "broken"; readonly error: string };

const messageOf = (reason: unknown): string =>
  reason instanceof Error ? reason.message : String(reason);

const thrown = ({ failure, message, reasonCode }: ThreadError): Error =>
  failure === undefined ? new Error(message) : new AppFailure(failure, message, reasonCode);

export class AppThread {
  readonly #worker: Worker;
  readonly #calls = new Map<number, OpenCall>();
  #count = 0;
  #ended: Error | undefined;
  #why: Error | undefined;
  #whenEnded: ((why: Error) => void) | undefined;
  #whenLoaded: ((loaded: Loaded) => void) | undefined;
  readonly #exit: Promise<void>;

  constructor(start: WorkerStart, resourceLimits: ResourceLimits | undefined) {
    this.#worker = new Worker(threadMain, {
      workerData: start,
      ...(resourceLimits && { resourceLimits }),
    });
    this.#worker.on("message", (message: FromThread) => this.#hear(message));
    this.#worker.on("error", (error) => {
      this.#why ??= new Error(`the app's thread failed: ${messageOf(error)}`);
      // Bun tells of an error in the thread and may let it run on: an app that lost its mind ends.
      void this.#worker.terminate();
    });
    this.#exit = new Promise((resolve) => {
      this.#worker.once("exit", (code) => {
        this.#end(this.#why ?? new Error(`the app's thread ended by itself (${code})`));
        resolve();
      });
    });
  }

  /** Resolves when the app's entry was loaded or found broken; ends the thread when aborted. */
  async load(signal: AbortSignal): Promise<Loaded> {
    const abort = () => void this.terminate("it was told to stop while loading");
    signal.addEventListener("abort", abort, { once: true });
    try {
      if (signal.aborted) abort();
      return await new Promise<Loaded>((resolve) => {
        this.#whenLoaded = resolve;
        if (this.#ended) resolve({ kind: "broken", error: this.#ended.message });
      });
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  /** Calls a hook in the thread. @throws what it threw, or that the thread ended */
  call(hook: WorkerHook, context: WorkerContext, signal: AbortSignal): Promise<unknown> {
    if (this.#ended) return Promise.reject(this.#ended);
    const id = ++this.#count;
    const cancel = () => this.#say({ kind: "cancel", id, reason: messageOf(signal.reason) });
    return new Promise<unknown>((resolve, reject) => {
      this.#calls.set(id, { resolve, reject });
      this.#say({ kind: "call", id, hook, context });
      if (signal.aborted) cancel();
      else signal.addEventListener("abort", cancel, { once: true });
    }).finally(() => signal.removeEventListener("abort", cancel));
  }

  /** Hears of an end that nobody asked for. */
  onEnded(listener: (why: Error) => void): void {
    if (this.#ended) listener(this.#ended);
    else this.#whenEnded = listener;
  }

  /** Ends the thread, whatever it is doing; resolves when it has ended. */
  async terminate(why: string): Promise<void> {
    this.#whenEnded = undefined;
    this.#why ??= new Error(`the app's thread was ended: ${why}`);
    await this.#worker.terminate();
    await this.#exit;
  }

  #say(message: ToThread): void {
    this.#worker.postMessage(message);
  }

  #hear(message: FromThread): void {
    switch (message.kind) {
      case "loaded":
        this.#whenLoaded?.({ kind: "loaded", hooks: new Set(message.hooks) });
        return;
      case "broken":
        this.#whenLoaded?.(message);
        return;
      case "returned":
        this.#take(message.id)?.resolve(message.value);
        return;
      case "threw":
        this.#take(message.id)?.reject(thrown(message.error));
    }
  }

  #take(id: number): OpenCall | undefined {
    const open = this.#calls.get(id);
    this.#calls.delete(id);
    return open;
  }

  #end(why: Error): void {
    this.#ended = why;
    this.#whenLoaded?.({ kind: "broken", error: why.message });
    for (const { reject } of this.#calls.values()) reject(why);
    this.#calls.clear();
    this.#whenEnded?.(why);
  }
}
